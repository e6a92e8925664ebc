"""CEL in Rust: one compiled program a depot."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import cel

from peers.peer import Engine, Loaded, unless_refused

if TYPE_CHECKING:
    from collections.abc import Generator

    from peers.depots import Window, Yard
    from peers.questions import Question


def _refuses(window: Window) -> str:
    days, refused = list(window.days), json.dumps(window.refused)
    return f"(minute >= {window.start} && minute < {window.end} && weekday in {days} && vehicle in {refused})"


def _ask(question: Question) -> tuple[object, ...]:
    context = cel.Context()
    context.add_variable("weekday", question.weekday)
    context.add_variable("minute", question.minute)
    context.add_variable("vehicle", question.vehicle_class)
    return question.depot, context


@contextmanager
def _load(yard: Yard) -> Generator[Loaded]:
    programs = {depot.name: cel.compile(" || ".join(map(_refuses, depot.windows))) for depot in yard.depots}

    def answer(depot: str, context: cel.Context) -> object:
        return programs[depot].execute(context)

    yield Loaded(_ask, answer, unless_refused)


PEER = Engine(
    "CEL",
    "common-expression-language",
    "one compiled program a depot, which says who is refused, its context made ahead; local time comes in",
    "recurrence, chargers, reasons, until when (it has zones by their name, and each evaluation works them out anew)",
    _load,
)
