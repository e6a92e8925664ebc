"""The tables about the modes of chargers: what is due, told and reported. As :mod:`.tables`."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Identity,
    Index,
    Integer,
    Table,
    UniqueConstraint,
    text,
)

from policy_service.adapters.sql.columns import (
    CODE,
    METADATA,
    POSITION,
    instant_column,
    json_column,
    one_of,
    text_column,
)
from policy_service.domain.access import AccessMode
from policy_service.domain.mode_events import ModeEventType

FOLLOWS = text("type <> 'mode.transition_due'")
"""What became of transitions: only that is looked up by them, and a query on SQLite has to say it in these very words.

That a transition is due stands under its own id. 100,000 of them at one instant, in no order, are slow to index twice.
"""

mode_events = Table(
    "mode_events",
    METADATA,
    Column("position", POSITION, Identity(), primary_key=True),
    text_column("id"),
    text_column("type"),
    instant_column("at", nullable=False),
    instant_column("recorded_at", nullable=False),
    text_column("charger"),
    json_column("labels"),
    text_column("transition_id", nullable=True),
    text_column("to_mode", nullable=True),
    json_column("detail"),
    one_of("type", ModeEventType),
    one_of("to_mode", AccessMode),
    UniqueConstraint("id"),
    Index(None, "recorded_at", "position"),
    Index(None, "charger", "at"),
    Index(None, "type", "at"),
    Index("ix_mode_events_transition_id", "transition_id", sqlite_where=FOLLOWS, postgresql_where=FOLLOWS),
    sqlite_autoincrement=True,
)
"""One row for each thing that is due at a charger, or was done there. Instants in epoch milliseconds.

``position`` grows in the order in which rows become visible: who has read up to one misses none by reading on.
"""

desired_modes = Table(
    "desired_modes",
    METADATA,
    Column("charger", CODE, primary_key=True),
    text_column("mode"),
    text_column("from_mode", nullable=True),
    instant_column("at", nullable=False),
    text_column("transition_id"),
    text_column("policy", nullable=True),
    text_column("window", nullable=True),
    json_column("running_sessions"),
    one_of("mode", AccessMode),
    one_of("from_mode", AccessMode),
)
"""One row for each charger: the mode that it was last told to be in. Instants in epoch milliseconds."""

access_mark = Table(
    "access_mark",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    instant_column("at", nullable=False),
    text_column("revision"),
    *(Column(name, BigInteger, nullable=False) for name in ("own", "agreement")),
    CheckConstraint("id = 1", name="id"),
)
"""One row: what was in force when chargers' caches were last cleared for it. ``at`` in epoch milliseconds."""

reported_modes = Table(
    "reported_modes",
    METADATA,
    Column("charger", CODE, primary_key=True),
    text_column("mode", nullable=True),
    instant_column("at", nullable=False),
    instant_column("recorded_at", nullable=False),
    Column("online", Boolean, nullable=False),
    instant_column("booted_at"),
    json_column("evidence"),
    text_column("transition_id", nullable=True),
    Column("attempts", Integer, nullable=False),
    *(instant_column(name) for name in ("next_try_at", "settled_at", "diverged_at", "seen_at", "due_from", "tried_at")),
    Column("version", Integer, nullable=False, server_default="0"),
    one_of("mode", AccessMode),
    Index(None, "next_try_at"),
)
"""One row for each charger that the CSMS has told something of. Instants in epoch milliseconds."""

local_lists = Table(
    "local_lists",
    METADATA,
    Column("charger", CODE, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    instant_column("made_at", nullable=False),
    instant_column("until", nullable=False),
    text_column("digest"),
    Column("entries", Integer, nullable=False),
    Index(None, "digest"),
)
"""The latest versions of each charger's list for when it is offline. Epoch seconds."""

local_list_contents = Table(
    "local_list_contents", METADATA, Column("digest", CODE, primary_key=True), text_column("content")
)
"""What is on lists, sealed, once for all chargers whose lists are equal. A version may outlive its content."""
