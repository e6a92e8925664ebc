"""Questions of ``POST /v1/decide`` that are beyond doubt, head and body in, answer out."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from structlog.contextvars import bind_contextvars

from policy_service.application.plan_holder import NoPlanError
from policy_service.domain.identifier import IdentifierError
from policy_service.entrypoints.http.hot.answer import Answers
from policy_service.entrypoints.http.hot.question import MOST_BYTES, question_of
from policy_service.entrypoints.http.hot.reply import Replies
from policy_service.entrypoints.http.request_ids import new_request_id

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from policy_service.application.question import Question
    from policy_service.application.service import Service
    from policy_service.entrypoints.http.hot.door import Door
    from policy_service.entrypoints.http.hot.head import Head
    from policy_service.entrypoints.http.hot.reply import Reply, Said


class DecideLane:
    """Answers, or leaves the request to the long way, as if it had never seen it."""

    most_bytes = MOST_BYTES

    def __init__(self, service: Service, door: Door, route: str) -> None:
        """Ask the service, for whom the door lets in."""
        self._door, self._decide = door, service.decide
        self._answers = Answers()
        self._replies = Replies(service.metrics, route)

    def answer(self, head: Head, body: bytes) -> Reply | Coroutine[None, None, Reply] | None:
        """Return the answer to a ``POST /v1/decide``: at once, when its event is on the disk, or its identifier found.

        None: not from here; whatever is refused or not well-formed is answered elsewhere.
        """
        began = perf_counter()
        caller = self._door.caller(head)
        if caller is None:
            return None
        request_id = new_request_id() if head.request_id is None else head.request_id.decode()
        question = question_of(body, caller.name, request_id)
        if question is None:
            return None
        try:
            ready = self._decide.at_hand(question)
        except (IdentifierError, NoPlanError):
            return None
        if ready is None:
            return self._replies.in_time(request_id, began, self._looked_up(question))
        recorded = self._decide.settle(ready)
        return self._replies.when(recorded, request_id, began, (self._answers.body(ready.answered), ()))

    async def _looked_up(self, question: Question) -> Said:
        bind_contextvars(**{"request.id": question.request_id})  # whatever is logged on the way, in a task of its own
        return self._answers.body(await self._decide(question)), ()
