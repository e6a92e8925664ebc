"""One connection: heads of bounded size in bounded time, and a problem where what comes is no HTTP."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast

import structlog
from httptools import HttpRequestParser
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from policy_service.entrypoints.http.deadline import Deadline
from policy_service.entrypoints.http.gathered import Gathered
from policy_service.entrypoints.http.problems import Problem, ProblemError, problem_document
from policy_service.entrypoints.http.request_ids import new_request_id

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Collection

    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from policy_service.entrypoints.http.gathered import Outbox

MAX_HEAD_BYTES = 64 * 1024
"""Bytes that may come without completing a head or adding to a body. The parser gathers them at quadratic cost."""

ENDING = "ending"
"""In the state of a request: the server ends, and waits for its answer to end."""

_log = structlog.get_logger("policy_service.http")


class Application(Protocol):
    """The ASGI application as connections know it."""

    under_way: Collection[asyncio.Task[None]]
    """The requests that a server which ends has not answered yet."""

    @property
    def outbox(self) -> Outbox:
        """Return what all of its connections write to."""
        ...


class _Flow(FlowControl):
    """Reads on once no request waits behind another: who asks on and on would fill the memory."""

    def __init__(self, transport: asyncio.Transport, pipeline: Collection[object]) -> None:
        super().__init__(transport)
        self._pipeline = pipeline

    def resume_reading(self) -> None:
        if not self._pipeline:
            super().resume_reading()


class Connection(HttpToolsProtocol):
    """uvicorn's protocol with limits: one client must neither fill the memory nor keep the others waiting."""

    head_s: ClassVar[float] = 20.0
    """Seconds for a request's head to be complete."""

    _fruitless = 0
    _fruitful = False
    _refused: str | None = None
    """Why what came last is refused, while what came before it is not answered yet."""
    _declined: int | None = None
    """Where what came last goes on behind a head that proposes another protocol."""
    _overdue: Deadline
    _gathered: Gathered

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base does
        """Expect a head."""
        application = cast("Application", self.app)  # pyright: ignore[reportUnknownMemberType] - uvicorn leaves it open
        self._gathered = Gathered(transport, application.outbox)
        super().connection_made(self._gathered)
        self.flow = _Flow(self._gathered, self.pipeline)
        self._overdue = Deadline(self.loop, self.head_s, self.transport.close)
        self._overdue.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing any more."""
        self._overdue.end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes in, and refuse a head without end."""
        if self._refused is not None:
            return
        self._fruitful = False
        super().data_received(data)
        while self._declined is not None:
            data, self._declined = self._head_again() + data[self._declined :], None
            super().data_received(data)
        self._fruitless = 0 if self._fruitful else self._fruitless + len(data)
        if self._fruitless > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(f"the head of the request has more than {MAX_HEAD_BYTES} bytes")

    def eof_received(self) -> bool:  # type: ignore[override]  # as protocols of asyncio may
        """Answer a client that has said all it will say, and still listens; close then.

        One that ends while its answer leaves is gone, as is every one by TLS, which asyncio ends at both ends at once.
        """
        self._gathered.flush()
        cycle = self._last
        waits = cycle is not None and not (cycle.response_started or cycle.response_complete or cycle.more_body)
        if cycle is None or not waits or self.scheme == "https":
            return False
        if self._refused is None:
            cycle.keep_alive = False
        return True

    def on_message_begin(self) -> None:
        """Expect the rest of the head."""
        super().on_message_begin()
        self._overdue.set()

    def on_headers_complete(self) -> None:
        """Hand the request on."""
        if self._proposes:
            return
        self._fruitful = True
        self._overdue.clear()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Hand a part of the body on."""
        self._fruitful = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Hand on that the body is complete."""
        if self._proposes:
            return
        self._fruitful = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Begin with what waits behind it: another request, or the refusal of what was none."""
        if self._refused is None or self.pipeline:
            super().on_response_complete()
        else:
            self._write_refusal(self._refused)

    def shutdown(self) -> None:
        """Let what streams know that it has to end."""
        cycle = self._last
        if cycle is not None and not cycle.response_complete:
            cycle.scope.setdefault("state", {})[ENDING] = True
        cast("Application", self.app).under_way = self.tasks  # pyright: ignore[reportUnknownMemberType] - as above
        super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        del msg
        self._refuse("not well-formed HTTP")

    def _unsupported_upgrade_warning(self) -> None:
        """Have what proposes another protocol read again as if it did not: RFC 9110 has it answered in this one.

        The parser ends such a request with its head, and takes all that follows for the other protocol.
        """
        if self._proposes:
            self._declined = cast("int", cast("BaseException", sys.exception()).args[0])

    @property
    def _proposes(self) -> bool:
        """Tell whether another protocol is proposed. ``CONNECT`` is no proposal; it has no path and is refused."""
        parser = cast("Any", self.parser)
        return bool(parser.should_upgrade()) and parser.get_method() != b"CONNECT"

    def _head_again(self) -> bytes:
        """Return the head without the proposal, for a parser that has not seen it."""
        seen = cast("Any", self.parser)
        self.parser = HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn has it
        first = b"%b %b HTTP/%b\r\n" % (seen.get_method(), self.url, seen.get_http_version().encode())
        return first + b"".join(b"%b: %b\r\n" % header for header in self.headers if header[0] != b"upgrade") + b"\r\n"

    @property
    def _last(self) -> RequestResponseCycle | None:
        """Return the request that came last; those before it may be under way still."""
        return cast("RequestResponseCycle | None", self.cycle)

    def _refuse(self, detail: str) -> None:
        """Answer what cannot be understood, after all that came before it."""
        last = self._last
        if last is not None and last.more_body and self.pipeline and self.pipeline[0][0] is last:
            self.pipeline.popleft()  # it is the one that is refused, and has not begun
        elif last is None or last.response_complete or last.more_body:
            self._write_refusal(detail)
            return
        self._refused = detail

    def _write_refusal(self, detail: str) -> None:
        request_id = new_request_id()
        document = problem_document(ProblemError(Problem.MALFORMED, detail), request_id)
        own = ((b"content-length", b"%d" % len(document.body)), (b"x-request-id", request_id.encode()))
        headers = (*document.headers, *own, (b"connection", b"close"))
        head = b"".join(b"%b: %b\r\n" % header for header in headers)
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + head + b"\r\n" + document.body)
        self.transport.close()
        _log.info("request refused", **{"error.message": detail, "request.id": request_id})
