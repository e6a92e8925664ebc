"""Adherence: how punctually chargers came into the modes that their policies want, and which did not."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.domain.access import AccessMode


class PastSwitch(NamedTuple):
    """A change of mode that was due, and what became of it. Instants in epoch milliseconds."""

    charger: str
    labels: Mapping[str, str]
    at: int
    mode: AccessMode
    transition_id: str
    from_mode: AccessMode | None
    """None where the charger had never been told any mode: then nothing had to be switched by a time."""
    switched_at: int | None = None
    """When the charger was first seen in the mode; None where it never was."""
    after_offline: bool = False
    """It could not be reached at the instant, and was seen there when it was back."""
    diverged: bool = False
    next_at: int | None = None
    """From when on the charger was told another mode; None where it was not yet."""


class Fate(StrEnum):
    """What became of a switch."""

    ON_TIME = "on_time"
    LATE = "late"
    OFFLINE = "offline"
    """Late, as the charger could not be reached."""
    DIVERGED = "diverged"
    NOT_SEEN = "not_seen"
    """Nobody has said that it got there."""
    SUPERSEDED = "superseded"
    """Overtaken by the next before it had time."""
    UNSUPPORTED = "unsupported"
    PENDING = "pending"
    """Not seen yet, and still in time."""


MISSES = frozenset({Fate.LATE, Fate.OFFLINE, Fate.DIVERGED, Fate.NOT_SEEN})
COUNTED = MISSES | {Fate.ON_TIME}


def fate(switch: PastSwitch, *, switchable: bool, now: int, on_time_ms: int, within_ms: int) -> Fate:
    """Return what became of a switch; it was superseded if another followed within ``within_ms``."""
    late_ms = lateness_ms(switch)
    if late_ms is not None:
        if late_ms <= on_time_ms:
            return Fate.ON_TIME
        return Fate.OFFLINE if switch.after_offline else Fate.LATE
    if switch.next_at is not None and switch.next_at < switch.at + within_ms:
        return Fate.SUPERSEDED
    if not switchable:
        return Fate.UNSUPPORTED
    if now <= switch.at + on_time_ms:
        return Fate.PENDING
    return Fate.DIVERGED if switch.diverged else Fate.NOT_SEEN


def lateness_ms(switch: PastSwitch) -> int | None:
    """Return by how much a switch was late; ahead of time is not late at all. None where it was not seen."""
    return None if switch.switched_at is None else max(0, switch.switched_at - switch.at)


class Miss(NamedTuple):
    """A switch that was late, or not seen at all."""

    switch: PastSwitch
    fate: Fate


@dataclass(slots=True)
class Adherence:
    """What switches come to, one after the other."""

    counts: dict[Fate, int] = field(default_factory=lambda: dict.fromkeys(Fate, 0))
    late_ms: list[int] = field(default_factory=list[int])

    def count(self, switch: PastSwitch, became: Fate) -> None:
        """Take in a switch."""
        self.counts[became] += 1
        late = lateness_ms(switch)
        if late is not None:
            self.late_ms.append(late)

    @property
    def switches(self) -> int:
        """Return how many count: they had time, and were still due."""
        return sum(self.counts[each] for each in COUNTED)

    @property
    def share_on_time(self) -> float | None:
        """Return the share of those that were on time; None where there was none."""
        return self.counts[Fate.ON_TIME] / self.switches if self.switches else None

    def late_s(self, shares: Sequence[float]) -> Sequence[float | None]:
        """Return by how many seconds such shares of the switches that were seen were late at most (nearest rank)."""
        ranked = sorted(self.late_ms)
        return [ranked[max(0, ceil(share * len(ranked)) - 1)] / 1000 if ranked else None for share in shares]
