"""A receiver of webhooks: a real HTTP server on loopback that keeps what comes and answers as it is told."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes
    status: int
    """With which it was answered."""

    @property
    def event(self) -> dict[str, Any]:
        """Return the body as JSON."""
        found: dict[str, Any] = json.loads(self.body)
        return found


class Receiver:
    """Keeps requests in the order in which they came."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        """Listen on a loopback port of the system's choice."""
        self.status = 204
        """The answer from now on."""
        self.location: str | None = None
        self.retry_after: str | None = None
        self.endless = False
        """Whether answers have a body that does not end."""
        self.delay_s = 0.0
        self.received: list[Received] = []
        self.stopped = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.take(self)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign]  # who is refused hangs up
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = int(self.server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}/hooks"

    def take(self, request: BaseHTTPRequestHandler) -> None:
        """Keep a request and answer it."""
        status = self.status
        body = request.rfile.read(int(request.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(Received(request.path, headers, body, status))
        self.stopped.wait(self.delay_s)
        request.send_response(status)
        if self.location is not None:
            request.send_header("Location", self.location)
        if self.retry_after is not None:
            request.send_header("Retry-After", self.retry_after)
        if self.endless:
            request.end_headers()
            while not self.stopped.is_set():
                request.wfile.write(b"x" * 65_536)
        elif status != 204:
            request.send_header("Content-Length", "0")
        request.end_headers()

    @property
    def taken(self) -> list[str]:
        """Return the ids of what was answered with success."""
        return [each.headers["webhook-id"] for each in self.received if 200 <= each.status < 300]


@contextmanager
def running_receiver(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Serve while the context is open."""
    receiver = Receiver(tls)
    thread = threading.Thread(target=receiver.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.stopped.set()
        receiver.server.shutdown()
        receiver.server.server_close()
        thread.join(10)
