"""Overlaps within one level: where two rules of equal weight hold at once and differ, the text is ambiguous."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

from policy_service.domain.access import AccessMode
from policy_service.engine.rules import Layer  # noqa: TC001 - a NamedTuple's field
from policy_service.engine.timeline import AHEAD, LOOK_BACK

if TYPE_CHECKING:
    from collections.abc import Sequence


MOST_OVERLAPS = 1_000
"""Pairs of one group that are told: with more, a policy has one mistake many times."""


class Overlap(NamedTuple):
    """Two layers that differ and hold at once, first from the instant ``at`` on (epoch seconds)."""

    first: Layer
    second: Layer
    at: int


def overlaps(layers: Sequence[Layer], lo: int, hi: int) -> list[Overlap]:
    """Return the first overlap in ``[lo, hi)`` of every pair of layers that share level and priority and differ.

    Of each level and priority no more than MOST_OVERLAPS pairs are returned, those that meet first.
    """
    groups: dict[tuple[int, int], list[Layer]] = {}
    for layer in layers:
        groups.setdefault((layer.level, layer.priority), []).append(layer)
    found: list[Overlap] = []
    for group in groups.values():
        if any(layer.differs(group[0]) for layer in group):
            found += _in_group(group, lo, hi)
    return found


def _in_group(group: Sequence[Layer], lo: int, hi: int) -> list[Overlap]:
    stretches = sorted(
        (max(start, lo), end, order)
        for order, layer in enumerate(group)
        for source in layer.sources
        for start, end in source.between(lo, hi)
    )
    found: dict[tuple[int, int], int] = {}
    kinds = [_kind(layer) for layer in group]
    holding: dict[object, list[tuple[int, int]]] = {}
    for start, end, order in stretches:
        for kind in list(holding):
            _drop_ended(holding, kind, start)
            if kind != kinds[order]:
                for _, other in holding.get(kind, ()):
                    found.setdefault((min(order, other), max(order, other)), start)
        if len(found) >= MOST_OVERLAPS:
            break
        heappush(holding.setdefault(kinds[order], []), (end, order))
    return [Overlap(group[first], group[second], at) for (first, second), at in found.items()][:MOST_OVERLAPS]


def _kind(layer: Layer) -> object:
    """Return what is equal for layers that do not differ: only unlike ones need be compared, pair by pair."""
    return layer.mode, layer.allow if layer.mode is AccessMode.MANAGED else None


def _drop_ended(holding: dict[object, list[tuple[int, int]]], kind: object, now: int) -> None:
    ends = holding[kind]
    while ends and ends[0][0] <= now:
        heappop(ends)
    if not ends:
        del holding[kind]


def conflict_horizon(now: int) -> tuple[int, int]:
    """Return the stretch of time that is searched for overlaps: what the plan answers from."""
    return now - LOOK_BACK, now + AHEAD
