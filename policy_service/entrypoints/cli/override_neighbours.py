"""Other overrides that stand at the chargers of one, as a running service has them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from policy_service.domain.instant import parse_instant
from policy_service.domain.made_override import OverrideState
from policy_service.entrypoints.cli.service_calls import FORBIDDEN, ProblemAnswerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from policy_service.entrypoints.cli.service_calls import ServiceCalls

    Made = Mapping[str, Any]


class Neighbour(NamedTuple):
    """Another override, and the chargers that it shares with the one."""

    made: Mapping[str, Any]
    chargers: Sequence[str]


def meeting(calls: ServiceCalls, made: Made) -> Sequence[Neighbour]:
    """Return the others whose time meets that of an override, the latest made first; none where the key sees none.

    Raises CommandError.
    """
    others = [each for each in _others(calls, made) or () if _meet(made, each)]
    return [*_sharing(calls, others, made["chargers"])]


def holding(calls: ServiceCalls, ended: Made) -> tuple[Sequence[str], Sequence[Neighbour]] | None:
    """Return the chargers of an override that is over, and the others that hold there now, each where it holds.

    None where the key may not see overrides. Raises CommandError.
    """
    others = _others(calls, ended)
    if others is None:
        return None
    chargers = calls.get(f"/v1/overrides/{ended['id']}")["chargers"]
    active = [each for each in others if each["state"] == OverrideState.ACTIVE]
    return chargers, [*_latest(_sharing(calls, active, chargers))]


def overruling(calls: ServiceCalls, overrides: Iterable[Made]) -> Mapping[str, Sequence[Neighbour]]:
    """Return by id, for active overrides, the latest made first, the others that hold at some of their chargers.

    Raises CommandError.
    """
    active = [each for each in overrides if each["state"] == OverrideState.ACTIVE]
    found: dict[str, Sequence[Neighbour]] = {}
    holders: dict[str, Made] = {}
    for made in active if len(active) > 1 else ():
        chargers: Sequence[str] = calls.get(f"/v1/overrides/{made['id']}")["chargers"]
        shared: dict[str, list[str]] = defaultdict(list)
        for charger in chargers:
            holder = holders.setdefault(charger, made)
            if holder is not made:
                shared[holder["id"]].append(charger)
        found[made["id"]] = [Neighbour(other, shared[other["id"]]) for other in active if other["id"] in shared]
    return found


def _others(calls: ServiceCalls, made: Made) -> Sequence[Made] | None:
    try:
        return [each for each in calls.each("overrides") if each["id"] != made["id"]]
    except ProblemAnswerError as error:
        if error.status == FORBIDDEN:
            return None
        raise


def _meet(one: Made, other: Made) -> bool:
    return all(parse_instant(a["from"]) < parse_instant(b["until"]) for a, b in ((one, other), (other, one)))


def _sharing(calls: ServiceCalls, others: Sequence[Made], chargers: Sequence[str]) -> Iterator[Neighbour]:
    for other in others:
        taken = set(calls.get(f"/v1/overrides/{other['id']}")["chargers"])
        if shared := [charger for charger in chargers if charger in taken]:
            yield Neighbour(other, shared)


def _latest(found: Iterable[Neighbour]) -> Iterator[Neighbour]:
    """Leave each charger to the first: of several overrides at a charger the latest made holds."""
    held: set[str] = set()
    for made, chargers in found:
        if left := [charger for charger in chargers if charger not in held]:
            yield Neighbour(made, left)
            held.update(left)
