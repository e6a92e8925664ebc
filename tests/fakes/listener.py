"""Who listens to server-sent events of a served node."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import httpx2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.served import Served


class Message(NamedTuple):
    """One server-sent event."""

    id: str
    event: str
    data: dict[str, object]


class Listener:
    """Reads a stream in a thread of its own."""

    def __init__(self, url: str, path: str, headers: dict[str, str], **wanted: str) -> None:
        """Begin to read."""
        self.messages: list[Message] = []
        self.opened = threading.Event()
        self.ended = threading.Event()
        self._client = httpx2.Client(base_url=url, timeout=30, verify=False)
        self._thread = threading.Thread(target=self._read, args=(path, headers, wanted))
        self._thread.start()
        assert self.opened.wait(10)

    def _read(self, path: str, headers: dict[str, str], wanted: dict[str, str]) -> None:
        try:
            with self._client.stream("GET", path, headers=headers, params=wanted) as reply:
                assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
                self._take(reply)
        except (httpx2.TransportError, OSError):
            pass
        finally:
            self.ended.set()

    def _take(self, reply: httpx2.Response) -> None:
        fields: dict[str, str] = {}
        for line in reply.iter_lines():
            self.opened.set()
            name, _, value = line.partition(": ")
            if line:
                fields[name] = value
            elif "event" in fields:
                self.messages.append(Message(fields["id"], fields["event"], json.loads(fields["data"])))
                fields = {}

    def names(self) -> list[object]:
        return [message.data.get("id") for message in self.messages]

    def close(self) -> None:
        self._thread.join(20)
        assert not self._thread.is_alive()
        self._client.close()


@contextmanager
def listening(
    node: Served, path: str = "/v1/events/stream", after: str | None = None, key: str | None = None, **wanted: str
) -> Iterator[Listener]:
    """Listen, until the server ends or the context does; then nobody listens any more."""
    headers = {} if after is None else {"Last-Event-ID": after}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    listener = Listener(node.url, path, headers, **wanted)
    try:
        yield listener
    finally:
        if not listener.ended.is_set():
            node.stop()
        listener.close()
