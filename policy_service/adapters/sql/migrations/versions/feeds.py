"""Imports on record, and what is expected of their sources."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_KINDS = "\"kind\" IN ('identifiers', 'agreements', 'chargers')"


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "imports",
        *_texts("id", "kind", "source", "mode", "state"),
        *_texts("caller", nullable=True),
        *_numbers("started_at", "updated_at", "lines", "accepted", "rejected", "dropped", "conflicts"),
        *_numbers("ended_at", nullable=True),
        sa.Column("atomic", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_imports"),
        sa.CheckConstraint(_KINDS, name=op.f("ck_imports_kind")),
        sa.CheckConstraint("\"mode\" IN ('merge', 'replace')", name=op.f("ck_imports_mode")),
        sa.CheckConstraint("\"state\" IN ('running', 'done', 'refused', 'failed')", name=op.f("ck_imports_state")),
    )
    op.create_index("ix_imports_started_at_id", "imports", ["started_at", "id"])
    op.create_table(
        "sources",
        *_texts("kind", "source"),
        *_texts("last_import", "last_attempt", nullable=True),
        *_numbers("expected_every", "expected_since", nullable=True),
        sa.PrimaryKeyConstraint("kind", "source", name="pk_sources"),
        sa.CheckConstraint(_KINDS, name=op.f("ck_sources_kind")),
    )


def _texts(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, _TEXT, nullable=nullable) for name in names]


def _numbers(*names: str, nullable: bool = False) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=nullable) for name in names]
