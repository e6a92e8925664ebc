"""A connection without a network: bytes go into uvicorn's protocol as they would come, answers are read back."""

from __future__ import annotations

import asyncio
import json
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from uvicorn import Config
from uvicorn.server import ServerState

from policy_service.entrypoints.http.gathered import Outbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp, Receive, Scope, Send

    from policy_service.entrypoints.http.connection import Connection
    from policy_service.entrypoints.http.hot.lanes import Lanes

_PATIENCE_S = 20.0


class Reply(NamedTuple):
    """An answer as it was read."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> Any:  # noqa: ANN401 - any JSON value
        return json.loads(self.body)


class Application:
    """What connections are handed: an application, and the lanes before it."""

    def __init__(self, app: ASGIApp, lanes: Lanes | None = None) -> None:
        """Serve by the lanes, where there are any, and by the application."""
        self._app = app
        self.lanes = lanes
        self.outbox = Outbox()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        """Be open, and empty."""
        super().__init__()
        self.pieces: list[bytes] = []
        self.closed = False
        self.paused = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self.closed:
            self.pieces.append(bytes(data))

    @property
    def written(self) -> bytes:
        return b"".join(self.pieces)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def get_extra_info(self, name: str, default: object = None) -> object:
        return ("127.0.0.1", 1) if name in {"peername", "sockname"} else default

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


class Line:
    """One connection; open in a running loop."""

    def __init__(self, application: Application, kind: type[Connection], **settings: Any) -> None:  # noqa: ANN401
        """Connect; ``settings`` are uvicorn's."""
        config = Config(
            application, http=kind, interface="asgi3", ws="none", lifespan="off", log_config=None, **settings
        )
        config.proxy_headers = False
        config.load()
        self.state = ServerState()
        self.wire = Wire()
        self._found: list[Reply] = []
        self._read_to = 0
        self.protocol = kind(config, self.state, {}, asyncio.get_running_loop())
        self.protocol.connection_made(self.wire)

    def send(self, *pieces: bytes) -> None:
        """Let pieces come, one after the other; what is closed takes none."""
        for piece in pieces:
            if not self.wire.closed:
                self.protocol.data_received(piece)

    async def replies(self, count: int) -> Sequence[Reply]:
        """Wait for so many answers, or for the end of the connection, and read them."""
        until = time.monotonic() + _PATIENCE_S
        while len(found := self._read()) < count and not self.wire.closed:
            assert time.monotonic() < until, "no answer"
            await asyncio.sleep(0.0005)
        return found

    def _read(self) -> Sequence[Reply]:
        """Return all answers until now; what has been read once is not read again."""
        found, left = read(self.wire.written[self._read_to :])
        self._read_to = len(self.wire.written) - left
        self._found += found
        return list(self._found)

    async def end(self) -> None:
        """Be gone, and let what is under way come to its end."""
        self.protocol.connection_lost(None)
        await asyncio.gather(*self.state.tasks)


def read(raw: bytes) -> tuple[Sequence[Reply], int]:
    """Return the answers that stand one after the other, and how many bytes of one that is not whole are left."""
    found: list[Reply] = []
    left = len(raw)
    while b"\r\n\r\n" in raw:
        head, _, raw = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        status = int(first.split()[1])
        pairs = [line.partition(": ")[::2] for line in lines]
        headers = {name.lower(): value for name, value in pairs}
        assert len(headers) == len(pairs), "a header stands twice"
        length = 0 if status == HTTPStatus.CONTINUE else int(headers["content-length"])
        if len(raw) < length:
            break
        if status != HTTPStatus.CONTINUE:
            found.append(Reply(status, headers, raw[:length]))
        raw = raw[length:]
        left = len(raw)
    return found, left
