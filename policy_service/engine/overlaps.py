"""Overlaps within one level: where two rules of equal weight hold at once and differ, the text is ambiguous."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from policy_service.engine.rules import Layer  # noqa: TC001 - a NamedTuple's field
from policy_service.engine.timeline import AHEAD, LOOK_BACK

if TYPE_CHECKING:
    from collections.abc import Sequence


class Overlap(NamedTuple):
    """Two layers that differ and hold at once, first from the instant ``at`` on (epoch seconds)."""

    first: Layer
    second: Layer
    at: int


def overlaps(layers: Sequence[Layer], lo: int, hi: int) -> list[Overlap]:
    """Return the first overlap in ``[lo, hi)`` of every pair of layers that share level and priority and differ."""
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
    active: list[tuple[int, int]] = []
    for start, end, order in stretches:
        active = [(until, other) for until, other in active if until > start]
        for _, other in active:
            pair = (min(order, other), max(order, other))
            if pair not in found and group[order].differs(group[other]):
                found[pair] = start
        active.append((end, order))
    return [Overlap(group[first], group[second], at) for (first, second), at in found.items()]


def conflict_horizon(now: int) -> tuple[int, int]:
    """Return the stretch of time that is searched for overlaps: what the plan answers from."""
    return now - LOOK_BACK, now + AHEAD
