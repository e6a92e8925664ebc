"""All that the database offers for access events, as one object."""

from __future__ import annotations

from policy_service.adapters.sql.event_feed import SqlEventFeed
from policy_service.adapters.sql.event_reader import SqlEventReader
from policy_service.adapters.sql.event_retention import SqlEventRetention
from policy_service.adapters.sql.event_writer import SqlEventWriter


class SqlEventStore(SqlEventWriter, SqlEventReader, SqlEventFeed, SqlEventRetention):
    """Writes, reads, and follows."""
