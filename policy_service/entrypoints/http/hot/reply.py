"""Answers of the short ways as they leave, counted, and refused in the words of the long way."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, TypeAlias

import msgspec
import structlog

from policy_service.entrypoints.http.failures import problem_of
from policy_service.entrypoints.http.hot.head import Header
from policy_service.entrypoints.http.problems import Problem, ending, problem_document

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine

    from policy_service.application.service import Metrics
    from policy_service.entrypoints.http.problems import ProblemError

METHOD = "POST"
ANSWERED = ((b"content-type", b"application/json"),)
"""Headers of an answer, of status 200."""
CLOSE = (b"connection", b"close")
_log = structlog.get_logger("policy_service.http")


class Reply(msgspec.Struct, gc=False):
    """An answer as it leaves; ``headers`` but for its length and the request's id."""

    status: int
    headers: tuple[Header, ...]
    """Those of many answers."""
    request_id: str
    body: bytes
    own: tuple[Header, ...] = ()
    """Those of this answer alone."""


Said: TypeAlias = "tuple[bytes, tuple[Header, ...]]"
"""The body of an answer, and the headers of this answer alone."""


_NOTHING: Said = b"", ()
"""Stands in for what is said where that is what is waited for."""


class Replies:
    """The answers of one route; each is counted as it is made. ``began`` is when, by the performance counter."""

    def __init__(self, metrics: Metrics, route: str) -> None:
        """``route`` is the template by which it is counted."""
        self._metrics = metrics
        self._route = route
        self._answered = metrics.seconds_of(METHOD, route, 200)

    def when(
        self, recorded: Awaitable[None] | None, request_id: str, began: float, said: Said
    ) -> Reply | Coroutine[None, None, Reply]:
        """Return the answer, which is not to leave before its event is recorded."""
        if recorded is None:
            return self.at_once(request_id, began, said)
        return self.in_time(request_id, began, recorded, said)

    def at_once(self, request_id: str, began: float, said: Said) -> Reply:
        """Return an answer that nothing had to be waited for."""
        reply = Reply(200, ANSWERED, request_id, said[0], said[1])
        self._answered(perf_counter() - began)
        return reply

    async def in_time(
        self, request_id: str, began: float, waiting: Awaitable[Said | None], said: Said = _NOTHING
    ) -> Reply:
        """Return the answer that has to be waited for, or what is said by then; in its place why there is none."""
        self._metrics.asked()
        try:
            body, own = await waiting or said
            reply = Reply(200, ANSWERED, request_id, body, own)
        except asyncio.CancelledError:  # the service ends and waits no longer, as it was told
            reply = _refusal(request_id, ending())
        except Exception as error:  # noqa: BLE001 - nobody else is there to answer for whatever went wrong
            reply = self._failed(request_id, error)
        self._metrics.answered(METHOD, self._route, reply.status, perf_counter() - began)
        return reply

    def _failed(self, request_id: str, error: Exception) -> Reply:
        problem = problem_of(error)
        reply = _refusal(request_id, problem)
        if problem.kind is Problem.INTERNAL:
            told = {"http.request.method": METHOD, "http.route": self._route, "request.id": request_id}
            _log.error("request failed", exc_info=error, **told, **{"http.response.status_code": reply.status})
        return reply


def _refusal(request_id: str, error: ProblemError) -> Reply:
    document = problem_document(error, request_id)
    return Reply(document.status, document.headers, request_id, document.body)
