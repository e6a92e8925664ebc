"""pycasbin: its fast enforcer, which looks policies up by weekday and class before it matches."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

import casbin
from casbin.model import FastModel

from peers.peer import Engine, Loaded

if TYPE_CHECKING:
    from collections.abc import Generator

    from peers.depots import Depot, Yard
    from peers.questions import Question

_MODEL = """
[request_definition]
r = day, vehicle, minute
[policy_definition]
p = day, vehicle, start, end, eft
[policy_effect]
e = !some(where (p.eft == deny))
[matchers]
m = inside(r.minute, p.start, p.end)
"""
_INDEXED = (0, 1)


def _inside(minute: int, start: str, end: str) -> bool:
    return start != "" and int(start) <= minute < int(end)  # with no policy at hand it matches once against blanks


def _enforcer(depot: Depot) -> casbin.FastEnforcer:
    model = FastModel(_INDEXED)
    model.load_model_from_text(_MODEL)
    enforcer = casbin.FastEnforcer(model, None, cache_key_order=_INDEXED)
    enforcer.add_function("inside", _inside)
    rows = [
        [str(day), refused, str(window.start), str(window.end), "deny"]
        for window in depot.windows
        for day in window.days
        for refused in window.refused
    ]
    for row in rows:
        enforcer.model["p"]["p"].policy.append(row)  # add_policy() counts all anew for each: minutes for a thousand
    return enforcer


def _ask(question: Question) -> tuple[object, ...]:
    return question.depot, str(question.weekday), question.vehicle_class, question.minute


@contextmanager
def _load(yard: Yard) -> Generator[Loaded]:
    logging.getLogger("casbin").setLevel(logging.ERROR)  # it tells of each model that it reads
    enforcers = {depot.name: _enforcer(depot) for depot in yard.depots}

    def answer(depot: str, day: str, vehicle_class: str, minute: int) -> bool:
        return bool(enforcers[depot].enforce(day, vehicle_class, minute))

    yield Loaded(_ask, answer, bool)


PEER = Engine(
    "pycasbin",
    "pycasbin",
    "a fast enforcer a depot, which indexes weekday and class; a function in Python for the time of day",
    "time zones (local time comes in), recurrence, reasons, until when",
    _load,
)
