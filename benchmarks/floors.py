"""What any answer over HTTP costs at least here: two servers that decide nothing and say the same each time.

``python benchmarks/floors.py echo|constant WORKERS DESCRIPTOR`` reads the reply from its input and serves it on the
listening socket that it inherits. ``echo`` is a bare ASGI callable on uvicorn, set up as the service's is;
``constant`` is an asyncio protocol that parses nothing: the true floor.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import uvicorn
import uvloop
from full_load import Target, ask, post

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

_BACKLOG = 2048
_HEAD = [(b"content-type", b"application/json")]


@contextmanager
def floor(kind: str, reply: bytes, *, workers: int = 1, path: Path | None = None) -> Iterator[Target]:
    """Serve a floor while the context is open: by TCP, or at the path of a Unix socket."""
    with socket.socket(socket.AF_INET if path is None else socket.AF_UNIX) as listening:
        listening.bind(("127.0.0.1", 0) if path is None else str(path))
        listening.listen(_BACKLOG)
        command = [sys.executable, str(Path(__file__)), kind, str(workers), str(listening.fileno())]
        process = subprocess.Popen(  # noqa: S603 - this very file
            command, stdin=subprocess.PIPE, pass_fds=[listening.fileno()], start_new_session=True
        )
        address = "" if path is not None else f"127.0.0.1:{listening.getsockname()[1]}"
        target = Target(address, path, process.pid)
    try:
        assert process.stdin is not None
        process.stdin.write(reply)
        process.stdin.close()
        assert ask(target, post("/", "{}")).endswith(reply)
        yield target
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)


def _echo(reply: bytes) -> Callable[..., Awaitable[None]]:
    """Return an ASGI callable that reads the request's body and sends the reply."""
    start = {"type": "http.response.start", "status": 200, "headers": [*_HEAD, (b"content-length", b"%d" % len(reply))]}
    body = {"type": "http.response.body", "body": reply}

    async def app(_scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[..., Any]) -> None:
        while (await receive()).get("more_body"):
            pass
        await send(start)
        await send(body)

    return app


class _Constant(asyncio.Protocol):
    """Takes whatever comes at once for one request."""

    whole = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._write = cast("asyncio.Transport", transport).write  # uvloop's is no subclass

    def data_received(self, _data: bytes) -> None:
        self._write(self.whole)


async def _serve_constant(reply: bytes, listening: socket.socket) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    _Constant.whole = head % len(reply) + reply
    create = asyncio.get_running_loop().create_server
    if listening.family == socket.AF_UNIX:
        create = asyncio.get_running_loop().create_unix_server  # type: ignore[assignment] # called alike here
    server = await create(_Constant, sock=listening)
    await server.serve_forever()


def _main() -> None:
    kind, workers, listening = sys.argv[1], int(sys.argv[2]), socket.socket(fileno=int(sys.argv[3]))
    reply = sys.stdin.buffer.read()
    for _ in range(workers - 1):
        if os.fork() == 0:
            break
    if kind == "constant":
        uvloop.run(_serve_constant(reply, listening))
        return
    config = uvicorn.Config(
        _echo(reply), interface="asgi3", loop="uvloop", http="httptools", ws="none", lifespan="off", access_log=False,
        log_config=None, server_header=False, proxy_headers=False,
    )  # fmt: skip
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    _main()
