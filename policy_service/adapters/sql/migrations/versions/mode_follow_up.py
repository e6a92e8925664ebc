"""How changes of mode are followed up, and a version of what is reported: writers find out about each other."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_TABLE = "reported_modes"


def upgrade() -> None:
    """Add the columns: who was seen in its mode before must not be taken for diverged."""
    for name in ("seen_at", "due_from", "tried_at"):
        op.add_column(_TABLE, sa.Column(name, sa.BigInteger))
    op.add_column(_TABLE, sa.Column("version", sa.Integer, nullable=False, server_default="0"))
    # The last word of a charger online was what was seen of it; of one offline it is known when it was seen first.
    op.execute(
        f"UPDATE {_TABLE} SET seen_at = CASE WHEN online THEN at ELSE settled_at END "  # noqa: S608 - a name from above
        "WHERE mode IS NOT NULL"
    )
