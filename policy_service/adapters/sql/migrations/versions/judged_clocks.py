"""What was made of a charger's clock, beside each event."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the columns."""
    for name in ("late", "clock_suspect"):
        op.add_column("access_events", sa.Column(name, sa.Boolean))
