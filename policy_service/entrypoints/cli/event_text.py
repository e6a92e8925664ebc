"""Many access events in lines for people: a line each, or counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.application.ports import EventGrouping
from policy_service.domain.access import Outcome
from policy_service.domain.events import EventType
from policy_service.domain.instant import parse_instant
from policy_service.engine.zone import Zone
from policy_service.entrypoints.cli.columns import Columns
from policy_service.entrypoints.cli.findings import plural
from policy_service.entrypoints.cli.instants import offset_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.text import Text

    from policy_service.entrypoints.cli.columns import Cell

_UTC = Zone.of("UTC")
_NONE = "-"
_BAR = 30
"""Signs in the bar of the largest group."""
_SPANS = (EventGrouping.HOUR, EventGrouping.DAY)
_DATE = len("2026-11-24")
_WIDTHS = {"time": 25, "charger": 8, "outcome": 13, "reason": 20, "class": 9, "vehicle": 8, "decision": 36}
"""Columns, so wide at least that events which come one by one stay in line."""


class EventLines:
    """A line for each event: when by the clock of its policy, where, what, why, who."""

    def __init__(self, zones: Mapping[str, Zone]) -> None:
        """Tell times by the zones of these policies, and by UTC where the policy is not among them."""
        self._zones = zones
        self._columns = Columns(*_WIDTHS, least=tuple(_WIDTHS.values()))
        self._headed = False

    def of(self, events: Sequence[Mapping[str, Any]]) -> Iterator[Text]:
        """Yield a line for each event, before the first of all the names of the columns."""
        heading, self._headed = not self._headed, True
        return self._columns.lines([self._cells(event) for event in events], heading=heading)

    def _cells(self, event: Mapping[str, Any]) -> list[Cell]:
        return [
            offset_text(parse_instant(event["time"]), self._zones.get(event["policy"] or "", _UTC)),
            str(event["charger"]),
            _outcome(event),
            str(event["reason"]),
            str(event["vehicle_class"] or _NONE),
            str(event["vehicle"] or event["identifier_masked"] or _NONE),
            str(event["decision_id"]),
        ]


def listed_text(count: int, *, more: bool) -> str:
    """Return how many events were listed, and how to get more."""
    if not count:
        return "no event is on record that fits (ids are case-sensitive)"
    if not more:
        return plural(count, "event")
    return f"the latest {plural(count, 'event')}; for more give --limit {count * 10}, or --all"


def summary_lines(summary: Mapping[str, Any], zone: Zone, bar: str) -> Iterator[Text]:
    """Yield a line for each group: how many events, how many of them denials, and its share; ``bar`` draws that.

    Hours and days are told by the zone's clock.
    """
    groups = summary["groups"]
    total = sum(group["count"] for group in groups)
    largest = max((group["count"] for group in groups), default=1)
    columns = Columns(str(summary["group_by"]), "events", "denied", "share", "", right=(1, 2, 3))
    by = EventGrouping(summary["group_by"])
    keys = [_key(group["key"], by, zone) for group in groups]
    drawn = [bar * -(-group["count"] * _BAR // largest) for group in groups]
    return columns.lines([_counted(*each, total) for each in zip(keys, groups, drawn, strict=True)])


def summary_total(summary: Mapping[str, Any], zone: Zone) -> str:
    """Return how many events were counted, over which span, and by which clock hours and days were cut."""
    count = sum(group["count"] for group in summary["groups"])
    since, until = (offset_text(parse_instant(summary[end]), zone) for end in ("from", "to"))
    span = f"from {since} to {until}"
    if not count:
        return f"no event is on record that fits, {span} (ids are case-sensitive)"
    denied = sum(group["denied"] for group in summary["groups"])
    clock = f"; {summary['group_by']}s by the clock of {zone.name}" if summary["group_by"] in _SPANS else ""
    return f"{plural(count, 'event')}, {denied:,} denied, {span}{clock}"


def _key(key: str | None, by: EventGrouping, zone: Zone) -> str:
    if key is None or by not in _SPANS:
        return key or _NONE
    begun = offset_text(parse_instant(key), zone)
    return begun[:_DATE] if by is EventGrouping.DAY else begun


def _counted(key: str, group: Mapping[str, Any], drawn: str, total: int) -> list[Cell]:
    share = f"{100 * group['count'] / total:.1f} %"
    return [key, f"{group['count']:,}", f"{group['denied']:,}", share, (drawn, "cyan")]


def _outcome(event: Mapping[str, Any]) -> Cell:
    """Return the outcome; with the event's type where that says more."""
    kind = str(event["type"])
    more = f" ({kind.partition('.')[2]})" if kind in (EventType.WOULD_DENY, EventType.BREACH) else ""
    return f"{event['outcome']}{more}", "red" if event["outcome"] == Outcome.ACCESS_DENIED else "green"
