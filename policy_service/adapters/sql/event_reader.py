"""All that is read of access events."""

from __future__ import annotations

from policy_service.adapters.sql.event_counts import SqlEventCounts
from policy_service.adapters.sql.events import SqlEvents


class SqlEventReader(SqlEvents, SqlEventCounts):
    """Implements the port ``EventReader``. Every method raises StoreUnavailableError."""
