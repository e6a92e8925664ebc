"""API keys with their counter, and the audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables and start the counter."""
    op.create_table(
        "api_keys",
        *(sa.Column(name, _TEXT, nullable=False) for name in ("id", "name", "digest")),
        *(sa.Column(name, _TEXT) for name in ("source", "created_by")),
        *(sa.Column(name, sa.JSON, nullable=False) for name in ("scopes", "labels")),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.BigInteger) for name in ("expires_at", "revoked_at", "last_used_at")),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("digest", name="uq_api_keys_digest"),
    )
    op.create_index("ix_api_keys_name", "api_keys", ["name"])
    op.create_table(
        "audit",
        *(sa.Column(name, _TEXT, nullable=False) for name in ("id", "action")),
        *(sa.Column(name, _TEXT) for name in ("caller", "subject", "request_id")),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_at_id", "audit", ["at", "id"])
    versions = sa.table("versions", sa.column("name", sa.Text), sa.column("value", sa.BigInteger))
    op.bulk_insert(versions, [{"name": "keys", "value": 0}])
