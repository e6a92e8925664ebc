"""Where OCPI's locations and EVSEs are in the inventory: by two labels, else by the charger's id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from policy_service.application.callers import BeyondReachError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.domain.selector import Selector
    from policy_service.engine.plan import Plan

LOCATION_LABEL = "ocpi_location"
"""Of every charger of a location: the location's ``id``."""
EVSE_LABEL = "ocpi_evse"
"""The ``uid`` of the charger's EVSE; of several, divided by commas."""


class Place(NamedTuple):
    """A charger that is asked about."""

    charger: str
    evse_uids: tuple[str, ...]
    """What OCPI calls it."""


@dataclass(frozen=True, slots=True)
class _Index:
    locations: Mapping[str, Sequence[str]]
    evses: Mapping[str, Sequence[str]]


class Places:
    """Finds chargers in the plan that it is given, whose labels it sorts once. OCPI's ids know no case."""

    def __init__(self) -> None:
        """Begin without a plan."""
        self._sorted: tuple[Plan, _Index] | None = None

    def find(self, plan: Plan, location_id: str, evse_uids: Sequence[str], within: Selector | None) -> Sequence[Place]:
        """Return the chargers of these EVSEs, or of the whole location where none is named; never none.

        What no label names is a charger's id, which need not be in the inventory. Raises BeyondReachError for an EVSE
        outside the selector, and for a location that is outside as a whole.
        """
        index = self._index(plan)
        if not evse_uids:
            return self._whole(plan, index, location_id, within)
        asked: dict[str, str] = {}
        for uid in evse_uids:
            asked.setdefault(uid.casefold(), uid)
        places = [Place(_evse(plan, index, uid, location_id), (uid,)) for uid in asked.values()]
        if not all(_reached(plan, place.charger, within) for place in places):
            raise BeyondReachError
        return places

    def _whole(self, plan: Plan, index: _Index, location_id: str, within: Selector | None) -> Sequence[Place]:
        chargers = index.locations.get(location_id.casefold()) or (location_id,)
        reached = [Place(each, _called(plan, each)) for each in chargers if _reached(plan, each, within)]
        if not reached:
            raise BeyondReachError
        return reached

    def _index(self, plan: Plan) -> _Index:
        if self._sorted is None or self._sorted[0] is not plan:
            self._sorted = (plan, _sorted(plan))
        return self._sorted[1]


def _sorted(plan: Plan) -> _Index:
    locations: dict[str, list[str]] = {}
    evses: dict[str, list[str]] = {}
    for charger_id in sorted(plan.chargers):
        location = plan.chargers[charger_id].charger.labels.get(LOCATION_LABEL)
        if location is not None:
            locations.setdefault(location.casefold(), []).append(charger_id)
        for uid in _evse_uids(plan, charger_id):
            evses.setdefault(uid.casefold(), []).append(charger_id)
    return _Index(locations, evses)


def _evse_uids(plan: Plan, charger_id: str) -> tuple[str, ...]:
    label = plan.chargers[charger_id].charger.labels.get(EVSE_LABEL, "")
    return tuple(uid.strip() for uid in label.split(",") if uid.strip())


def _evse(plan: Plan, index: _Index, uid: str, location_id: str) -> str:
    """Return the charger of an EVSE at the location; one without a location's label is at any."""
    for charger_id in index.evses.get(uid.casefold(), ()):
        location = plan.chargers[charger_id].charger.labels.get(LOCATION_LABEL, location_id)
        if location.casefold() == location_id.casefold():
            return charger_id
    return uid


def _called(plan: Plan, charger_id: str) -> tuple[str, ...]:
    return (_evse_uids(plan, charger_id) if charger_id in plan.chargers else ()) or (charger_id,)


def _reached(plan: Plan, charger_id: str, within: Selector | None) -> bool:
    entry = plan.chargers.get(charger_id)
    return within is None or entry is None or within.matches(entry.charger)
