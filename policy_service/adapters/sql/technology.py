"""What differs between the databases behind the repositories; everything else is SQLAlchemy Core for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Column, ColumnElement, FromClause, Select, Table
    from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
    from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
    from sqlalchemy.engine import URL
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    Insert = SqliteInsert | PostgresqlInsert

IMMEDIATE = "policy_service_immediate"
"""The execution option of a connection whose transactions take the write lock at their beginning."""


class Technology(Protocol):
    """One technology's ways."""

    failures: tuple[type[Exception], ...]
    """What its driver raises."""
    patience_s: float | None
    """How long a query or a change may take as a whole, waiting included; None where the driver sees to it."""
    batch_patience_s: float | None
    """The same for a batch of an import."""
    import_patience_s: float | None
    """The same for what an import does at its end, all at once."""

    def options(self, url: URL) -> Mapping[str, Any]:
        """Return what the engine is created with."""
        ...

    def tune(self, engine: AsyncEngine) -> None:
        """Prepare an engine that has just been created."""
        ...

    async def close(self, engine: AsyncEngine) -> None:
        """Close every connection of the engine."""
        ...

    def insert(self, table: Table) -> Insert:
        """Return the INSERT that knows ON CONFLICT."""
        ...

    async def add_keys(self, connection: AsyncConnection, table: Table, keys: Sequence[str]) -> int:
        """Insert keys into a table of one column, but those that it has; return how many went in."""
        ...

    async def append(self, connection: AsyncConnection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows, in the order of the table's columns, as fast as it goes; the connection is in a transaction."""
        ...

    async def add_rows(
        self, connection: AsyncConnection, table: Table, names: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> None:
        """Insert rows of these columns, JSON as text, but those whose keys the table has, as fast as it goes.

        The rows of one statement are drawn at a time: between two of them other work of the process gets its turn.
        """

    def among(self, column: Column[str], values: Sequence[str]) -> ColumnElement[bool]:
        """Return the condition that the column is one of many values."""
        ...

    def listed(self, names: Sequence[str], rows: Sequence[Sequence[str]]) -> FromClause:
        """Return rows of texts as a table; the statement is the same for any number of them."""
        ...

    def of_each(self, rows: FromClause, found: Select[*tuple[Any, ...]], table: Table) -> Select[*tuple[Any, ...]]:
        """Return what a query finds for each of some rows; its first column is the key of the table, a number."""
        ...

    async def open_import(self, connection: AsyncConnection) -> None:
        """Prepare a connection for the long transactions of an import."""
        ...

    async def close_import(self, connection: AsyncConnection) -> None:
        """Make the connection an ordinary one again."""
        ...

    async def one_moment(self, connection: AsyncConnection) -> None:
        """Let all that this connection's next transaction reads be of one moment."""
        ...

    async def alone(self, connection: AsyncConnection, what: str) -> None:
        """Let nobody else work on ``what`` until this transaction ends."""
        ...

    async def before_migrating(self, engine: AsyncEngine) -> None:
        """Make the database's place ready."""
        ...

    async def migrate_alone(self, connection: AsyncConnection) -> None:
        """Wait until no other process migrates, and let none do so until this transaction ends."""
        ...
