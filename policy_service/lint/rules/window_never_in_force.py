"""PS201: a window or exception that something stronger covers whenever it would hold."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING

from policy_service.lint.found import Found
from policy_service.lint.linted import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.engine.rules import Layer
    from policy_service.lint.linted import Linted, RankedPolicy

_TELLING = 84


def find(linted: Linted) -> Iterator[Found]:
    """Yield what has times in the coming year and sets the mode at none of them."""
    for ranked in linted.policies:
        seen = linted.ranks(ranked.timeline)
        if len(seen) == len(ranked.layers):
            continue
        holding = {id(ranked.layers[rank]) for rank in seen}
        for part, layer in ranked.parts():
            if id(layer) in holding:
                continue
            starts = [max(start, linted.now) for source in layer.sources for start, _ in source.between(*linted.year)]
            if starts:
                name, place, length = name_of(part)
                by = _covering(ranked, starts)
                message = f"{name} is never in force in the next year: {by} covers all of its times"
                help_text = "give it a higher `priority`, change its times, or remove it"
                yield Found(place, message, help_text, length)


def _covering(ranked: RankedPolicy, starts: list[int]) -> str:
    """Name what holds most often where the next occurrences begin: a dozen weeks of a window of every day tell it."""
    drawn = ranked.timeline.home
    layers = Counter(drawn.ranks[bisect_right(drawn.bounds, start) - 1] for start in sorted(starts)[:_TELLING])
    covering: Layer = ranked.layers[layers.most_common(1)[0][0]]
    part = ranked.part_of(covering)
    return "something stronger" if part is None else name_of(part)[0]
