"""Events of decisions that a client made while it could not reach the service."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the column that says who decided; null is the service."""
    op.add_column("access_events", sa.Column("degraded", _TEXT))
