"""Answers of the short ways as they leave, counted, and refused in the words of the long way."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import structlog
from structlog.contextvars import bind_contextvars

from policy_service.entrypoints.http.app import problem_of
from policy_service.entrypoints.http.problems import Problem, ending, problem_response

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from policy_service.application.service import Metrics
    from policy_service.entrypoints.http.hot.head import Head, Header
    from policy_service.entrypoints.http.problems import ProblemError

METHOD = "POST"
CLOSE = (b"connection", b"close")
_JSON = ((b"content-type", b"application/json"),)
_log = structlog.get_logger("policy_service.http")


class Reply(NamedTuple):
    """An answer as it leaves; ``headers`` but for its length and the request's id."""

    status: int
    headers: tuple[Header, ...]
    """Those of many answers."""
    request_id: bytes
    body: bytes
    own: tuple[Header, ...] = ()
    """Those of this answer alone."""


class Replies:
    """The answers of one route; each is counted as it is made."""

    def __init__(self, metrics: Metrics, route: str) -> None:
        """``route`` is the template by which it is counted."""
        self._metrics = metrics
        self._route = route

    def told(self, head: Head, body: bytes, own: tuple[Header, ...] = ()) -> Reply:
        """Return an answer in JSON."""
        self._metrics.answered(METHOD, self._route, 200, perf_counter() - head.began)
        return Reply(200, _JSON, head.request_id, body, own)

    async def in_time(self, head: Head, work: Awaitable[bytes], own: tuple[Header, ...] = ()) -> Reply:
        """Return the answer whose body has to be waited for, or in its place why there is none."""
        bind_contextvars(**{"request.id": head.request_id.decode()})
        try:
            return self.told(head, await work, own)
        except asyncio.CancelledError:  # the service ends and waits no longer, as it was told
            return self._refused(head, ending())
        except Exception as error:  # noqa: BLE001 - nobody else is there to answer for whatever went wrong
            problem = problem_of(error)
            reply = self._refused(head, problem)
            if problem.kind is Problem.INTERNAL:
                told = {"http.request.method": METHOD, "http.route": self._route}
                _log.error("request failed", exc_info=error, **told, **{"http.response.status_code": reply.status})
            return reply

    def _refused(self, head: Head, error: ProblemError) -> Reply:
        response = problem_response(error, head.request_id.decode())
        headers = tuple((name, value) for name, value in response.raw_headers if name != b"content-length")
        self._metrics.answered(METHOD, self._route, response.status_code, perf_counter() - head.began)
        return Reply(response.status_code, headers, head.request_id, bytes(response.body))
