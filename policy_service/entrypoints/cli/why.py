"""``why``: why a vehicle was refused at a charger, for whoever is on the phone with its driver."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer
from rich.text import Text

from policy_service.domain.access import REASONS, Outcome, Reason
from policy_service.domain.instant import format_instant, parse_instant
from policy_service.engine.zone import Zone, zone_names
from policy_service.entrypoints.cli.console import out, out_json
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.outline import labelled, when_text
from policy_service.entrypoints.cli.past_explanation import explanation_lines, zone_of
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


@app.command(
    epilog="\b\nExamples:\n  policy-service why NTH-07"
    "\n  policy-service why --event 01a20660-16e1-7b29-b7cb-c1ca63137f0c"
)
def why(
    charger: Annotated[
        str | None, typer.Argument(metavar="[CHARGER]", help="Id of the charger, case-sensitive.", show_default=False)
    ] = None,
    *,
    event: Annotated[
        str | None, typer.Option(metavar="DECISION_ID", help="This decision, in place of a charger's latest denials.")
    ] = None,
    last: Annotated[int, typer.Option(min=1, max=_MAX, metavar="NUMBER", help="So many of the latest denials.")] = 1,
    url: UrlOption = DEFAULT_URL,
    key_file: KeyFileOption = None,
    ca_file: CaFileOption = None,
    cert_file: CertFileOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the events as JSON.")] = False,
) -> None:
    """Say why a vehicle was refused at a charger: when, which vehicle (masked), by which rule, and what lets it in.

    All of it by the policies and the registry of that moment.
    """
    if (charger is None) == (event is None):
        message = "name a charger, or a decision with --event"
        raise CommandError(message, "see `policy-service why --help`")
    calls = ServiceCalls(url, key_file, ca_file=ca_file, cert_file=cert_file)
    explained = [_explained(calls, each) for each in (_denied(calls, charger, last) if event is None else [event])]
    if as_json:
        out_json({"events": [{**each["event"], "explanation": _without_event(each)} for each in explained]})
        return
    if not explained:
        out(f"nobody was refused at {charger}, as far as events are on record (ids are case-sensitive)")
        return
    for number, each in enumerate(explained):
        if number:
            out()
        zone = zone_of(each) or _zone(calls, each["event"])
        for line in (*_lines(each["event"], zone), *explanation_lines(each, zone)):
            out(line)


def _denied(calls: ServiceCalls, charger: str | None, last: int) -> list[str]:
    found = calls.get("/v1/events", charger=str(charger), outcome="access_denied", limit=last)
    return [str(each["decision_id"]) for each in found["events"]]


def _explained(calls: ServiceCalls, decision_id: str) -> dict[str, Any]:
    return calls.get(f"/v1/events/{quote(decision_id, safe='')}/explanation")


def _without_event(explained: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in explained.items() if name != "event"}


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
    refused = event["outcome"] == Outcome.ACCESS_DENIED
    yield Text.assemble(("refused", "bold red") if refused else (str(event["outcome"]), "bold green"), f"  {meaning}")
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
    if refused:
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
