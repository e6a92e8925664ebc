"""Questions of ``POST /v1/decide`` that can be answered at once, head and body in, body out, nothing to wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.application.plan_holder import NoPlanError
from policy_service.domain.identifier import IdentifierError
from policy_service.entrypoints.http.hot.answer import Answers
from policy_service.entrypoints.http.hot.question import MOST_BYTES, asked, question_of
from policy_service.entrypoints.http.hot.reply import Replies

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from policy_service.application.queries.decide import Ready
    from policy_service.application.service import Service
    from policy_service.entrypoints.http.hot.head import Head
    from policy_service.entrypoints.http.hot.reply import Reply


class DecideLane:
    """Answers, or leaves the request to the long way, as if it had never seen it."""

    most_bytes = MOST_BYTES

    def __init__(self, service: Service, route: str) -> None:
        """Ask the service."""
        self._service = service
        self._answers = Answers()
        self._replies = Replies(service.metrics, route)

    def answer(self, head: Head, body: bytes) -> Reply | Coroutine[None, None, Reply] | None:
        """Return the answer.

        That of a denial is there when its event is on the disk. None: not from here; whatever is refused or not
        well-formed is answered elsewhere.
        """
        found = asked(body)
        question = None if found is None else question_of(found, head)
        if question is None:
            return None
        decide = self._service.decide
        try:
            ready = decide.at_hand(question)
        except (IdentifierError, NoPlanError):
            return None
        if ready is None:
            return None
        self._service.metrics.asked()
        if ready.answered.decision.denied:
            return self._replies.in_time(head, self._settled(ready))
        decide.note(ready)
        return self._replies.told(head, self._answers.body(ready.answered))

    async def _settled(self, ready: Ready) -> bytes:
        await self._service.decide.settle(ready)
        return self._answers.body(ready.answered)
