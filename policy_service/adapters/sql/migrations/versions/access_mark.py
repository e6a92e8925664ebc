"""What chargers' caches were last cleared for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "access_mark",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("at", "own", "agreement")),
        sa.Column("revision", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_access_mark"),
        sa.CheckConstraint("id = 1", name=op.f("ck_access_mark_id")),
    )
