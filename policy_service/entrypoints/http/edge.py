"""The outermost layer: request ids, who calls, measurement, audit, and the last word on what nobody foresaw."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING
from uuid import uuid4

import structlog
from starlette.requests import ClientDisconnect

from policy_service.application.callers import UnknownCallerError
from policy_service.entrypoints.http.auditing import take_note
from policy_service.entrypoints.http.callers import OPEN_PREFIX, let_in, presented, unauthenticated
from policy_service.entrypoints.http.problems import Problem, ProblemError, problem_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from policy_service.application.service import Service

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_CLIENT_GONE = 499
"""What metrics show for a request whose client went away before its end: no status was sent."""
_log = structlog.get_logger("policy_service.http")


class Edge:
    """Wraps the application. Echoes a valid X-Request-ID, else makes one; never lets an exception through.

    Whom the door does not let in is answered here, before any route is looked for. What changes something is on the
    audit's record when its answer leaves.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        """Wrap the application, ask the service who calls, and measure what is answered."""
        self.app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id.decode()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                await take_note(self._service.audit_trail, scope, message["status"])
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id)]
            await send(message)

        try:
            await self._admit(scope)
            await self.app(scope, receive, send_with_id)
        except UnknownCallerError:
            await problem_response(unauthenticated(), request_id.decode())(scope, receive, send_with_id)
        except asyncio.CancelledError:  # the service ends and waits no longer, as it was told
            if not status:
                error = ProblemError(Problem.UNAVAILABLE, "the service ends", headers={"Connection": "close"})
                await problem_response(error, request_id.decode())(scope, receive, send_with_id)
        except ClientDisconnect:  # what came is rolled back, and nobody is there to be answered
            status = _CLIENT_GONE
            await take_note(self._service.audit_trail, scope, status)
            _log.info("client gone", **{"request.id": request_id.decode()})
        except Exception as error:  # noqa: BLE001 - the outermost layer answers for whatever went wrong
            _log_failure(error, request_id.decode())
            if not status:
                response = problem_response(ProblemError(Problem.INTERNAL), request_id.decode())
                await response(scope, receive, send_with_id)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._service.metrics.answered(method, _route(scope), status, time.perf_counter() - began)

    async def _admit(self, scope: Scope) -> None:
        if not scope["path"].startswith(OPEN_PREFIX):
            let_in(scope, await self._service.callers.identify(presented(scope)))


def request_id_of(scope: Scope) -> str | None:
    """Return the request's id."""
    found: str | None = scope.get("state", {}).get("request_id")
    return found


def _request_id(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return bytes(value)
    return uuid4().hex.encode()


def _route(scope: Scope) -> str:
    """Return the template of the route, which holds no value of any request."""
    route = scope.get("route")
    return str(getattr(route, "path", "unmatched"))


def _log_failure(error: Exception, request_id: str) -> None:
    """Log type and places, but no message: it may repeat what was sent."""
    places: list[str] = []
    traceback = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        places.append(f"{code.co_qualname if hasattr(code, 'co_qualname') else code.co_name}:{traceback.tb_lineno}")
        traceback = traceback.tb_next
    _log.error(
        "request failed", **{"error.type": type(error).__qualname__, "request.id": request_id, "stack": places[-12:]}
    )
