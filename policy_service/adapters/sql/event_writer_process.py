"""The process that takes batches of access events into the database for another one, see ``event_writer_apart``.

It is told on its standard input, and answers on its standard output. It ends when its parent does, whatever ends that.
"""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

from policy_service.adapters.sql.engine import database_at
from policy_service.adapters.sql.event_writer import SqlEventWriter
from policy_service.application.ports import EventRefusedError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from io import RawIOBase

READY, STORED, REFUSED, UNAVAILABLE = b"r", b"s", b"x", b"u"
"""What it answers: the first once, another for each batch."""
LENGTH_BYTES = 8
_NICENESS = 5
"""Decisions come first, should there be too few processors."""


def framed(message: bytes) -> bytes:
    """Return a message after its length."""
    return len(message).to_bytes(LENGTH_BYTES, "big") + message


def _next(asked: BinaryIO) -> bytes | None:
    """Wait for a message; None where no other will come whole."""
    head = asked.read(LENGTH_BYTES)
    size = int.from_bytes(head, "big")
    message = asked.read(size)
    return message if len(head) == LENGTH_BYTES and len(message) == size else None


async def _stored(writer: SqlEventWriter, lines: Sequence[bytes]) -> bytes:
    try:
        await writer.write(lines)
    except EventRefusedError:
        return REFUSED
    except StoreUnavailableError:
        return UNAVAILABLE
    return STORED


def _main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent decides when the last batch has come
        signal.signal(number, signal.SIG_IGN)
    with open(0, "rb", closefd=False) as asked, open(1, "wb", buffering=0, closefd=False) as answers:
        url = _next(asked)
        if url is not None:
            os.nice(_NICENESS)
            with suppress(BrokenPipeError):  # the parent was killed while a batch was stored
                _serve(url.decode(), asked, answers)


def _serve(url: str, asked: BinaryIO, answers: RawIOBase) -> None:
    database = database_at(url)
    writer = SqlEventWriter(database)
    with asyncio.Runner() as runner:
        answers.write(READY)
        while (batch := _next(asked)) is not None:
            answers.write(runner.run(_stored(writer, batch.split(b"\n"))))
        runner.run(database.close())


if __name__ == "__main__":
    _main()
