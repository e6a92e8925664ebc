"""The zones by which chargers of a running service keep time, for texts without an offset and for answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.domain.charger import Charger
from policy_service.domain.instant import format_instant
from policy_service.engine.zone import Zone, zone_names
from policy_service.entrypoints.cli.instants import local_text
from policy_service.entrypoints.cli.service_calls import FORBIDDEN, ProblemAnswerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.domain.selector import Selector
    from policy_service.entrypoints.cli.service_calls import ServiceCalls

_SHOWN = 3


def zones_of(calls: ServiceCalls, chargers: Selector | None = None) -> Sequence[Zone]:
    """Return the zones of the policies that govern the chargers, or of all; too many where ``when`` narrows them.

    None where the key may not see policies: what it may do is told in UTC then.
    """
    try:
        by_policy: dict[str, str] = {policy["name"]: policy["timezone"] for policy in calls.each("policies")}
    except ProblemAnswerError as error:
        if error.status == FORBIDDEN:
            return ()
        raise
    names = set(by_policy.values())
    if len(names) > 1 and chargers is not None:
        names = {by_policy[name] for name in _governing(calls, chargers) if name in by_policy}
    return [Zone.of(name) for name in sorted(names) if name in zone_names()]


def told_at(at: int, zones: Sequence[Zone]) -> str:
    """Write an instant by the zones' clocks where they are few, and in UTC."""
    local = [f"{local_text(at, zone)} {zone.name}" for zone in zones if zone.name != "UTC"]
    return ", ".join([*(local if len(local) <= _SHOWN else ()), format_instant(at)])


def _governing(calls: ServiceCalls, chargers: Selector) -> set[str]:
    label = next(((name, values[0]) for name, values in chargers.labels or () if len(values) == 1), None)
    wanted = {} if label is None else {"label": ":".join(label)}
    matching = (each for each in calls.each("chargers", **wanted) if _matches(chargers, each))
    return {each["policy"] for each in matching if each["policy"] is not None}


def _matches(chargers: Selector, listed: dict[str, Any]) -> bool:
    return chargers.matches(Charger(listed["id"], listed["labels"]))
