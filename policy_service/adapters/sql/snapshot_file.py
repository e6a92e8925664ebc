"""This node's copy of the registry: a SQLite file with the tables that decisions need, as the database had them.

It is replaced as a whole and never changed, but for its time of modification: when it was last known to be what the
database holds. SQLite's header has four bytes that are the application's own: they hold a checksum of all others.
"""

from __future__ import annotations

import os
import sqlite3
import time
import zlib
from contextlib import ExitStack, closing, suppress
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson
from sqlalchemy import bindparam
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

from policy_service.adapters.sql import tables
from policy_service.adapters.sql.identifiers import JOINED, first_claim
from policy_service.adapters.sql.versions import versions_of
from policy_service.application.ports import StoreUnavailableError
from policy_service.domain.identifier import IdentifierType

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from policy_service.application.ports import Keys, Versions
    from policy_service.domain.registration import Registration

TABLES = (
    tables.versions,
    tables.agreements,
    tables.identifiers,
    tables.chargers,
    tables.overrides,
    tables.secrets,
)
"""What a start without the database needs."""

_SKEW_S = 5
_PIECE_BYTES = 1 << 20
_CHECKSUM_AT, _CHECKSUM_BYTES = 68, 4
"""Where SQLite keeps what it calls ``application_id``, and makes no use of."""
_UNCHECKED = 0
"""What stands there in a copy that an earlier release has made."""
_DIALECT = sqlite.dialect()
MAKE_TABLES = tuple(str(CreateTable(table).compile(dialect=_DIALECT)) for table in TABLES)
FORM = zlib.crc32("\n".join(MAKE_TABLES).encode()) & 0x7FFFFFFF
"""Kept as the file's ``user_version``: a copy that another release has made is no copy."""

_FIND = str(JOINED.where(tables.identifiers.c.key == bindparam("key")).compile(dialect=_DIALECT))
_EACH = str(
    JOINED.where(tables.identifiers.c.type != bindparam("type"))
    .order_by(tables.identifiers.c.key)
    .compile(dialect=_DIALECT)
)
_JSON = ("attributes", "chargers", "agreement_chargers")


_DAMAGED = (sqlite3.Error, LookupError, TypeError, ValueError)
"""What a file with bits of another one leads to: also text that is none, JSON that is none, and words of no list."""


def write_checksum(path: Path) -> None:
    """Note what the bytes of a file that is complete come to, and put it on the disk."""
    with path.open("r+b") as file:
        _, checksum = _checksums(file)
        file.seek(_CHECKSUM_AT)
        file.write(checksum.to_bytes(_CHECKSUM_BYTES, "big"))
        file.flush()
        os.fsync(file.fileno())


class SnapshotFile:
    """Reads the copy, and looks for a newer one when told to. Made for one thread, and quick enough not to wait for."""

    def __init__(self, path: Path) -> None:
        """Open the copy at the path, where there is one."""
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self.versions: Versions | None = None
        """Those of the database when the copy was made; None where there is no copy."""
        self.in_place = False
        """Whether there was a file at the path when last looked."""
        self.look()

    @property
    def version(self) -> int | None:
        """The registry's version that it is a copy of; None where there is no copy."""
        return None if self.versions is None else self.versions.registry

    @property
    def confirmed_at(self) -> int:
        """When it was last known to be what the database holds, in epoch seconds; 0 where a clock has been put back."""
        try:
            at = self.path.stat().st_mtime
        except OSError:
            return 0
        return int(at) if at <= time.time() + _SKEW_S else 0

    def confirm(self) -> None:
        """Take note that it is what the database holds now."""
        with suppress(OSError):
            os.utime(self.path)

    def find(self, keys: Keys) -> Registration | None:
        """Return what the copy has; None where it has nothing. Raises StoreUnavailableError."""
        if self._connection is None:
            message = "there is no copy of the registry on this node"
            raise StoreUnavailableError(message)
        try:
            return first_claim(keys, {key: rows for key in keys if (rows := list(self._rows(key)))})
        except _DAMAGED as error:
            message = f"the copy of the registry cannot be read ({type(error).__name__})"
            raise StoreUnavailableError(message) from error

    def each_but_pins(self) -> Iterator[Registration]:
        """Yield all registrations but those of PINs, for another thread: it reads by a connection of its own.

        Raises StoreUnavailableError.
        """
        try:
            with closing(_connected(self.path)) as connection:
                rows = (_read(row) for row in connection.execute(_EACH, (str(IdentifierType.PIN),)))
                for key, claims in groupby(rows, key=itemgetter("key")):
                    found = first_claim((key,), {key: list(claims)})
                    if found is not None:
                        yield found
        except _DAMAGED as error:
            message = f"the copy of the registry cannot be read ({type(error).__name__})"
            raise StoreUnavailableError(message) from error

    def look(self) -> None:
        """Open the file at the path, unless it is open already."""
        try:
            found = self.path.stat()
        except OSError:
            self.in_place = False
            return  # one that was removed serves on, as long as this process lives
        self.in_place = True
        identity = (found.st_dev, found.st_ino)
        if identity != self._identity:
            self.close()
            self._open()
            self._identity = identity

    def is_whole(self) -> bool:
        """Tell whether every byte is as it was written; reads all of them, for another thread."""
        try:
            with self.path.open("rb") as file:
                kept, checksum = _checksums(file)
        except OSError:
            return False
        return kept in (_UNCHECKED, checksum)

    def discard(self) -> None:
        """Have no copy, until another file is there."""
        identity = self._identity
        self.close()
        self._identity = identity

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
        self._connection, self.versions, self._identity = None, None, None

    def _open(self) -> None:
        with ExitStack() as opened, suppress(*_DAMAGED):  # a damaged one is as none
            connection = opened.enter_context(closing(_connected(self.path)))
            if connection.execute("PRAGMA user_version").fetchone()[0] == FORM:
                values = {row["name"]: row["value"] for row in connection.execute("SELECT name, value FROM versions")}
                self._connection, self.versions = connection, versions_of(values)
                opened.pop_all()

    def _rows(self, key: str) -> Iterator[Mapping[str, Any]]:
        assert self._connection is not None  # noqa: S101 - for the type checker: find() has made sure
        yield from map(_read, self._connection.execute(_FIND, (key,)))


def _checksums(file: BinaryIO) -> tuple[int, int]:
    """Return the checksum that a file holds, and that of all its other bytes."""
    checksum = zlib.crc32(file.read(_CHECKSUM_AT))
    kept = int.from_bytes(file.read(_CHECKSUM_BYTES), "big")
    while piece := file.read(_PIECE_BYTES):
        checksum = zlib.crc32(piece, checksum)
    return kept, checksum


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    connection.row_factory = sqlite3.Row
    return connection


def _read(found: sqlite3.Row) -> dict[str, Any]:
    row = dict(found)
    for name in _JSON:
        row[name] = None if row[name] is None else orjson.loads(row[name])
    return row
