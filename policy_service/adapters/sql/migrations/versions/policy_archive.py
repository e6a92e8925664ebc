"""What the plans of old revisions were made of, and keys that are bound to a fleet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables and add the column."""
    op.create_table(
        "policy_revisions",
        *(
            sa.Column(name, _TEXT, nullable=False)
            for name in ("revision", "files", "chargers", "ungoverned", "tzdata", "holidays")
        ),
        sa.Column("overrides", sa.JSON, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("in_force_at", "seen_at")),
        sa.PrimaryKeyConstraint("revision", name="pk_policy_revisions"),
        sa.CheckConstraint(
            "\"ungoverned\" IN ('deny', 'own_only', 'freevend')", name=op.f("ck_policy_revisions_ungoverned")
        ),
    )
    op.create_index("ix_policy_revisions_seen_at", "policy_revisions", ["seen_at"])
    op.create_table(
        "policy_contents",
        sa.Column("digest", _TEXT, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_policy_contents"),
    )
    op.add_column("api_keys", sa.Column("fleet", _TEXT))
