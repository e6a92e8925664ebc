"""How changes of mode are followed up, and a version of what is reported: writers find out about each other."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_TABLE = "reported_modes"


def upgrade() -> None:
    """Add the columns."""
    for name in ("seen_at", "due_from", "tried_at"):
        op.add_column(_TABLE, sa.Column(name, sa.BigInteger))
    op.add_column(_TABLE, sa.Column("version", sa.Integer, nullable=False, server_default="0"))
