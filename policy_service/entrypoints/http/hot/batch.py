"""``POST /v1/decide/batch`` where each of its questions is beyond doubt: its answers are found together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.domain.identifier import IdentifierError
from policy_service.entrypoints.http.hot.answer import Answers
from policy_service.entrypoints.http.hot.question import MOST_BYTES_OF_MANY, asked_at_once, question_of
from policy_service.entrypoints.http.hot.reply import Replies

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from policy_service.application.question import Question
    from policy_service.application.service import Service
    from policy_service.entrypoints.http.hot.head import Head
    from policy_service.entrypoints.http.hot.reply import Reply


class BatchLane:
    """Answers batches whose every question can be answered; where one gets a problem, the long way words it."""

    most_bytes = MOST_BYTES_OF_MANY

    def __init__(self, service: Service, route: str) -> None:
        """Ask the service."""
        self._service = service
        self._answers = Answers()
        self._replies = Replies(service.metrics, route)

    def answer(self, head: Head, body: bytes) -> Coroutine[None, None, Reply] | None:
        """Return the answer, which is there when every denial in it is on the disk. None: not from here.

        What this process does not know of an identifier is looked up meanwhile, as on the long way.
        """
        questions = self._questions(head, body)
        if questions is None:
            return None
        self._service.metrics.asked()
        return self._replies.in_time(head, self._body(questions))

    def _questions(self, head: Head, body: bytes) -> Sequence[Question] | None:
        found = asked_at_once(body)
        if found is None:
            return None
        questions: list[Question] = []
        for each in found.requests:
            question = question_of(each, head, record=found.record is not False)
            if question is None:
                return None
            try:
                self._service.decide.check(question)
            except IdentifierError:
                return None
            questions.append(question)
        return questions

    async def _body(self, questions: Sequence[Question]) -> bytes:
        told = await self._service.decide.many(questions)
        return b'{"decisions":[%b]}' % b",".join([self._answers.body(each) for each in told])
