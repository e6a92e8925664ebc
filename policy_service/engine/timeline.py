"""Layers to a timeline: at every instant the highest layer that covers it, materialised over a horizon."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from policy_service.domain.instant import DAY
from policy_service.engine.occurrences import united

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from policy_service.engine.occurrences import Stretch

HORIZON = 400 * DAY
"""How far ahead an answer's ``valid_until`` is searched, in seconds."""

AHEAD = HORIZON + 45 * DAY
"""How far ahead boundaries are materialised: ``valid_until`` of the coming weeks' questions lies in reach."""

LOOK_BACK = 35 * DAY
"""How far back instants are answered from the materialised stretch."""

NEVER = 1 << 62
"""Stands after the last boundary: beyond any instant that can be asked about."""

OUTSIDE = -1
"""Stands for the rank of instants before the home."""

_PARTS_KEPT = 64
_FORTNIGHT = 14 * DAY
_WEEK = 7 * DAY


TimelineKey: TypeAlias = "tuple[tuple[Source, ...], ...]"
"""The sources of a timeline's layers: equal keys draw equal timelines."""


class Source(Protocol):
    """What a layer is drawn from."""

    def between(self, lo: int, hi: int) -> list[Stretch]:
        """Return the stretches that touch ``[lo, hi)``, in order of their starts."""
        ...


class Drawn(NamedTuple):
    """A timeline over ``[lo, hi)``: from ``bounds[i]`` to ``bounds[i + 1]`` the layer ``ranks[i]`` holds.

    ``bounds`` has one entry more than ``ranks``: NEVER, because where the last layer ends is not known here.
    """

    lo: int
    hi: int
    bounds: list[int]
    ranks: list[int]

    def stretches(self) -> Iterator[tuple[int, int, int]]:
        """Yield start, end and rank of what holds, one stretch after the other; the last one ends at ``hi``."""
        return zip(self.bounds[:-1], [*self.bounds[1:-1], self.hi], self.ranks, strict=True)

    def run(self, at: int, values: Sequence[object]) -> tuple[int, int, int]:
        """Return the indexes of the stretch around an instant, and of the first and last that hold its value unbroken.

        ``values`` has one for each stretch.
        """
        here = first = last = bisect_right(self.bounds, at) - 1
        while first > 0 and values[first - 1] == values[here]:
            first -= 1
        while last + 1 < len(values) and values[last + 1] == values[here]:
            last += 1
        return here, first, last


class Timeline:
    """Layers by rank over all time. Rank 0 always holds; a higher rank hides the lower ones.

    ``home`` is the part that is kept at hand; it may be moved without changing any answer, because every other
    instant is drawn on demand from the same layers.
    """

    __slots__ = ("_parts", "home", "layers", "reach")

    def __init__(self, layers: TimelineKey, lo: int, hi: int) -> None:
        """Take the sources of the ranks from 1 on, and the horizon to keep at hand; an empty one keeps nothing."""
        self.layers = layers
        self._parts: OrderedDict[tuple[int, int], Drawn] = OrderedDict()
        self._settle(self.draw(lo, hi) if lo < hi else Drawn(lo, hi, [NEVER], []))

    def draw(self, lo: int, hi: int) -> Drawn:
        """Sweep the layers over ``[lo, hi)``."""
        return draw(self.layers, lo, hi)

    def around(self, at: int) -> Drawn:
        """Return a drawn part that holds ``[at, at + HORIZON)``: the home, or one drawn on demand."""
        home = self.home
        if home.lo <= at < home.hi - HORIZON:
            return home
        return self._part(at, HORIZON)

    def _part(self, at: int, length: int) -> Drawn:
        """Return a drawn part that holds ``[at, at + length)``."""
        block = at // length
        drawn = self._parts.get((length, block))
        if drawn is None:
            drawn = self._parts[length, block] = self.draw(block * length, (block + 2) * length)
            if len(self._parts) > _PARTS_KEPT:
                self._parts.popitem(last=False)
        return drawn

    def locate(self, at: int) -> tuple[int, int]:
        """Return the rank that holds at the instant, and until when (NEVER: beyond the horizon)."""
        lo, hi, bounds, ranks = self.home
        i = bisect_right(bounds, at)
        if at < lo or (bounds[i] == NEVER and at >= hi - HORIZON):
            for length in (_WEEK, HORIZON):  # most change within days: a question at a time, the year is not drawn
                _, _, bounds, ranks = self._part(at, length)
                i = bisect_right(bounds, at)
                if bounds[i] != NEVER:
                    break
        return ranks[i - 1], bounds[i]

    def roll(self, lo: int, hi: int) -> None:
        """Move the home to ``[lo, hi)``: drop the past, draw only what is new at its end."""
        home = self.home
        if (home.lo, home.hi) == (lo, hi):
            return
        if not home.ranks or not home.lo <= lo <= home.hi <= hi:
            self._settle(self.draw(lo, hi))
            return
        first = bisect_right(home.bounds, lo) - 1
        bounds = [lo, *home.bounds[first + 1 : -1]]
        ranks = home.ranks[first:]
        for bound, rank in zip(*self.draw(home.hi, hi)[2:], strict=False):
            if rank != ranks[-1]:
                bounds.append(bound)
                ranks.append(rank)
        self._settle(Drawn(lo, hi, [*bounds, NEVER], ranks))

    def _settle(self, home: Drawn) -> None:
        self.home = home
        self.reach = home.bounds, [OUTSIDE, *home.ranks]
        """The home as decisions look it up: with ``i = bisect_right(bounds, at)`` the rank is ``ranks[i]``."""


def touches(source: Source, lo: int, hi: int) -> bool:
    """Tell whether a source has anything in ``[lo, hi)``: near by first, as most windows come every week."""
    step = _FORTNIGHT
    while lo < hi:
        if source.between(lo, min(lo + step, hi)):
            return True
        lo, step = lo + step, step * 4
    return False


def draw(layers: TimelineKey, lo: int, hi: int) -> Drawn:
    """Sweep the stretches of the layers' sources over ``[lo, hi)``; rank 0 is beneath them."""
    return sweep([[s for source in layer for s in source.between(lo, hi)] for layer in layers], lo, hi)


def sweep(layers: Sequence[list[Stretch]], lo: int, hi: int) -> Drawn:
    """Sweep stretches by rank (``layers[0]`` has rank 1) over ``[lo, hi)`` into one timeline.

    The set of active layers is an integer with one bit a rank: an edge flips its layer's bit, the top bit holds.
    """
    edges: dict[int, int] = {}
    for rank, stretches in enumerate(layers, start=1):
        flips = dict.fromkeys(chain.from_iterable(united(stretches)), 1 << rank)
        for shared in edges.keys() & flips.keys():
            flips[shared] ^= edges[shared]
        edges |= flips
    bounds = [lo]
    ranks = [0]
    active = 1
    for edge in sorted(edges):
        if edge >= hi:
            break
        active ^= edges[edge]
        rank = active.bit_length() - 1
        if edge <= lo:
            ranks[-1] = rank
        elif rank != ranks[-1]:
            bounds.append(edge)
            ranks.append(rank)
    bounds.append(NEVER)
    return Drawn(lo, hi, bounds, ranks)


class Hours:
    """Whether any of some sources covers an instant: a timeline of two ranks."""

    __slots__ = ("timeline",)

    def __init__(self, sources: tuple[Source, ...], lo: int, hi: int) -> None:
        """Take the sources of the hours, and the horizon to keep at hand."""
        self.timeline = Timeline((sources,), lo, hi)

    def locate(self, at: int) -> tuple[bool, int]:
        """Tell whether the instant lies inside, and until when that stays so (NEVER: beyond the horizon)."""
        rank, until = self.timeline.locate(at)
        return rank == 1, until
