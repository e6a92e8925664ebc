"""Requests for a decision that can be answered at once, head and body in, body out, and nothing to wait for."""

from __future__ import annotations

import logging
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import structlog
from msgspec import UNSET
from structlog.contextvars import bind_contextvars

from policy_service.application.plan_holder import NoPlanError
from policy_service.application.ports import StoreUnavailableError
from policy_service.application.question import Question
from policy_service.application.tracing import PassedOn
from policy_service.domain.identifier import IdentifierError
from policy_service.entrypoints.http.body import is_json
from policy_service.entrypoints.http.edge import REQUEST_ID, new_request_id
from policy_service.entrypoints.http.hot.answer import Answers
from policy_service.entrypoints.http.hot.question import asked, instant
from policy_service.entrypoints.http.permissions import PERMISSIONS
from policy_service.entrypoints.http.problems import no_store, problem_response

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from policy_service.application.queries.decide import Ready
    from policy_service.application.question import Answered
    from policy_service.application.service import Service
    from policy_service.domain.caller import Caller
    from policy_service.entrypoints.http.hot.question import Asked

METHOD, PATH = b"POST", b"/v1/decide"
_ROUTE = PATH.decode()
_SCOPES = PERMISSIONS["POST", _ROUTE].scopes
_PLAIN = frozenset((b"host", b"user-agent", b"accept", b"accept-encoding", b"connection", b"content-length"))
"""What heads say that a decision has no use for."""
_JSON = b"application/json"
_JSON_REPLY = ((b"content-type", _JSON),)
_MOST_KEY_BYTES = 512


Header = tuple[bytes, bytes]


class Reply(NamedTuple):
    """An answer as it leaves; ``headers`` but for its length and the request's id."""

    status: int
    headers: tuple[Header, ...]
    request_id: bytes
    body: bytes


class _Head(NamedTuple):
    """What a head says that matters here."""

    secret: str | None
    request_id: bytes


class Lane:
    """Answers, or leaves the request to the long way, as if it had never seen it."""

    def __init__(self, service: Service) -> None:
        """Ask the service."""
        self._service = service
        self._answers = Answers()
        logged = structlog.get_logger("policy_service.http").is_enabled_for(logging.DEBUG)
        self.open = not logged and type(service.tracing) is PassedOn
        """Whether anything is answered here: spans, and lines about each request, are made on the long way."""

    def answer(self, headers: Sequence[Header], body: bytes) -> Reply | Coroutine[None, None, Reply] | None:
        """Return the answer to a ``POST /v1/decide``; names in the head are lower case.

        That of a denial is there when its event is on the disk. None: not from here; whatever is refused or not
        well-formed is answered elsewhere.
        """
        began = perf_counter()
        head = _head(headers)
        question = None if head is None else self._question(head, body)
        if head is None or question is None:
            return None
        try:
            ready = self._service.decide.at_hand(question)
        except (IdentifierError, NoPlanError):
            return None
        if ready is None:
            return None
        self._service.metrics.asked()
        if ready.answered.decision.denied:
            return self._denied(ready, head.request_id, began)
        self._service.decide.note(ready)
        return self._reply(ready.answered, head.request_id, began)

    def _question(self, head: _Head, body: bytes) -> Question | None:
        """Return what the body asks; None where that, or whether this caller may ask it, takes a closer look."""
        found, caller = asked(body), self._service.callers.known(head.secret)
        if found is None or caller is None or caller.chargers is not None or not _admitted(caller):
            return None
        time = instant(found.time) if found.time else None
        if time is None and found.time is not UNSET:
            return None
        return _question(found, time, caller.name, head.request_id)

    async def _denied(self, ready: Ready, request_id: bytes, began: float) -> Reply:
        bind_contextvars(**{"request.id": request_id.decode()})
        try:
            await self._service.decide.settle(ready)
        except StoreUnavailableError:
            return self._refused(request_id, began)
        return self._reply(ready.answered, request_id, began)

    def _reply(self, answered: Answered, request_id: bytes, began: float) -> Reply:
        body = self._answers.body(answered)
        self._service.metrics.answered("POST", _ROUTE, 200, perf_counter() - began)
        return Reply(200, _JSON_REPLY, request_id, body)

    def _refused(self, request_id: bytes, began: float) -> Reply:
        response = problem_response(no_store(), request_id.decode())
        headers = tuple(header for header in response.raw_headers if header[0] != b"content-length")
        self._service.metrics.answered("POST", _ROUTE, response.status_code, perf_counter() - began)
        return Reply(response.status_code, headers, request_id, bytes(response.body))


def _admitted(caller: Caller) -> bool:
    return caller.may(_SCOPES) and caller.fleet is None and caller.source is None


def _question(found: Asked, time: int | None, caller: str | None, request_id: bytes) -> Question:
    return Question(
        charger=found.charger,
        identifier=found.identifier,
        identifier_type=found.identifier_type or None,
        time=time,
        evse=found.evse if type(found.evse) is int else None,
        connector=found.connector if type(found.connector) is int else None,
        ocpp_action=found.ocpp_action or None,
        message_id=found.message_id or None,
        transaction_id=found.transaction_id or None,
        language=found.language or None,
        record=found.record is not False,
        caller=caller,
        request_id=request_id.decode(),
    )


def _head(headers: Sequence[Header]) -> _Head | None:
    """Return what the head says; None where it says anything that is not understood here."""
    content_type = secret = request_id = None
    for name, value in headers:
        if name in _PLAIN:
            continue
        if name == b"content-type" and content_type is None:
            content_type = value
        elif name == b"authorization" and secret is None:
            secret = value
        elif name == b"x-request-id" and request_id is None and REQUEST_ID.fullmatch(value):
            request_id = value
        else:
            return None
    if content_type != _JSON and not (content_type is not None and is_json(content_type.decode("latin-1"))):
        return None
    bearer = None if secret is None else _bearer(secret)
    if bearer is None and secret is not None:
        return None
    return _Head(bearer, request_id or new_request_id().encode())


def _bearer(value: bytes) -> str | None:
    plain = value.startswith(b"Bearer ") and value.isascii() and len(value) < _MOST_KEY_BYTES
    return (value[7:].decode().strip() or None) if plain else None
