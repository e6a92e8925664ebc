# ruff: noqa: INP001 - lies beside scripts, not in a package
"""Follows a stream of the service's events, across breaks of the connection and restarts of either side.

How far it has come is kept in a file, and told to the service when it connects again: nothing in between is missed.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx2

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable
    from pathlib import Path

LOG = logging.getLogger("csms")
GAP = "gap"
"""The type of what says that some events are not kept any more."""
SILENCE_S = 60
"""The service sends a comment each quarter of a minute, so this is a connection that has died."""
PAUSE_S = 0.5


class Event(NamedTuple):
    """A CloudEvent as it came; only how far the stream is where it has no type."""

    id: str | None
    type: str
    data: dict[str, Any]


class EventStream:
    """Yields events from where a file says that it was left."""

    def __init__(self, service: httpx2.AsyncClient, path: str, kept: Path | None) -> None:
        """Follow ``path``; keep the position in ``kept``, or in memory alone."""
        self._service, self._path, self._kept = service, path, kept
        self._position = kept.read_text().strip() if kept is not None and kept.exists() else None

    async def follow(self) -> AsyncGenerator[Event]:
        """Yield events as they come, until closed. The position is kept when the next one is asked for."""
        while True:
            try:
                async for event in self._connection():
                    yield event
            except (httpx2.HTTPError, ValueError) as error:
                LOG.info("%s: %s, following again", self._path, type(error).__name__)
            await asyncio.sleep(PAUSE_S)

    async def _connection(self) -> AsyncGenerator[Event]:
        headers = {} if self._position is None else {"Last-Event-ID": self._position}
        timeout = httpx2.Timeout(10, read=SILENCE_S)
        async with self._service.stream("GET", self._path, headers=headers, timeout=timeout) as reply:
            reply.raise_for_status()
            async for event in events(_lines(reply.aiter_bytes())):
                if event.type:
                    yield event
                self._keep(event.id)

    def _keep(self, position: str | None) -> None:
        if position is None or position == self._position:
            return
        self._position = position
        if self._kept is not None:
            fresh = self._kept.with_suffix(".new")
            fresh.write_text(position)
            fresh.replace(self._kept)


async def events(lines: AsyncIterable[str]) -> AsyncGenerator[Event]:
    """Yield the events in the lines of a stream (HTML Living Standard, section 9.2). Raises ValueError."""
    fields: dict[str, str] = {}
    async for line in lines:
        name, _, value = line.partition(":")
        if not line:
            if fields:
                said = json.loads(fields.get("data", "{}"))
                yield Event(fields.get("id"), fields.get("event", ""), dict(said.get("data", said)))
            fields = {}
        elif name:
            fields[name] = value.removeprefix(" ")


async def _lines(chunks: AsyncIterable[bytes]) -> AsyncGenerator[str]:
    """Yield lines by their line feeds alone: names in the data may hold what else Unicode calls an end of line."""
    rest = b""
    async for chunk in chunks:
        *complete, rest = (rest + chunk).split(b"\n")
        for line in complete:
            yield line.removesuffix(b"\r").decode()
