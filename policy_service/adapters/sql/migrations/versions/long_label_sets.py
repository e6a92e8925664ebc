"""Chargers with labels of any length: PostgreSQL indexes no key beyond some 2,700 bytes, but a hash of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Replace PostgreSQL's key of label sets by one on their hash; SQLite has no such bound."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.drop_constraint("pk_event_chargers", "event_chargers", type_="primary")
    hashed = sa.text("jsonb_hash_extended(labels, 0)")
    op.create_index("uq_event_chargers_hashed", "event_chargers", ["charger", hashed], unique=True)
