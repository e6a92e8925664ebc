"""Verifying an API key, against the floor: one SHA-256 of its text and one look-up."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from time import perf_counter_ns
from typing import TYPE_CHECKING

from policy_service.adapters.system_clock import SystemClock
from policy_service.application.access_keys import AccessKeys
from policy_service.domain.api_key import ApiKey, digest_of, text_of
from policy_service.domain.caller import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from conftest import Recorder

    from policy_service.domain.audit import AuditEntry

_KEYS = 1_000
_CALLS = 20_000
_ROUNDS = 9
_MOST_FLOORS = 4.0


class _Held:
    """Keys that nobody changes."""

    def __init__(self, keys: Sequence[ApiKey]) -> None:
        self._held = keys

    async def all(self) -> Sequence[ApiKey]:
        return self._held

    async def add(self, key: ApiKey, entry: AuditEntry) -> None:
        """Change nothing."""

    async def succeed(self, key: ApiKey, entry: AuditEntry, *, until: int) -> bool:  # noqa: ARG002 - the port's
        return False

    async def revoke(self, ids: Sequence[str], at: int, entry: AuditEntry) -> None:
        """Change nothing."""

    async def used(self, last: Mapping[str, int]) -> None:
        """Note nothing."""

    def load(self) -> Sequence[ApiKey]:
        return self._held

    def save(self, keys: Sequence[ApiKey]) -> None:
        """Keep nothing."""


def _per_call(work: Callable[[str], object], texts: Sequence[str]) -> float:
    best = float("inf")
    for _ in range(_ROUNDS):
        start = perf_counter_ns()
        for _ in range(_CALLS // len(texts)):
            for text in texts:
                work(text)
        best = min(best, perf_counter_ns() - start)
    return best / _CALLS


def test_verifying_a_key_costs_a_few_floors(record: Recorder) -> None:
    """Every request pays it."""
    texts = [text_of(f"{number:08d}", f"{number:043d}") for number in range(_KEYS)]
    held = _Held([ApiKey(text[4:12], text[4:12], digest_of(text), frozenset({Scope.DECIDE}), 0) for text in texts])
    keys = AccessKeys(held, held, SystemClock())
    asyncio.run(keys.learn())
    by_digest = {digest_of(text): text for text in texts}
    floor = _per_call(lambda text: by_digest[sha256(text.encode()).hexdigest()], texts)
    ours = _per_call(keys.find, texts)
    record("verify an API key among 1,000", f"{ours / floor:.2f} x floor ({ours:.0f} ns)", f"≤ {_MOST_FLOORS} x")
    assert ours <= _MOST_FLOORS * floor
