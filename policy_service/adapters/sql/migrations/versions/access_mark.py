"""What chargers' caches were last cleared for; transitions are indexed for what became of them alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


_FOLLOWS = sa.text("type <> 'mode.transition_due'")


def upgrade() -> None:
    """Create the table, and narrow the index."""
    index = "ix_mode_events_transition_id"
    op.drop_index(index, "mode_events")
    op.create_index(index, "mode_events", ["transition_id"], sqlite_where=_FOLLOWS, postgresql_where=_FOLLOWS)
    op.create_table(
        "access_mark",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("at", "own", "agreement")),
        sa.Column("revision", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_access_mark"),
        sa.CheckConstraint("id = 1", name=op.f("ck_access_mark_id")),
    )
