"""Requests for a decision that can be answered at once, head and body in, body out, and nothing to wait for."""

from __future__ import annotations

import logging
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import structlog
from structlog.contextvars import bind_contextvars, unbind_contextvars

from policy_service.application.plan_holder import NoPlanError
from policy_service.application.ports import StoreUnavailableError
from policy_service.application.tracing import PassedOn
from policy_service.domain.identifier import IdentifierError
from policy_service.entrypoints.http.edge import new_request_id
from policy_service.entrypoints.http.hot.answer import Answers
from policy_service.entrypoints.http.hot.head import KnownHeads
from policy_service.entrypoints.http.hot.question import question_of
from policy_service.entrypoints.http.permissions import PERMISSIONS
from policy_service.entrypoints.http.problems import no_store, problem_response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from policy_service.application.queries.decide import Ready
    from policy_service.application.question import Answered
    from policy_service.application.service import Service
    from policy_service.domain.caller import Caller
    from policy_service.entrypoints.http.hot.head import Head, Header

    Measure = Callable[[str, str, int, float], None]

METHOD, PATH = b"POST", b"/v1/decide"
ANSWERED = ((b"content-type", b"application/json"),)
"""Headers of an answer, of status 200."""
_REQUEST_ID = "request.id"
_ROUTE = PATH.decode()
_SCOPES = PERMISSIONS["POST", _ROUTE].scopes


class Reply(NamedTuple):
    """An answer as it leaves; ``headers`` but for its length and the request's id."""

    status: int
    headers: tuple[Header, ...]
    request_id: bytes
    body: bytes


class Lane:
    """Answers, or leaves the request to the long way, as if it had never seen it."""

    def __init__(self, service: Service) -> None:
        """Ask the service."""
        self._callers, self._decide, self._metrics = service.callers, service.decide, service.metrics
        self._answers = Answers()
        self.heads = KnownHeads()
        self._admitted: Caller | None = None
        logged = structlog.get_logger("policy_service.http").is_enabled_for(logging.DEBUG)
        self.open = not logged and type(service.tracing) is PassedOn
        """Whether anything is answered here: spans, and lines about each request, are made on the long way."""

    def answer(self, head: Head, body: bytes) -> Reply | Coroutine[None, None, Reply] | None:
        """Return the answer to a ``POST /v1/decide``, at once or when its event is on the disk.

        None: not from here; whatever is refused or not well-formed is answered elsewhere.
        """
        began = perf_counter()
        caller = self._callers.known(head.key_digest)
        if caller is None or not self._admits(caller):
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
            return None
        if ready.answered.decision.denied:
            return self._denied(ready, request_id, began)
        self._decide.settle(ready)
        return self._told(ready.answered, request_id, began, self._metrics.answered_at_once)

    def _admits(self, caller: Caller) -> bool:
        """Tell whether the caller may ask about every charger; it is mostly the one who has asked last."""
        if caller is self._admitted:
            return True
        bound = caller.chargers is not None or caller.fleet is not None or caller.source is not None
        if bound or not caller.may(_SCOPES):
            return False
        self._admitted = caller
        return True

    def _told(self, answered: Answered, request_id: str, began: float, measure: Measure) -> Reply:
        reply = Reply(200, ANSWERED, request_id.encode(), self._answers.body(answered))
        measure("POST", _ROUTE, 200, perf_counter() - began)
        return reply

    def _denied(self, ready: Ready, request_id: str, began: float) -> Reply | Coroutine[None, None, Reply]:
        bind_contextvars(**{_REQUEST_ID: request_id})
        waiting = self._decide.settle(ready)
        unbind_contextvars(_REQUEST_ID)  # the next request comes in the same context
        if waiting is None:
            return self._told(ready.answered, request_id, began, self._metrics.answered_at_once)
        return self._when_recorded(waiting, ready.answered, request_id, began)

    async def _when_recorded(
        self, waiting: Awaitable[None], answered: Answered, request_id: str, began: float
    ) -> Reply:
        bind_contextvars(**{_REQUEST_ID: request_id})
        self._metrics.asked()
        try:
            await waiting
        except StoreUnavailableError:
            return self._refused(request_id, began)
        return self._told(answered, request_id, began, self._metrics.answered)

    def _refused(self, request_id: str, began: float) -> Reply:
        response = problem_response(no_store(), request_id)
        headers = tuple(header for header in response.raw_headers if header[0] != b"content-length")
        self._metrics.answered("POST", _ROUTE, response.status_code, perf_counter() - began)
        return Reply(response.status_code, headers, request_id.encode(), bytes(response.body))
