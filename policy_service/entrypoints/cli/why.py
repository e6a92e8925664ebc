"""``why``: why a vehicle was refused at a charger, for whoever is on the phone with its driver."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer
from rich.text import Text

from policy_service.domain.access import REASONS, Reason
from policy_service.domain.instant import format_instant, parse_instant
from policy_service.engine.zone import Zone, zone_names
from policy_service.entrypoints.cli.console import out, out_json
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.outline import labelled, when_text
from policy_service.entrypoints.cli.service_calls import (
    DEFAULT_URL,
    CaFileOption,
    CertFileOption,
    KeyFileOption,
    ServiceCalls,
    UrlOption,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_MAX = 100
_SAME_S = 5
"""Seconds within which a question counts as one about now."""
_OVERRIDE = re.compile(r"ov-[0-9a-z]{8}")
_SIGNALS = {
    "text": "the charger could show a text",
    "status_only": "the charger could show its status only",
    "none": "the charger could show nothing",
    "None": "not on record what the charger could show",
}


@app.command(epilog="\b\nExample:\n  policy-service why NTH-07")
def why(
    charger: Annotated[str, typer.Argument(metavar="CHARGER", help="Id of the charger, case-sensitive.")],
    *,
    last: Annotated[int, typer.Option(min=1, max=_MAX, metavar="NUMBER", help="So many of the latest denials.")] = 1,
    url: UrlOption = DEFAULT_URL,
    key_file: KeyFileOption = None,
    ca_file: CaFileOption = None,
    cert_file: CertFileOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the events as JSON.")] = False,
) -> None:
    """Say why a vehicle was refused at a charger: when, which vehicle (masked), the reason, and the policy."""
    calls = ServiceCalls(url, key_file, ca_file=ca_file, cert_file=cert_file)
    found = calls.get("/v1/events", charger=charger, outcome="access_denied", limit=last)
    events: list[dict[str, Any]] = found["events"]
    if as_json:
        out_json({"events": events})
        return
    if not events:
        out(f"nobody was refused at {charger}, as far as events are on record (ids are case-sensitive)")
        return
    for number, event in enumerate(events):
        if number:
            out()
        for line in _lines(event, _zone(calls, event)):
            out(line)


def _zone(calls: ServiceCalls, event: dict[str, Any]) -> Zone:
    """Return the zone of the charger's policy; UTC where there is none any more."""
    at = parse_instant(event["time"])
    span = {"from": event["time"], "to": format_instant(at + 1)}
    try:
        name = calls.get(f"/v1/chargers/{quote(event['charger'], safe='')}/schedule", **span)["timezone"]
    except CommandError:
        name = None
    return Zone.of(name if name in zone_names() else "UTC")


def _lines(event: dict[str, Any], zone: Zone) -> Iterator[Text]:
    reason = str(event["reason"])
    meaning = REASONS[Reason(reason)].meaning if reason in Reason.__members__.values() else reason
    yield Text.assemble(("refused", "bold red"), f"  {meaning}")
    yield labelled("when", when_text(parse_instant(event["time"]), zone))
    yield labelled("charger", str(event["charger"]))
    yield labelled("vehicle", _vehicle(event))
    yield labelled("reason", reason)
    yield labelled(
        "policy", f"{event['policy']}, {_by(event)}: {event['mode']}" if event["policy"] else "none governs the charger"
    )
    if event["transaction_id"] or event["ocpp_action"]:
        yield labelled("asked by", " ".join(str(event[key]) for key in ("ocpp_action", "transaction_id") if event[key]))
    recorded = parse_instant(event["recorded_at"])
    if abs(recorded - parse_instant(event["time"])) > _SAME_S:
        yield labelled("recorded", when_text(recorded, zone))
    yield labelled("driver", _SIGNALS[str(event["driver_signal"])])
    yield labelled("decision", str(event["decision_id"]))
    if reason == Reason.UNKNOWN_IDENTIFIER:
        yield labelled("to admit", f"policy-service enrol {event['decision_id']} --vehicle … --fleet …")


def _by(event: dict[str, Any]) -> str:
    """Return what set the mode: overrides made over HTTP are named like `ov-7k3m9x2a`."""
    window = str(event["window"] or "")
    if _OVERRIDE.fullmatch(window):
        return f"override {window}"
    return f"window {window}" if window else "its default mode"


def _vehicle(event: dict[str, Any]) -> str:
    named = [str(event[key]) for key in ("vehicle", "fleet", "agreement") if event.get(key)]
    told = ", ".join(dict.fromkeys(named)) or "not on record"
    shown = event.get("identifier_masked")
    return f"{told} (class {event['vehicle_class'] or 'none'}{f', identifier {shown}' if shown else ''})"
