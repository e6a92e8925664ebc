"""Overrides made over HTTP, and their counter."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the table and start the counter."""
    op.create_table(
        "overrides",
        *(sa.Column(name, _TEXT, nullable=False) for name in ("id", "mode", "reason")),
        *(sa.Column(name, _TEXT) for name in ("created_by", "ended_by")),
        *(
            sa.Column(name, sa.BigInteger, nullable=False)
            for name in ("serial", "valid_from", "valid_to", "created_at")
        ),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("chargers", sa.JSON, nullable=False),
        sa.Column("allow", sa.JSON),
        sa.Column("message", sa.JSON),
        sa.Column("force", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_overrides"),
        sa.UniqueConstraint("serial", name="uq_overrides_serial"),
        sa.CheckConstraint("\"mode\" IN ('freevend', 'managed')", name=op.f("ck_overrides_mode")),
    )
    op.create_index("ix_overrides_valid_to", "overrides", ["valid_to"])
    versions = sa.table("versions", sa.column("name", sa.Text), sa.column("value", sa.BigInteger))
    op.bulk_insert(versions, [{"name": "overrides", "value": 0}])
