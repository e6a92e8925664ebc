"""The floor: a dict and a bisect over the windows' instants, drawn out ahead. It answers yes or no, and no more."""

from __future__ import annotations

from bisect import bisect_right
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from peers.depots import CLASSES
from peers.peer import Engine, Loaded
from peers.questions import NOW

if TYPE_CHECKING:
    from collections.abc import Generator

    from peers.depots import Depot, Yard
    from peers.questions import Question

_DAYS = 310
_ANYBODY = frozenset(CLASSES)


def _drawn(depot: Depot) -> tuple[list[float], list[frozenset[str]]]:
    """Return the instants at which something changes, and who may charge before the first and after each."""
    zone = ZoneInfo(depot.zone)
    changes: dict[float, frozenset[str]] = {}
    for number in range(-2, _DAYS):
        day = (NOW + timedelta(days=number)).date()
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        for window in depot.windows:
            if day.weekday() in window.days:  # wall clock arithmetic: the offset is looked up after the sum
                start, end = (midnight + timedelta(minutes=minute) for minute in (window.start, window.end))
                changes.setdefault(end.timestamp(), _ANYBODY)
                changes[start.timestamp()] = frozenset(window.allow)
    instants = sorted(changes)
    return instants, [_ANYBODY, *(changes[instant] for instant in instants)]


def _ask(question: Question) -> tuple[object, ...]:
    return question.charger, question.at, question.vehicle_class


@contextmanager
def _load(yard: Yard) -> Generator[Loaded]:
    of_depot = {depot.name: _drawn(depot) for depot in yard.depots}
    of_charger = {charger: of_depot[depot] for charger, depot in yard.depot_of.items()}

    def answer(charger: str, at: int, vehicle_class: str) -> bool:
        instants, allowed = of_charger[charger]
        return vehicle_class in allowed[bisect_right(instants, at)]

    yield Loaded(_ask, answer, bool)


PEER = Engine(
    "floor: dict + bisect",
    "",
    "every window drawn out ahead as instants; the vehicle's class in hand",
    "a reason, until when it holds, anything outside the year drawn out",
    _load,
    is_peer=False,
)
