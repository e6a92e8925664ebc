"""Look-ups in the database: those that come together share one query, and a database that fails is left in peace."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from policy_service.application.circuit_breaker import CircuitBreaker
from policy_service.application.patiently import patiently
from policy_service.application.ports import StoreUnavailableError

if TYPE_CHECKING:
    from policy_service.application.ports import IdentifierRepository, Keys
    from policy_service.domain.registration import Registration

LARGEST = 500
"""Identifiers in one query."""
PATIENCE_S = 1.0
"""How long a look-up may take before the database counts as gone: a driver waits in front of the charger."""


class LookupBatches:
    """Asks the database one query at a time: however many identifiers come in, it never sees more.

    Those that come in while a query is under way wait for it and go together in the next. Raises
    StoreUnavailableError; after some failures in a row at once, without asking, until it is time to try again.
    """

    def __init__(self, identifiers: IdentifierRepository, breaker: CircuitBreaker | None = None) -> None:
        """Ask the repository."""
        self._identifiers = identifiers
        self._breaker = breaker or CircuitBreaker()
        self._waiting: dict[Keys, asyncio.Future[Registration | None]] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def available(self) -> bool:
        """Tell whether the database answered when it was last asked."""
        return not self._breaker.is_open

    def recovered(self) -> None:
        """Ask again from now on: the database has answered somebody else."""
        self._breaker.succeeded()

    async def find(self, keys: Keys) -> Registration | None:
        """Return what the database has. Raises StoreUnavailableError."""
        if not self._breaker.lets_through():
            message = "the database has not answered lately"
            raise StoreUnavailableError(message)
        answer = self._waiting.get(keys)
        if answer is None:
            answer = self._waiting[keys] = asyncio.get_running_loop().create_future()
        if self._task is None:
            self._task = asyncio.create_task(self._ask_all(), name="look-ups")
        return await asyncio.shield(answer)  # one who goes away takes nothing from those who wait for the same

    async def _ask_all(self) -> None:
        try:
            while self._waiting:
                asked = list(self._waiting)[:LARGEST]
                answers = [self._waiting.pop(keys) for keys in asked]
                await self._ask(asked, answers)
        finally:
            self._task = None

    async def _ask(self, asked: list[Keys], answers: list[asyncio.Future[Registration | None]]) -> None:
        try:
            async with patiently(PATIENCE_S):
                found = await self._identifiers.find_each(asked)
        except Exception as error:  # noqa: BLE001 - whatever it was, nobody may wait for ever
            self._breaker.failed()
            for answer in answers:
                unavailable = StoreUnavailableError(f"identifiers could not be looked up ({type(error).__name__})")
                answer.set_exception(unavailable)
                answer.exception()  # seen: those who asked may have gone
            return
        self._breaker.succeeded()
        for answer, registration in zip(answers, found, strict=True):
            answer.set_result(registration)
