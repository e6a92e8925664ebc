"""What all tables are made of: their metadata, and the kinds of columns that they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, Integer, MetaData, Text, TypeDecorator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Dialect
    from sqlalchemy.types import TypeEngine

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)


POSITION = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by INTEGER keys only."""

CODE = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is compared byte by byte, as SQLite does anyway: an index then outlives changes to a language's rules."""


class KeyJson(TypeDecorator[Any]):
    """JSON that can be part of a key: PostgreSQL compares only its second kind of JSON."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the technology's type; PostgreSQL's, which takes long to load, where there is one."""
        if dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import JSONB  # noqa: PLC0415 - see above

            return dialect.type_descriptor(JSONB())
        return dialect.type_descriptor(JSON())


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """Return the check that stands in for an enum type: text out of a closed list."""
    accepted = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f'"{column}" IN ({accepted})', name=column)


def json_column(name: str, *, nullable: bool = False) -> Column[object]:
    """Return a column of JSON, in which None is no value at all."""
    return Column(name, JSON(none_as_null=True), nullable=nullable)


def text_column(name: str, *, nullable: bool = False) -> Column[str]:
    """Return a column of text that is compared byte by byte."""
    return Column(name, CODE, nullable=nullable)


def instant_column(name: str, *, nullable: bool = True) -> Column[int]:
    """Return a column of instants; the table says in which unit."""
    return Column(name, BigInteger, nullable=nullable)
