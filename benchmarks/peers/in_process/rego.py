"""Rego in Rust (regorus): windows as data, looked up by class and weekday."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import regorus

from peers.depots import CLASSES
from peers.peer import Engine, Loaded, unless_refused

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from peers.depots import Depot, Yard
    from peers.questions import Question

_OVER_DATA = """
package depot
default deny := false
deny if {
    some window in data.windows[input.vehicle][input.weekday]
    input.minute >= window[0]
    input.minute < window[1]
}
"""
_WEEK = range(7)


def _as_data(depot: Depot) -> regorus.Engine:
    engine = regorus.Engine()
    engine.add_policy("depot.rego", _OVER_DATA)
    windows = {
        refused: [
            [[window.start, window.end] for window in depot.windows if day in window.days and refused in window.refused]
            for day in _WEEK
        ]
        for refused in CLASSES
    }
    engine.add_data_json(json.dumps({"windows": windows}))
    return engine


def _as_rules(depot: Depot) -> regorus.Engine:
    engine = regorus.Engine()
    rules = (
        f"deny if {{ input.minute >= {window.start}; input.minute < {window.end}; "
        f"input.weekday in {set(window.days)}; input.vehicle in {json.dumps(window.refused)} }}"
        for window in depot.windows
    )
    engine.add_policy("depot.rego", "\n".join(["package depot", "default deny := false", *rules]))
    return engine


def _ask(question: Question) -> tuple[object, ...]:
    context = {"weekday": question.weekday, "minute": question.minute, "vehicle": question.vehicle_class}
    return question.depot, context


@contextmanager
def _load(yard: Yard) -> Generator[Loaded]:
    made = {depot.name: (_as_rules if len(depot.windows) == 1 else _as_data)(depot) for depot in yard.depots}

    def answer(depot: str, context: Mapping[str, object]) -> object:
        engine = made[depot]
        engine.set_input(context)
        return engine.eval_rule("data.depot.deny")

    yield Loaded(_ask, answer, unless_refused)


PEER = Engine(
    "regorus",
    "gordon-to-regorus",
    "an engine a depot; one window as a rule, more as data by class and weekday; local time comes in",
    "recurrence, until when, reasons unless written as such (zones by name at run time)",
    _load,
)
