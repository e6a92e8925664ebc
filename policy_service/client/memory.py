"""What the client remembers of answers, for when there are none: bounded, and under keyed hashes of identifiers."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from hashlib import blake2b
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from policy_service.domain.access import OnUnreachable
from policy_service.domain.bundle import HOLDS_S

if TYPE_CHECKING:
    from policy_service.client.asked import Asked

T = TypeVar("T")
_MOST = 20_000
"""Answers, and as many vehicles: some 10 MB."""
_MOST_CHARGERS = 10_000
_KEY_BYTES = 32


class Remembered(NamedTuple, Generic[T]):
    """An answer of the service, and how long it holds; instants are epoch seconds."""

    answer: T
    answered_at: int
    valid_until: int


class Memory(Generic[T]):
    """Answers by door, charger and identifier; the least recently used go first. Its key is this process's alone."""

    def __init__(self, most: int = _MOST) -> None:
        """Remember at most so many answers."""
        self._most = most
        self._key = secrets.token_bytes(_KEY_BYTES)
        self._answers: OrderedDict[bytes, Remembered[T]] = OrderedDict()
        self._own: OrderedDict[bytes, None] = OrderedDict()
        self._on_unreachable: OrderedDict[str, OnUnreachable] = OrderedDict()

    def remember(self, door: str, asked: Asked, answer: T, *, now: int, valid_until: int | None) -> None:
        """Remember an answer until it ends, and for 48 hours at most."""
        key, end = self._name(door, asked.charger, asked), now + HOLDS_S
        self._answers.pop(key, None)
        if valid_until is not None and valid_until <= now:
            return
        end = end if valid_until is None else min(end, valid_until)
        _put(self._answers, key, Remembered(answer, now, end), self._most)

    def recall(self, door: str, asked: Asked, at: int) -> Remembered[T] | None:
        """Return the answer to the same question, if it still holds."""
        key = self._name(door, asked.charger, asked)
        found = self._answers.get(key)
        if found is None or not found.answered_at <= at < found.valid_until:
            return None
        self._answers.move_to_end(key)
        return found

    def is_own(self, asked: Asked) -> bool:
        """Tell whether the service has called the identifier one of the depot's own when it last judged it."""
        return self._name("", "", asked) in self._own

    def judged(self, asked: Asked, *, own: bool) -> None:
        """Take note of what the service has called the identifier."""
        key = self._name("", "", asked)
        self._own.pop(key, None)
        if own:
            _put(self._own, key, None, self._most)

    def on_unreachable(self, charger: str) -> OnUnreachable:
        """Return what the charger's policy wants while the service cannot be reached; what is not known is denied."""
        return self._on_unreachable.get(charger, OnUnreachable.DENY)

    def wants(self, charger: str, wanted: OnUnreachable) -> None:
        """Take note of what the charger's policy wants."""
        self._on_unreachable.pop(charger, None)
        _put(self._on_unreachable, charger, wanted, _MOST_CHARGERS)

    def _name(self, door: str, charger: str, asked: Asked) -> bytes:
        """Name a question by what its answer depends on; the type counts as far as it tells PINs apart."""
        digest = blake2b(key=self._key, digest_size=16)
        kind = "pin" if asked.is_pin else "untyped" if asked.type is None else "typed"
        for part in (door, charger, kind, asked.form):
            digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
        return digest.digest()


K = TypeVar("K")
V = TypeVar("V")


def _put(kept: OrderedDict[K, V], key: K, value: V, most: int) -> None:
    kept[key] = value
    if len(kept) > most:
        kept.popitem(last=False)
