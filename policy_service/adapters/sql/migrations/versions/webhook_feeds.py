"""Webhooks follow one of several feeds, and so do their dead letters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_ACCESS = "'access.denied', 'access.allowed', 'access.would_deny', 'access.breach'"
_MODES = (
    "'mode.transition_due', 'mode.retry_due', 'mode.switched', 'mode.diverged', 'cache.clear_due', "
    "'local_list.update_due'"
)
_OF_TYPE = "ck_webhook_dead_letters_type"


def upgrade() -> None:
    """Let the webhooks there are follow access events, and dead letters be of either feed."""
    with op.batch_alter_table("webhooks", copy_from=_webhooks()) as webhooks:
        webhooks.add_column(sa.Column("feed", _TEXT, nullable=False, server_default="access"))
        webhooks.create_check_constraint(op.f("ck_webhooks_feed"), "\"feed\" IN ('access', 'modes')")
    with op.batch_alter_table("webhook_dead_letters", copy_from=_dead_letters()) as letters:
        letters.drop_constraint(op.f(_OF_TYPE), type_="check")
        letters.create_check_constraint(op.f(_OF_TYPE), f'"type" IN ({_ACCESS}, {_MODES})')
        letters.alter_column("decision_id", new_column_name="event_id")


def _webhooks() -> sa.Table:
    """Return the table as it is; SQLite changes a constraint by writing a table anew."""
    return sa.Table(
        "webhooks",
        sa.MetaData(),
        *(sa.Column(name, _TEXT, nullable=False) for name in ("id", "url", "secret")),
        *(sa.Column(name, _TEXT) for name in ("description", "previous_secret", "stopped", "last_error", "created_by")),
        sa.Column("choice", sa.JSON, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("position", "created_at")),
        *(sa.Column(name, sa.BigInteger) for name in ("previous_until", "failing_since", "next_try_at")),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
        sa.CheckConstraint("\"stopped\" IN ('paused', 'gone')", name=op.f("ck_webhooks_stopped")),
    )


def _dead_letters() -> sa.Table:
    texts = ("webhook", "decision_id", "type", "charger", "last_error")
    return sa.Table(
        "webhook_dead_letters",
        sa.MetaData(),
        *(sa.Column(name, _TEXT, nullable=False) for name in texts),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("position", "recorded_at", "died_at")),
        sa.Column("queued", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("webhook", "position", name="pk_webhook_dead_letters"),
        sa.CheckConstraint(f'"type" IN ({_ACCESS})', name=op.f(_OF_TYPE)),
    )
