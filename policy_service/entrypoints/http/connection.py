"""One connection: heads of bounded size in bounded time, and a problem where what comes is no HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol, cast
from uuid import uuid4

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from policy_service.entrypoints.http.deadline import Deadline
from policy_service.entrypoints.http.gathered import Gathered
from policy_service.entrypoints.http.problems import Problem, ProblemError, problem_document

if TYPE_CHECKING:
    import asyncio

    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from policy_service.entrypoints.http.gathered import Outbox

MAX_HEAD_BYTES = 64 * 1024
"""Bytes that may come without completing a head or adding to a body. The parser gathers them at quadratic cost."""

ENDING = "ending"
"""In the state of a request: the server ends, and waits for its answer to end."""

_log = structlog.get_logger("policy_service.http")


class Application(Protocol):
    """The ASGI application as connections know it."""

    @property
    def outbox(self) -> Outbox:
        """Return what all of its connections write to."""
        ...


class Connection(HttpToolsProtocol):
    """uvicorn's protocol with limits: one client must neither fill the memory nor keep the others waiting."""

    head_s: ClassVar[float] = 20.0
    """Seconds for a request's head to be complete."""

    _fruitless = 0
    _fruitful = False
    _overdue: Deadline

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base does
        """Expect a head."""
        application = cast("Application", self.app)  # pyright: ignore[reportUnknownMemberType] - uvicorn leaves it open
        super().connection_made(Gathered(transport, application.outbox))
        self._overdue = Deadline(self.loop, self.head_s, self.transport.close)
        self._overdue.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing any more."""
        self._overdue.end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes in, and refuse a head without end."""
        self._fruitful = False
        super().data_received(data)
        self._fruitless = 0 if self._fruitful else self._fruitless + len(data)
        if self._fruitless > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(f"the head of the request has more than {MAX_HEAD_BYTES} bytes")

    def on_message_begin(self) -> None:
        """Expect the rest of the head."""
        super().on_message_begin()
        self._overdue.set()

    def on_headers_complete(self) -> None:
        """Hand the request on."""
        self._fruitful = True
        self._overdue.clear()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Hand a part of the body on."""
        self._fruitful = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Hand on that the body is complete."""
        self._fruitful = True
        super().on_message_complete()

    def shutdown(self) -> None:
        """Let what streams know that it has to end."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is not None and not cycle.response_complete:
            cycle.scope.setdefault("state", {})[ENDING] = True
        super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        del msg
        self._refuse("not well-formed HTTP")

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: what asks for another protocol is answered in this one, as RFC 9110 has it."""

    def _refuse(self, detail: str) -> None:
        request_id = uuid4().hex
        document = problem_document(ProblemError(Problem.MALFORMED, detail), request_id)
        own = ((b"content-length", b"%d" % len(document.body)), (b"x-request-id", request_id.encode()))
        headers = (*document.headers, *own, (b"connection", b"close"))
        head = b"".join(b"%b: %b\r\n" % header for header in headers)
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + head + b"\r\n" + document.body)
        self.transport.close()
        _log.info("request refused", **{"error.message": detail, "request.id": request_id})
