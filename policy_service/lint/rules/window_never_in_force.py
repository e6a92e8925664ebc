"""PS201: a window or exception that something stronger covers whenever it would hold."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING

from policy_service.domain.instant import DAY
from policy_service.lint.found import Found
from policy_service.lint.linted import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.engine.rules import Layer
    from policy_service.lint.linted import Linted, RankedPolicy

_QUARTER = 91 * DAY


def find(linted: Linted) -> Iterator[Found]:
    """Yield what has times in the coming year and sets the mode at none of them."""
    for ranked in linted.policies:
        seen = set(ranked.year.ranks)
        if len(seen) == len(ranked.layers):
            continue
        holding = {id(ranked.layers[rank]) for rank in seen}
        for part, layer in ranked.parts():
            if id(layer) in holding:
                continue
            starts = _next_starts(layer, *linted.year)
            if starts:
                name, place, length = name_of(part)
                by = _covering(ranked, starts)
                message = f"{name} is never in force in the next year: {by} covers all of its times"
                help_text = "give it a higher `priority`, change its times, or remove it"
                yield Found(place, message, help_text, length)


def _next_starts(layer: Layer, lo: int, hi: int) -> list[int]:
    """Return where the layer's occurrences begin: those of a quarter of the year tell enough, where there are any."""
    for end in (lo + _QUARTER, hi):
        starts = [max(start, lo) for source in layer.sources for start, _ in source.between(lo, end)]
        if starts:
            return starts
    return []


def _covering(ranked: RankedPolicy, starts: list[int]) -> str:
    """Name what holds most often where occurrences begin."""
    year = ranked.year
    layers = Counter(year.ranks[bisect_right(year.bounds, start) - 1] for start in starts)
    covering: Layer = ranked.layers[layers.most_common(1)[0][0]]
    part = ranked.part_of(covering)
    return "something stronger" if part is None else name_of(part)[0]
