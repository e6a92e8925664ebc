"""GoRules ZEN: one compiled expression a depot."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import zen

from peers.peer import Engine, Loaded, unless_refused

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from peers.depots import Window, Yard
    from peers.questions import Question


def _refuses(window: Window) -> str:
    refused = f" and vehicle in {json.dumps(window.refused)}"
    return f"(minute >= {window.start} and minute < {window.end} and weekday in {list(window.days)}{refused})"


def _ask(question: Question) -> tuple[object, ...]:
    context = {"weekday": question.weekday, "minute": question.minute, "vehicle": question.vehicle_class}
    return question.depot, context


@contextmanager
def _load(yard: Yard) -> Generator[Loaded]:
    expressions = {
        depot.name: zen.compile_expression(" or ".join(_refuses(window) for window in depot.windows))
        for depot in yard.depots
    }

    def answer(depot: str, context: Mapping[str, object]) -> object:
        return expressions[depot].evaluate(context)

    yield Loaded(_ask, answer, unless_refused)


PEER = Engine(
    "zen-engine",
    "zen-engine",
    "one compiled expression a depot, which says who is refused; local time comes in",
    "time zones (local time comes in), recurrence, chargers, reasons, until when; shifts gap times silently",
    _load,
)
