"""Times engines in turns: what else the machine does meets all of them."""

from __future__ import annotations

from collections import deque
from itertools import starmap
from time import perf_counter, process_time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from peers.peer import Loaded
    from peers.questions import Question

_ENOUGH_S = 0.2
"""For how long an engine is asked in a round, roughly."""
_LEAST = 20
"""Questions asked of the slowest."""
_LEAST_COMPARED, _COMPARED_S = 500, 10.0
"""Answers compared at least; more, up to all, for as long as that takes no longer than so many seconds."""


class DisagreementError(Exception):
    """A peer answers other than policy-service: what it does is not the same work, and is not to be timed."""


class Contestant(NamedTuple):
    """An engine with its policies, and the arguments of every question."""

    name: str
    loaded: Loaded
    arguments: Sequence[tuple[object, ...]]

    def seconds(self, count: int) -> float:
        """Return the processor time that so many answers took."""
        asked = starmap(self.loaded.answer, self.arguments[:count])
        began = process_time()
        deque(asked, maxlen=0)
        return process_time() - began


def contestant(name: str, loaded: Loaded, asked: Sequence[Question]) -> Contestant:
    """Make an engine ready. Raises DisagreementError where one of its answers differs from what is expected."""
    arguments = [loaded.ask(question) for question in asked]
    began = perf_counter()
    for number, (question, given) in enumerate(zip(asked, arguments, strict=True)):
        if loaded.allowed(loaded.answer(*given)) is not question.allowed:
            raise DisagreementError(disagreement(name, question))
        if number >= _LEAST_COMPARED and perf_counter() - began > _COMPARED_S:
            break
    return Contestant(name, loaded, arguments)


def disagreement(name: str, question: Question) -> str:
    """Say which question was answered otherwise than expected."""
    expected = "allowed" if question.allowed else "denied"
    asked = f"{question.charger} at {question.time} for a vehicle of class {question.vehicle_class}"
    return f"{name} does not agree: {asked} is to be {expected}"


def best_of(contestants: Iterable[Contestant], rounds: int) -> dict[str, float]:
    """Return nanoseconds an answer for each: the best of so many rounds, which they take in turns."""
    counted = [(each, _count(each)) for each in contestants]
    best: dict[str, float] = {}
    for _ in range(rounds):
        for each, count in counted:
            took = each.seconds(count) / count * 1e9
            best[each.name] = min(took, best.get(each.name, took))
    return best


def _count(each: Contestant) -> int:
    """Return how many questions it is asked in a round, of an equal mix for all."""
    one = each.seconds(_LEAST) / _LEAST
    return max(_LEAST, min(len(each.arguments), int(_ENOUGH_S / max(one, 1e-9))))
