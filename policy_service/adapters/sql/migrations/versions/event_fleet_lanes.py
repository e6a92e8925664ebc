"""Where the events of one fleet or policy lie, by type and reason: a rare one is found among many that are common."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_LANE = ("type", "reason", "recorded_at", "position")


def upgrade() -> None:
    """Replace the indexes, which had the instants first."""
    for name in ("fleet", "policy"):
        index, known = f"ix_access_events_{name}", sa.text(f"{name} IS NOT NULL")
        op.drop_index(index, "access_events")
        op.create_index(index, "access_events", [name, *_LANE], sqlite_where=known, postgresql_where=known)
