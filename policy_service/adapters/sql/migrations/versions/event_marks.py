"""Where the events of one vehicle, fleet or policy lie, newest first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_NEWEST = ("recorded_at", "position")
_INDEXES = {"vehicle": _NEWEST, "fleet": (*_NEWEST, "type", "reason"), "policy": (*_NEWEST, "type", "reason")}


def upgrade() -> None:
    """Create the indexes."""
    for name, following in _INDEXES.items():
        known = sa.text(f"{name} IS NOT NULL")
        op.create_index(
            f"ix_access_events_{name}",
            "access_events",
            [name, *following],
            sqlite_where=known,
            postgresql_where=known,
        )
