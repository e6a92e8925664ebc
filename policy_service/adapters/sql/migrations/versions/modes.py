"""Modes of chargers: what is due, what was told and reported, and their lists for when they are offline."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_POSITION = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_MODES = "('freevend', 'managed')"
_TYPES = (
    "('mode.transition_due', 'mode.retry_due', 'mode.switched', 'mode.diverged', 'cache.clear_due', "
    "'local_list.update_due')"
)


def upgrade() -> None:
    """Create the tables."""
    _mode_events()
    op.create_table(
        "desired_modes",
        *(sa.Column(name, _TEXT, nullable=False) for name in ("charger", "mode", "transition_id")),
        *(sa.Column(name, _TEXT) for name in ("from_mode", "policy", "window")),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("running_sessions", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("charger", name="pk_desired_modes"),
        sa.CheckConstraint(f'"mode" IN {_MODES}', name=op.f("ck_desired_modes_mode")),
        sa.CheckConstraint(f'"from_mode" IN {_MODES}', name=op.f("ck_desired_modes_from_mode")),
    )
    op.create_table(
        "reported_modes",
        sa.Column("charger", _TEXT, nullable=False),
        *(sa.Column(name, _TEXT) for name in ("mode", "transition_id")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("at", "recorded_at")),
        *(sa.Column(name, sa.BigInteger) for name in ("booted_at", "next_try_at", "settled_at", "diverged_at")),
        sa.Column("online", sa.Boolean, nullable=False),
        sa.Column("evidence", sa.JSON, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("charger", name="pk_reported_modes"),
        sa.CheckConstraint(f'"mode" IN {_MODES}', name=op.f("ck_reported_modes_mode")),
    )
    op.create_index("ix_reported_modes_next_try_at", "reported_modes", ["next_try_at"])
    op.create_table(
        "local_lists",
        *(sa.Column(name, _TEXT, nullable=False) for name in ("charger", "digest")),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("version", "entries")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("made_at", "until")),
        sa.PrimaryKeyConstraint("charger", "version", name="pk_local_lists"),
    )
    op.create_index("ix_local_lists_digest", "local_lists", ["digest"])
    op.create_table(
        "local_list_contents",
        *(sa.Column(name, _TEXT, nullable=False) for name in ("digest", "content")),
        sa.PrimaryKeyConstraint("digest", name="pk_local_list_contents"),
    )


def _mode_events() -> None:
    op.create_table(
        "mode_events",
        sa.Column("position", _POSITION, sa.Identity(), nullable=False),
        *(sa.Column(name, _TEXT, nullable=False) for name in ("id", "type", "charger")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("at", "recorded_at")),
        *(sa.Column(name, sa.JSON, nullable=False) for name in ("labels", "detail")),
        *(sa.Column(name, _TEXT) for name in ("transition_id", "to_mode")),
        sa.PrimaryKeyConstraint("position", name="pk_mode_events"),
        sa.UniqueConstraint("id", name="uq_mode_events_id"),
        sa.CheckConstraint(f'"type" IN {_TYPES}', name=op.f("ck_mode_events_type")),
        sa.CheckConstraint(f'"to_mode" IN {_MODES}', name=op.f("ck_mode_events_to_mode")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_mode_events_recorded_at_position", "mode_events", ["recorded_at", "position"])
    op.create_index("ix_mode_events_charger_at", "mode_events", ["charger", "at"])
    op.create_index("ix_mode_events_type_at", "mode_events", ["type", "at"])
    op.create_index("ix_mode_events_transition_id", "mode_events", ["transition_id"])
