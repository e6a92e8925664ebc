"""PS216: an exception that begins or ends in the middle of a window, which is cut there."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from policy_service.domain.policy import DayException
from policy_service.engine.occurrences import united
from policy_service.lint.durations import local_text
from policy_service.lint.found import Found
from policy_service.lint.linted import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.engine.occurrences import Stretch
    from policy_service.engine.rules import Layer
    from policy_service.lint.linted import Linted


def find(linted: Linted) -> Iterator[Found]:
    """Yield, for each exception and window that differ, the first edge of the one inside an occurrence of the other."""
    drawn: dict[object, list[Stretch]] = {}
    for ranked in linted.policies:
        parts = list(ranked.parts())
        windows = [pair for pair in parts if not isinstance(pair[0], DayException)]
        for exception, layer in parts[len(windows) :]:
            edges = united(_stretches(linted, layer, drawn))  # what touches the next day ends there only
            for window, cut in windows:
                at = _first_cut(edges, _stretches(linted, cut, drawn)) if cut.differs(layer) else None
                if at is not None:
                    name, place, length = name_of(exception)
                    when = local_text(at, ranked.compiled.zone)
                    message = f"{name} cuts an occurrence of {name_of(window)[0]}, first on {when}"
                    help_text = "set `dayStart` to where the windows change, or move the edge; the rest of it resumes"
                    yield Found(place, message, help_text, length)


def _stretches(linted: Linted, layer: Layer, known: dict[object, list[Stretch]]) -> list[Stretch]:
    if layer.sources not in known:
        known[layer.sources] = sorted(each for source in layer.sources for each in source.between(*linted.year))
    return known[layer.sources]


def _first_cut(edges: list[Stretch], occurrences: list[Stretch]) -> int | None:
    """Return the first edge that lies strictly inside an occurrence."""
    starts = [start for start, _ in occurrences]
    for edge in (edge for stretch in edges for edge in stretch):
        at = bisect_right(starts, edge) - 1
        if at >= 0 and occurrences[at][0] < edge < occurrences[at][1]:
            return edge
    return None
