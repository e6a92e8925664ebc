"""Chargers belong to sources: those on record to the one that listed chargers last, for its list was the only one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_LAST = """
    UPDATE chargers SET source = COALESCE((
        SELECT imports.source FROM sources JOIN imports ON imports.id = sources.last_import
        WHERE sources.kind = 'chargers' ORDER BY imports.started_at DESC, imports.id DESC LIMIT 1
    ), source)
"""


def upgrade() -> None:
    """Add the column; where no import is on record, chargers were put one by one."""
    op.add_column("chargers", sa.Column("source", _TEXT, nullable=False, server_default="http"))
    op.execute(_LAST)
