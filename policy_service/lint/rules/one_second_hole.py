"""PS212: two windows that should touch and leave a second between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.lint.durations import local_text
from policy_service.lint.found import Found
from policy_service.lint.linted import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.lint.linted import Linted, RankedPolicy


def find(linted: Linted) -> Iterator[Found]:
    """Yield what ends one second before the next begins, the first time that it does, where that second differs."""
    judged: dict[int, list[tuple[int, int, int]]] = {}
    for ranked in linted.policies:
        key = id(ranked.year)
        if key not in judged:
            judged[key] = list(_holes(ranked))
        told: set[int] = set()
        for before, hole, at in judged[key]:
            layer = ranked.layers[before]
            part = ranked.part_of(layer)
            if before in told or part is None or not ranked.layers[hole].differs(layer):
                continue
            told.add(before)
            name, place, length = name_of(part)
            message = f"one second lies between the end of {name} and what follows, first at "
            message += local_text(at, ranked.compiled.zone)
            help_text = "ends are not part of a window: end it where the next one starts, or at `24:00`"
            yield Found(part.places.get("end", place), message, help_text, 8 if "end" in part.places else length)


def _holes(ranked: RankedPolicy) -> Iterator[tuple[int, int, int]]:
    """Yield the rank before, the rank of the second itself, and its instant."""
    stretches = list(ranked.year.stretches())
    for at, (start, end, rank) in enumerate(stretches):
        if end - start == 1 and at and rank < stretches[at - 1][2]:
            yield stretches[at - 1][2], rank, start
