"""Connections to SQLite that end whoever is cancelled over them; the driver's may wait for ever, or keep a lock."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from aiosqlite import Connection

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Callable

_ROWS_AT_ONCE = 64
"""The driver's own choice."""


class Connections:
    """Opens connections, and knows which of them are about to end."""

    def __init__(self) -> None:
        """Open nothing yet."""
        self._opened: WeakSet[_Connection] = WeakSet()

    def open(self, database: str, **how: Any) -> Connection:  # noqa: ANN401 - the options of sqlite3.connect
        """Return a connection that opens when it is awaited."""
        connection = _Connection(partial(sqlite3.connect, database, factory=_File, **how))
        self._opened.add(connection)
        return connection

    async def ended(self) -> None:
        """Wait for those that were told to end: their threads speak to this loop until then."""
        ending = {told for each in self._opened if (told := each.told_to_end) is not None and not told.done()}
        if ending:
            await asyncio.wait(ending)


class _File(sqlite3.Connection):
    def close(self) -> None:
        """Undo what is not committed, then close.

        Who is cancelled leaves statements that nobody reads to their end: the file, and the write lock, would be held
        until the last of them is collected, and every writer of this node would wait.
        """
        with suppress(sqlite3.Error):  # closed by now
            self.rollback()
        super().close()


class _Connection(Connection):
    def __init__(self, open_file: Callable[[], sqlite3.Connection]) -> None:
        """Open nothing yet."""
        super().__init__(open_file, _ROWS_AT_ONCE)
        self._thread.daemon = True  # as SQLAlchemy has it: a connection that nobody closes keeps no process up
        self.told_to_end: Future[Any] | None = None
        """Done once its thread has heard."""

    def stop(self) -> Future[Any] | None:
        """Tell the thread to end, once: it hears nothing after that, and who tells it again waits in vain.

        Who is cancelled while a statement waits for another process's lock closes a connection that does not answer,
        and ends it when cancelled again; the closing then comes to its own end, and would wait.
        """
        if self.told_to_end is None:
            if self._connection is not None:
                with suppress(sqlite3.Error):  # closed by now
                    self._connection.interrupt()  # nobody waits for what it reads
            self.told_to_end = super().stop()  # pyright: ignore[reportUnknownMemberType] - of what, it does not say
        return self.told_to_end
