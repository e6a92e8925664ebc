"""A connection that answers decisions inside the parser's callbacks: no task, no scope, no cycle for those.

The head of a candidate is held back until its body is complete. Then it is answered on the spot, or handed on to
uvicorn's protocol as if it had just come. What uvicorn itself does before and after an answer is done here once more.
A head that was understood once is recognised by its bytes: a request that is whole does not even reach the parser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from policy_service.entrypoints.http.connection import Connection
from policy_service.entrypoints.http.deadline import Deadline
from policy_service.entrypoints.http.hot.lanes import END_OF_HEAD, ask
from policy_service.entrypoints.http.hot.reply import ANSWERED, CLOSE, METHOD, Reply

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine, Sequence

    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from policy_service.entrypoints.http.hot.head import Header
    from policy_service.entrypoints.http.hot.lanes import Held, Lanes

_METHOD = METHOD.encode()
TESTED = frozenset({"0.54.0"})
"""Versions of uvicorn whose protocol is known to be as this one takes it to be."""


def objection() -> str | None:
    """Say why connections of this kind cannot be had; None where they can."""
    return None if uvicorn.__version__ in TESTED else f"uvicorn {uvicorn.__version__} is not one of those tested"


class HotConnection(Connection):
    """Answers by a lane where one can, and by the application where none can."""

    _held: Held | None = None
    """The request whose head is held back."""
    _came = b""
    """What the parser is fed with, where a request begins there."""
    _within = False
    """Whether the parser has seen the beginning of a request, and not its end."""
    _idle: Deadline
    """Takes the place of uvicorn's timer, which is set anew for each request, after answers that are given here."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base does
        """Expect a head."""
        super().connection_made(transport)
        self._idle = Deadline(self.loop, self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def data_received(self, data: bytes) -> None:
        """Answer a request whose head is known without parsing that again; parse whatever else comes."""
        if self._within:
            super().data_received(data)
        elif not self._recognised(data):
            self._idle.clear()
            self._came = data
            super().data_received(data)
            self._came = b""

    def on_message_begin(self) -> None:
        """Begin a request, as uvicorn does but for the scope: that only the application needs."""
        self._within = True
        self.url, self.headers, self.expect_100_continue = b"", [], False
        self._overdue.set()

    def on_headers_complete(self) -> None:
        """Hold the head back where a lane may have the answer."""
        self._fruitful = True
        lanes = self._lanes
        lane = None if lanes is None else lanes.to(self.url)
        if lanes is not None and lane is not None and self._candidate():
            self._held = lanes.hold(lane, self.headers)
        if self._held is None:
            self._hand_head_on()
        else:
            self._overdue.clear()

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
        self._within = False
        if self._held is not None:
            self._fruitful = True
            reply = self._held.answer()
            if reply is not None:
                held, self._held = self._held, None
                keep_alive: bool = cast("Any", self.parser).should_keep_alive()
                if keep_alive and self._lanes is not None:
                    self._lanes.learn(self._came, held)
                self._reply(reply, keep_alive=keep_alive)
                return
            self._hand_on()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let a client that goes away in the middle of a request be told of as such."""
        self._idle.end()
        self._hand_on()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Let a request that is held back be one that is under way."""
        self._hand_on()
        super().shutdown()

    @property
    def _lanes(self) -> Lanes | None:
        """Return None while the service starts, and where every request takes the long way."""
        return self.app.lanes  # type: ignore[no-any-return]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - uvicorn leaves it open

    def _recognised(self, data: bytes) -> bool:
        """Answer what is a whole request by a head that is known; tell whether it was."""
        lanes = self._lanes
        if lanes is None or not self._free():
            return False
        end = data.find(END_OF_HEAD) + len(END_OF_HEAD)
        known = lanes.heads.get(data[:end])
        if known is None or len(data) != end + known.head.length:
            return False
        reply = ask(known.lane, known.head, data[end:])
        if reply is None:
            return False
        self._overdue.clear()
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        self._reply(reply, keep_alive=True)
        return True

    def _free(self) -> bool:
        """Tell whether nothing waits before a request, and nothing would have to wait after it."""
        cycle = self._last
        return (
            (cycle is None or cycle.response_complete) and self.limit_concurrency is None and not self.flow.write_paused
        )

    def _candidate(self) -> bool:
        parser = cast("Any", self.parser)
        return (
            parser.get_method() == _METHOD
            and parser.get_http_version() == "1.1"
            and not parser.should_upgrade()
            and not self.expect_100_continue
            and self._free()
            and not self.transport.is_closing()
        )

    def _hand_head_on(self) -> None:
        """Begin the request as uvicorn does, and say what its head has said."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        HttpToolsProtocol.on_message_begin(self)
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)
        super().on_headers_complete()

    def _hand_on(self) -> None:
        held, self._held = self._held, None
        if held is None:
            return
        self._hand_head_on()
        if held.body:
            super().on_body(bytes(held.body))

    def _reply(self, reply: Reply | Coroutine[None, None, Reply], *, keep_alive: bool) -> None:
        if isinstance(reply, Reply):
            self._send(reply, keep_alive=keep_alive)
            self._answered()
            return
        self._idle.clear()
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
        if self.pipeline or self._refused is not None:
            self.on_response_complete()
        else:
            self._answered()

    def _answered(self) -> None:
        """End a request that nothing waits behind: as uvicorn does, but for a timer of its own."""
        self.server_state.total_requests += 1
        if not self.transport.is_closing():
            self._idle.set()

    def _send(self, reply: Reply, *, keep_alive: bool) -> None:
        begun = _usual.begun(reply, self.server_state.default_headers)
        own = _lines(reply.own) if reply.own else ""
        ended = "" if keep_alive or CLOSE in reply.headers else "connection: close\r\n"
        head = f"{begun}{len(reply.body)}\r\nx-request-id: {reply.request_id}\r\n{own}{ended}\r\n"
        self.transport.write(head.encode("latin-1") + reply.body)
        if not keep_alive:
            self.transport.close()


class _Unheard:
    """Stands where uvicorn keeps the event that wakes who reads the body: nobody does."""

    def set(self) -> None:
        pass


_UNHEARD = _Unheard()


class _Awaited:
    """Stands where uvicorn keeps the cycle of a request, while its answer is not there: what comes next queues up."""

    def __init__(self, *, keep_alive: bool) -> None:
        self.keep_alive = keep_alive
        self.response_started = self.response_complete = False
        self.more_body = self.disconnected = False
        self.message_event = _UNHEARD
        self.scope: dict[str, Any] = {}


class _UsualHead:
    """The head of most answers up to their length, kept for as long as uvicorn's headers are the same: for a second."""

    def __init__(self) -> None:
        self._under: Sequence[Header] = ()
        self._begun = ""

    def begun(self, reply: Reply, default_headers: Sequence[Header]) -> str:
        if reply.headers is not ANSWERED:
            return _begun(reply, default_headers)
        if default_headers is not self._under:
            self._under, self._begun = default_headers, _begun(reply, default_headers)
        return self._begun


_usual = _UsualHead()


def _begun(reply: Reply, default_headers: Sequence[Header]) -> str:
    """Return an answer's head up to its length. A text takes a third of the time that bytes take to be put together."""
    return f"{STATUS_LINE[reply.status].decode()}{_lines((*default_headers, *reply.headers))}content-length: "


def _lines(headers: Sequence[Header]) -> str:
    return "".join(f"{name.decode('latin-1')}: {value.decode('latin-1')}\r\n" for name, value in headers)
