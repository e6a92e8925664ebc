"""All that the database offers for access events, as one object."""

from __future__ import annotations

from policy_service.adapters.sql.event_feed import SqlEventFeed
from policy_service.adapters.sql.event_writer import SqlEventWriter
from policy_service.adapters.sql.events import SqlEvents


class SqlEventStore(SqlEventWriter, SqlEvents, SqlEventFeed):
    """Writes, reads, and follows."""
