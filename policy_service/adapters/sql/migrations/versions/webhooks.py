"""Webhooks with what their receivers did not take, leases, and how far sinks have got."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "webhooks",
        *(sa.Column(name, _TEXT, nullable=False) for name in ("id", "url", "secret")),
        *(sa.Column(name, _TEXT) for name in ("description", "previous_secret", "stopped", "last_error", "created_by")),
        sa.Column("choice", sa.JSON, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("position", "created_at")),
        *(sa.Column(name, sa.BigInteger) for name in ("previous_until", "failing_since", "next_try_at")),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
        sa.CheckConstraint("\"stopped\" IN ('paused', 'gone')", name=op.f("ck_webhooks_stopped")),
    )
    op.create_table(
        "webhook_dead_letters",
        *(
            sa.Column(name, _TEXT, nullable=False)
            for name in ("webhook", "decision_id", "type", "charger", "last_error")
        ),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("position", "recorded_at", "died_at")),
        sa.Column("queued", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("webhook", "position", name="pk_webhook_dead_letters"),
        sa.CheckConstraint(
            "\"type\" IN ('access.denied', 'access.allowed', 'access.would_deny', 'access.breach')",
            name=op.f("ck_webhook_dead_letters_type"),
        ),
    )
    op.create_table(
        "leases",
        *(sa.Column(name, _TEXT, nullable=False) for name in ("name", "holder")),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    op.create_table(
        "sink_positions",
        sa.Column("sink", _TEXT, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("sink", name="pk_sink_positions"),
    )
