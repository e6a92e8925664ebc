"""The outermost layer: request ids, who calls, measurement, traces, audit, and the last word on what nobody foresaw."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

import structlog
from starlette.requests import ClientDisconnect
from structlog.contextvars import bind_contextvars

from policy_service.application.callers import UnknownCallerError
from policy_service.application.tracing import UNMATCHED
from policy_service.entrypoints.http.auditing import take_note
from policy_service.entrypoints.http.callers import OPEN_PREFIX, let_in, presented, unauthenticated
from policy_service.entrypoints.http.dialects import error_response
from policy_service.entrypoints.http.guard import template_of
from policy_service.entrypoints.http.problems import Problem, ProblemError, ending
from policy_service.entrypoints.http.request_ids import request_id_for

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from policy_service.application.service import Service
    from policy_service.application.tracing import RequestSpan

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
        self._service.metrics.asked()
        span = self._service.tracing.begin(_header(scope, b"traceparent"), _header(scope, b"tracestate"))
        request_id = _introduced(scope, span)
        status = 0
        failed: BaseException | None = None

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                await take_note(self._service.audit_trail, scope, message["status"])
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *_own_headers(request_id, span)]
            await send(message)

        try:
            await self._admit(scope)
            await self.app(scope, receive, send_with_id)
        except UnknownCallerError:
            await self._refuse(unauthenticated(), scope)(scope, receive, send_with_id)
        except asyncio.CancelledError as error:  # the service ends and waits no longer, as it was told
            failed = error
            if not status:
                await self._refuse(ending(), scope)(scope, receive, send_with_id)
        except ClientDisconnect:  # what came is rolled back, and nobody is there to be answered
            status = _CLIENT_GONE
            await take_note(self._service.audit_trail, scope, status)
            _log.info("client gone", **_told(scope, status))
        except Exception as error:  # noqa: BLE001 - the outermost layer answers for whatever went wrong
            failed = error
            if not status:
                await self._refuse(ProblemError(Problem.INTERNAL), scope)(scope, receive, send_with_id)
            _log.error("request failed", exc_info=error, **_told(scope, status))
        finally:
            self._end(scope, span, status, failed, time.perf_counter() - began)

    def _end(self, scope: Scope, span: RequestSpan, status: int, failed: BaseException | None, seconds: float) -> None:
        method, route = _method(scope), _route(scope)
        self._service.metrics.answered(method, route, status, seconds)
        span.end(method, route, status, None if failed is None else type(failed).__qualname__)
        if _log.is_enabled_for(logging.DEBUG):
            _log.debug("request answered", **_told(scope, status), **{"http.server.request.duration": seconds})

    def _refuse(self, error: ProblemError, scope: Scope) -> Response:
        return error_response(error, scope, self._service)

    async def _admit(self, scope: Scope) -> None:
        if not scope["path"].startswith(OPEN_PREFIX):
            let_in(scope, await self._service.callers.identify(presented(scope)))


def request_id_of(scope: Scope) -> str | None:
    """Return the request's id."""
    found: str | None = scope.get("state", {}).get("request_id")
    return found


def _introduced(scope: Scope, span: RequestSpan) -> str:
    """Return the request's id; from now on it stands in every line that is logged on the request's behalf."""
    request_id = request_id_for(scope)
    scope.setdefault("state", {})["request_id"] = request_id
    if span.trace is None:
        bind_contextvars(**{"request.id": request_id})
    else:
        bind_contextvars(**{"request.id": request_id, "trace_id": span.trace.trace_id, "span_id": span.trace.span_id})
    return request_id


def _own_headers(request_id: str, span: RequestSpan) -> list[tuple[bytes, bytes]]:
    own = [(b"x-request-id", request_id.encode())]
    return own if span.trace is None else [*own, (b"traceresponse", str(span.trace).encode())]


def _header(scope: Scope, wanted: bytes) -> str | None:
    """Return the value of a header that may come once; None where it does not, or more often."""
    found = [value for name, value in scope["headers"] if name == wanted]
    return str(found[0], "latin-1") if len(found) == 1 else None


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "other"


def _route(scope: Scope) -> str:
    """Return the template of the route, which holds no value of any request."""
    return template_of(scope) or UNMATCHED


def _told(scope: Scope, status: int) -> dict[str, object]:
    """Return what logs say of a request; never its path, which may hold somebody's identifier."""
    told = {"http.request.method": _method(scope), "http.route": _route(scope)}
    return {**told, "http.response.status_code": status} if status else dict(told)
