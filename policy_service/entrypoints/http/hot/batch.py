"""``POST /v1/decide/batch`` where each of its questions is beyond doubt: its answers are found together."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from structlog.contextvars import bind_contextvars

from policy_service.domain.identifier import IdentifierError
from policy_service.entrypoints.http.hot.answer import Answers
from policy_service.entrypoints.http.hot.question import MOST_BYTES_OF_MANY, questions_of
from policy_service.entrypoints.http.hot.reply import Replies
from policy_service.entrypoints.http.request_ids import new_request_id

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from policy_service.application.question import Question
    from policy_service.application.service import Service
    from policy_service.entrypoints.http.hot.door import Door
    from policy_service.entrypoints.http.hot.head import Head
    from policy_service.entrypoints.http.hot.reply import Reply, Said


class BatchLane:
    """Answers batches whose every question can be answered; where one gets a problem, the long way words it."""

    most_bytes = MOST_BYTES_OF_MANY

    def __init__(self, service: Service, door: Door, route: str) -> None:
        """Ask the service, for whom the door lets in."""
        self._door, self._decide = door, service.decide
        self._answers = Answers()
        self._replies = Replies(service.metrics, route)

    def answer(self, head: Head, body: bytes) -> Coroutine[None, None, Reply] | None:
        """Return the answer, which is there when every denial in it is on the disk. None: not from here.

        What this process does not know of an identifier is looked up meanwhile, as on the long way.
        """
        began = perf_counter()
        caller = self._door.caller(head)
        if caller is None:
            return None
        request_id = new_request_id() if head.request_id is None else head.request_id.decode()
        questions = questions_of(body, caller.name, request_id)
        if questions is None or not self._in_good_form(questions):
            return None
        return self._replies.in_time(request_id, began, self._said(questions, request_id))

    def _in_good_form(self, questions: Sequence[Question]) -> bool:
        try:
            for question in questions:
                self._decide.check(question)
        except IdentifierError:
            return False
        return True

    async def _said(self, questions: Sequence[Question], request_id: str) -> Said:
        bind_contextvars(**{"request.id": request_id})  # whatever is logged on the way, in a task of its own
        told = await self._decide.many(questions)
        return b'{"decisions":[%b]}' % b",".join([self._answers.body(each) for each in told]), ()
