"""rule-engine: a typed rule for each window, until the first that holds."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import rule_engine  # pyright: ignore[reportMissingTypeStubs]

from peers.peer import Engine, Loaded, unless_refused

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from peers.depots import Window, Yard
    from peers.questions import Question

_TYPES = {
    "weekday": rule_engine.DataType.FLOAT,
    "minute": rule_engine.DataType.FLOAT,
    "vehicle": rule_engine.DataType.STRING,
}


def refusals(window: Window) -> str:
    """Return the rule that holds where the window refuses a vehicle."""
    time = f"minute >= {window.start} and minute < {window.end} and weekday in {list(window.days)}"
    return f"{time} and vehicle in {json.dumps(window.refused)}"


def rules(windows: tuple[Window, ...]) -> list[rule_engine.Rule]:
    """Return the rules of a depot, compiled."""
    context = rule_engine.Context(type_resolver=rule_engine.type_resolver_from_dict(_TYPES))
    return [rule_engine.Rule(refusals(window), context=context) for window in windows]


def _ask(question: Question) -> tuple[object, ...]:
    thing = {"weekday": question.weekday, "minute": question.minute, "vehicle": question.vehicle_class}
    return question.depot, thing


@contextmanager
def _load(yard: Yard) -> Generator[Loaded]:
    of_depot = {depot.name: rules(depot.windows) for depot in yard.depots}

    def answer(depot: str, thing: Mapping[str, object]) -> bool:
        return any(rule.matches(thing) for rule in of_depot[depot])

    yield Loaded(_ask, answer, unless_refused)


PEER = Engine(
    "rule-engine",
    "rule-engine",
    "typed rules compiled ahead, asked until the first that refuses; local time comes in",
    "recurrence, chargers, reasons, until when (zones by its datetime type, worked out at each match)",
    _load,
)
