"""One access event in lines for people, with what the service says of how it came about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from rich.text import Text

from policy_service.domain.access import REASONS, Outcome, Reason
from policy_service.domain.events import EventType
from policy_service.domain.identifier import masked
from policy_service.domain.instant import parse_instant
from policy_service.entrypoints.cli.likely_chargers import known_ids, likely
from policy_service.entrypoints.cli.outline import labelled, meant_text, when_text
from policy_service.entrypoints.cli.override_text import is_override
from policy_service.entrypoints.cli.past_explanation import explanation_lines, zone_of
from policy_service.entrypoints.cli.record_ids import DECISION, leading_to
from policy_service.entrypoints.cli.zones import zone_of_charger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.engine.zone import Zone
    from policy_service.entrypoints.cli.service_calls import ServiceCalls

_SAME_S = 5
"""Seconds within which a question counts as one about now."""
_SIGNALS = {
    "text": "the charger could show a text",
    "status_only": "the charger could show its status only",
    "none": "the charger could show nothing",
    "None": "not on record what the charger could show",
}


def explained_event(calls: ServiceCalls, decision_id: str) -> dict[str, Any]:
    """Return the event of a decision with its explanation, by the policies and the registry of then."""
    with leading_to(DECISION):
        return calls.get(f"/v1/events/{quote(decision_id, safe='')}/explanation")


def as_one(explained: dict[str, Any]) -> dict[str, Any]:
    """Return the event with its explanation inside."""
    explanation = {name: value for name, value in explained.items() if name != "event"}
    return {**explained["event"], "explanation": explanation}


def event_outline(calls: ServiceCalls, explained: dict[str, Any]) -> Iterator[Text]:
    """Yield what was decided, when, about whom, then why; by the clock of the charger's policy, and in UTC."""
    event = explained["event"]
    zone = zone_of(explained) or zone_of_charger(calls, event["charger"], parse_instant(event["time"]))
    yield from _lines(explained, zone, _meant(calls, event))
    yield from explanation_lines(explained, zone)


def _meant(calls: ServiceCalls, event: dict[str, Any]) -> tuple[str, ...]:
    """Return the chargers that may be meant by an id that was in no inventory, and still is not."""
    return likely(event["charger"], known_ids(calls)) if event["reason"] == Reason.UNKNOWN_CHARGER else ()


def _lines(explained: dict[str, Any], zone: Zone, meant: tuple[str, ...]) -> Iterator[Text]:
    event = explained["event"]
    reason = str(event["reason"])
    meaning = REASONS[Reason(reason)].meaning if reason in Reason.__members__.values() else reason
    unasked = event["type"] == EventType.BREACH and reason == Reason.NO_IDENTIFIER
    refused = event["outcome"] == Outcome.ACCESS_DENIED and not unasked
    if unasked:
        yield Text.assemble(("breach", "bold red"), "   a session began that the charger asked nobody about")
    else:
        said = ("refused", "bold red") if refused else (str(event["outcome"]), "bold green")
        yield Text.assemble(said, f"  {meaning}")
    yield labelled("when", when_text(parse_instant(event["time"]), zone))
    yield labelled("charger", event["charger"] + meant_text(meant))
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
    if refused and reason != Reason.UNKNOWN_CHARGER:
        yield labelled("driver", _SIGNALS[str(event["driver_signal"])])
    yield labelled("decision", str(event["decision_id"]))
    if reason == Reason.UNKNOWN_IDENTIFIER:
        yield labelled("to admit", _admission(event, enrollable=explained.get("enrollable", True)))


def _admission(event: dict[str, Any], *, enrollable: bool) -> str:
    """Return how a vehicle that nobody knew is made known."""
    shown = event.get("identifier_masked")
    if shown is None:
        return "import it: nothing of the identifier is kept with this event"
    if shown == masked(""):
        return "import it: what may be a PIN is not kept to be enrolled"
    if not enrollable:
        return "import it, if it is still unknown: its identifier is no longer kept to be enrolled"
    return f"policy-service enrol {event['decision_id']} --vehicle … --fleet …"


def _by(event: dict[str, Any]) -> str:
    """Return what set the mode."""
    window = str(event["window"] or "")
    if is_override(window):
        return f"override {window}"
    return f"window {window}" if window else "its default mode"


def _vehicle(event: dict[str, Any]) -> str:
    looked_up = event["vehicle_class"] is not None  # what was not may be on record all the same
    named = [str(event[key]) for key in ("vehicle", "fleet", "agreement") if event.get(key)]
    told = ", ".join(dict.fromkeys(named)) or ("not on record" if looked_up else "not looked up")
    more = {"class": event["vehicle_class"], "identifier": event.get("identifier_masked")}
    about = ", ".join(f"{name} {value}" for name, value in more.items() if value)
    return f"{told} ({about})" if about else told
