"""A connection that answers decisions inside the parser's callbacks: no task, no scope, no cycle for those.

The head of a candidate is held back until its body is complete. Then it is answered on the spot, or handed on to
uvicorn's protocol as if it had just come. Only what uvicorn itself does after an answer is done here once more.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from policy_service.entrypoints.http.connection import Connection
from policy_service.entrypoints.http.hot.reply import CLOSE, METHOD, Reply

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from policy_service.entrypoints.http.hot.head import Header
    from policy_service.entrypoints.http.hot.lanes import Held, Lanes

_METHOD = METHOD.encode()
TESTED = frozenset({"0.54.0"})
"""Versions of uvicorn whose protocol is known to be as this one takes it to be."""


def objection() -> str | None:
    """Say why connections of this kind cannot be had; None where they can."""
    return None if uvicorn.__version__ in TESTED else f"uvicorn {uvicorn.__version__} is not one of those tested"


class Application(Protocol):
    """The ASGI application as this protocol knows it."""

    lanes: Lanes | None
    """None while the service starts, and where every request takes the long way."""


class HotConnection(Connection):
    """Answers by a lane where one can, and by the application where none can."""

    _held: Held | None = None
    """The request whose head is held back."""

    def on_headers_complete(self) -> None:
        """Hold the head back where a lane may have the answer."""
        lanes = cast("Application", self.app).lanes  # pyright: ignore[reportUnknownMemberType] - uvicorn leaves it open
        lane = None if lanes is None else lanes.to(self.url)
        if lanes is None or lane is None or not self._candidate():
            super().on_headers_complete()
            return
        self._held = lanes.hold(lane, self.headers)
        if self._held is None:
            super().on_headers_complete()
            return
        self._fruitful = True
        self._cease()

    def on_body(self, body: bytes) -> None:
        """Gather the body of a request that is held back."""
        if self._held is None:
            super().on_body(body)
            return
        self._fruitful = True
        if not self._held.grows(body):
            self._hand_on()

    def on_message_complete(self) -> None:
        """Answer at once, or hand the request on."""
        if self._held is not None:
            self._fruitful = True
            reply = self._held.answer()
            if reply is not None:
                self._held = None
                self._reply(reply)
                return
            self._hand_on()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let a client that goes away in the middle of a request be told of as such."""
        self._hand_on()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Let a request that is held back be one that is under way."""
        self._hand_on()
        super().shutdown()

    def _candidate(self) -> bool:
        """Tell whether nothing waits before the request, and nothing would have to wait after it."""
        cycle, parser = cast("RequestResponseCycle | None", self.cycle), cast("Any", self.parser)
        return (
            (cycle is None or cycle.response_complete)
            and parser.get_method() == _METHOD
            and parser.get_http_version() == "1.1"
            and not parser.should_upgrade()
            and not self.flow.write_paused
            and not self.expect_100_continue
            and self.limit_concurrency is None
        )

    def _hand_on(self) -> None:
        held, self._held = self._held, None
        if held is None:
            return
        super().on_headers_complete()
        if held.body:
            super().on_body(bytes(held.body))

    def _reply(self, reply: Reply | Coroutine[None, None, Reply]) -> None:
        keep_alive: bool = cast("Any", self.parser).should_keep_alive()
        if isinstance(reply, Reply):
            self._send(reply, keep_alive=keep_alive)
            self.on_response_complete()
            return
        cycle = _Awaited(keep_alive=keep_alive)
        self.cycle = cast("RequestResponseCycle", cycle)
        task = self.loop.create_task(self._send_when_there(reply, cycle))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    async def _send_when_there(self, reply: Coroutine[None, None, Reply], cycle: _Awaited) -> None:
        try:
            self._send(await reply, keep_alive=cycle.keep_alive)
        except BaseException:  # no answer is better than one to another question
            self.transport.close()
            raise
        finally:
            cycle.response_complete = True
        self.on_response_complete()

    def _send(self, reply: Reply, *, keep_alive: bool) -> None:
        if self.transport.is_closing():
            return
        self.transport.write(
            b"%b%bcontent-length: %d\r\nx-request-id: %b\r\n%b\r\n%b"
            % (
                _head(reply.status, reply.headers),
                b"".join([b"%b: %b\r\n" % header for header in (*self.server_state.default_headers, *reply.own)]),
                len(reply.body),
                reply.request_id,
                b"" if keep_alive or CLOSE in reply.headers else b"connection: close\r\n",
                reply.body,
            )
        )
        if not keep_alive:
            self.transport.close()


class _Awaited:
    """Stands where uvicorn keeps the cycle of a request, while its answer is not there: what comes next queues up."""

    def __init__(self, *, keep_alive: bool) -> None:
        self.keep_alive = keep_alive
        self.response_complete = False
        self.disconnected = False
        self.message_event = asyncio.Event()
        self.scope: dict[str, Any] = {}


@lru_cache(maxsize=16)
def _head(status: int, headers: tuple[Header, ...]) -> bytes:
    return STATUS_LINE[status] + b"".join([b"%b: %b\r\n" % header for header in headers])
