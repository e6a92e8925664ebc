"""The tables, as SQLAlchemy Core sees them; :mod:`.migrations` creates them, and a test holds the two together."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    text,
)

from policy_service.adapters.sql.columns import (
    CODE,
    METADATA,
    POSITION,
    KeyJson,
    instant_column,
    json_column,
    one_of,
    text_column,
)
from policy_service.domain.access import AccessMode, Outcome, Reason, Ungoverned, VehicleClass
from policy_service.domain.agreement import AgreementStatus
from policy_service.domain.events import DriverSignal, EventType
from policy_service.domain.identifier import IdentifierStatus, IdentifierType
from policy_service.domain.import_run import ImportKind, ImportMode, ImportState
from policy_service.domain.mode_events import ModeEventType
from policy_service.domain.outward import FeedName
from policy_service.domain.webhook import Stop

identifiers = Table(
    "identifiers",
    METADATA,
    Column("id", CODE, primary_key=True),
    text_column("key"),
    text_column("type"),
    text_column("class"),
    text_column("vehicle"),
    text_column("fleet", nullable=True),
    text_column("agreement", nullable=True),
    json_column("attributes"),
    json_column("chargers", nullable=True),
    instant_column("valid_from"),
    instant_column("valid_to"),
    text_column("status"),
    text_column("source"),
    text_column("spelling", nullable=True),
    one_of("type", IdentifierType),
    one_of("class", (VehicleClass.OWN, VehicleClass.AGREEMENT)),
    one_of("status", IdentifierStatus),
    UniqueConstraint("key", "source"),
    Index(None, "source", "key"),
    Index(None, "agreement"),
)
"""One row for each identifier that each source lists. Validity in epoch seconds."""

agreements = Table(
    "agreements",
    METADATA,
    Column("id", CODE, primary_key=True),
    text_column("fleet"),
    instant_column("valid_from"),
    instant_column("valid_to"),
    text_column("status"),
    json_column("chargers", nullable=True),
    text_column("source"),
    one_of("status", AgreementStatus),
)
"""One row for each agreement, whichever source it came from. Validity in epoch seconds."""

chargers = Table(
    "chargers",
    METADATA,
    Column("id", CODE, primary_key=True),
    json_column("labels"),
    json_column("attributes"),
    text_column("protocol", nullable=True),
    text_column("profile", nullable=True),
    json_column("synthetic_ids"),
    Column("source", CODE, nullable=False, server_default="http"),
)
"""One row for each charger that came over HTTP, whichever source lists it."""

overrides = Table(
    "overrides",
    METADATA,
    Column("id", CODE, primary_key=True),
    instant_column("serial", nullable=False),
    json_column("chargers"),
    instant_column("valid_from", nullable=False),
    instant_column("valid_to", nullable=False),
    text_column("mode"),
    json_column("allow", nullable=True),
    Column("force", Boolean, nullable=False),
    text_column("reason"),
    json_column("message", nullable=True),
    instant_column("created_at", nullable=False),
    text_column("created_by", nullable=True),
    instant_column("ended_at"),
    text_column("ended_by", nullable=True),
    one_of("mode", AccessMode),
    UniqueConstraint("serial"),
    Index(None, "valid_to"),
)
"""Overrides made over HTTP, kept for audits when they are over. Instants in epoch seconds."""

_TRADED = text("transaction_id IS NOT NULL")
_SEALED = text("sealed_identifier IS NOT NULL")
_OF_VEHICLE, _OF_FLEET, _OF_POLICY = (text(f"{name} IS NOT NULL") for name in ("vehicle", "fleet", "policy"))
_IN_LANE = ("type", "reason", "recorded_at", "position")

access_events = Table(
    "access_events",
    METADATA,
    Column("position", POSITION, Identity(), primary_key=True),
    text_column("decision_id"),
    text_column("type"),
    instant_column("time", nullable=False),
    instant_column("recorded_at", nullable=False),
    text_column("charger"),
    json_column("labels"),
    text_column("outcome"),
    text_column("reason"),
    text_column("mode", nullable=True),
    text_column("vehicle_class", nullable=True),
    text_column("policy", nullable=True),
    text_column("window", nullable=True),
    text_column("revision"),
    text_column("vehicle", nullable=True),
    text_column("fleet", nullable=True),
    text_column("agreement", nullable=True),
    text_column("identifier_masked", nullable=True),
    text_column("identifier_fingerprint", nullable=True),
    Column("fingerprint_key", Integer),
    text_column("driver_signal", nullable=True),
    Column("evse", Integer),
    Column("connector", Integer),
    text_column("ocpp_action", nullable=True),
    text_column("message_id", nullable=True),
    text_column("transaction_id", nullable=True),
    Column("late", Boolean),
    Column("clock_suspect", Boolean),
    text_column("caller", nullable=True),
    text_column("request_id", nullable=True),
    json_column("evidence", nullable=True),
    text_column("sealed_identifier", nullable=True),
    text_column("degraded", nullable=True),
    one_of("type", EventType),
    one_of("outcome", Outcome),
    one_of("reason", Reason),
    one_of("mode", AccessMode),
    one_of("vehicle_class", VehicleClass),
    one_of("driver_signal", DriverSignal),
    UniqueConstraint("decision_id"),
    Index(None, "recorded_at", "position"),
    Index("ix_access_events_lanes", "type", "reason", "recorded_at", "position", "vehicle_class"),
    Index("ix_access_events_charger_lanes", "charger", "type", "reason", "recorded_at", "position", "vehicle_class"),
    Index("ix_access_events_transaction", "transaction_id", "charger", sqlite_where=_TRADED, postgresql_where=_TRADED),
    Index(None, "identifier_fingerprint", "recorded_at", "position"),
    Index(
        "ix_access_events_vehicle",
        "vehicle",
        "recorded_at",
        "position",
        sqlite_where=_OF_VEHICLE,
        postgresql_where=_OF_VEHICLE,
    ),
    Index("ix_access_events_fleet", "fleet", *_IN_LANE, sqlite_where=_OF_FLEET, postgresql_where=_OF_FLEET),
    Index("ix_access_events_policy", "policy", *_IN_LANE, sqlite_where=_OF_POLICY, postgresql_where=_OF_POLICY),
    Index("ix_access_events_sealed", "recorded_at", sqlite_where=_SEALED, postgresql_where=_SEALED),
    sqlite_autoincrement=True,
)
"""One row for each recorded decision. Instants in epoch milliseconds.

``position`` grows in the order in which rows become visible: who has read up to one misses none by reading on.
"""

event_chargers = Table(
    "event_chargers",
    METADATA,
    Column("charger", CODE, primary_key=True),
    Column("labels", KeyJson(), primary_key=True),
    Index("uq_event_chargers_hashed", "charger", text("jsonb_hash_extended(labels, 0)"), unique=True).ddl_if(
        dialect="postgresql"
    ),
)
"""Every charger that is in an event, under each of the label sets that it had (JSON)."""

event_lanes = Table(
    "event_lanes",
    METADATA,
    Column("charger", CODE, primary_key=True),
    Column("type", CODE, primary_key=True),
    Column("reason", CODE, primary_key=True),
)
"""Every type and reason that the events of a charger have: where in their index there is something to find."""

fingerprint_keys = Table(
    "fingerprint_keys",
    METADATA,
    Column("generation", Integer, primary_key=True, autoincrement=False),
    text_column("salt"),
    instant_column("created_at", nullable=False),
)
"""Generations of the key of fingerprints after the first. Instants in epoch seconds."""

forgotten = Table(
    "forgotten", METADATA, Column("fingerprint", CODE, primary_key=True), instant_column("at", nullable=False)
)
"""Fingerprints whose events were erased lately, with the instant in epoch seconds: some may still be on their way."""

policy_revisions = Table(
    "policy_revisions",
    METADATA,
    Column("revision", CODE, primary_key=True),
    text_column("files"),
    text_column("chargers"),
    json_column("overrides"),
    text_column("ungoverned"),
    text_column("tzdata"),
    text_column("holidays"),
    instant_column("in_force_at", nullable=False),
    instant_column("seen_at", nullable=False),
    one_of("ungoverned", Ungoverned),
    Index(None, "seen_at"),
)
"""One row for each revision that came into force, by digests of ``policy_contents``. Instants in epoch seconds."""

policy_contents = Table(
    "policy_contents",
    METADATA,
    Column("digest", CODE, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
"""What revisions are made of, each piece once, by the SHA-256 of what it unpacks to; zlib."""

api_keys = Table(
    "api_keys",
    METADATA,
    Column("id", CODE, primary_key=True),
    text_column("name"),
    text_column("digest"),
    json_column("scopes"),
    json_column("labels"),
    text_column("source", nullable=True),
    text_column("fleet", nullable=True),
    instant_column("created_at", nullable=False),
    text_column("created_by", nullable=True),
    instant_column("expires_at"),
    instant_column("revoked_at"),
    instant_column("last_used_at"),
    UniqueConstraint("digest"),
    Index(None, "name"),
)
"""API keys as hashes, those that have ended among them. Instants in epoch seconds."""

audit = Table(
    "audit",
    METADATA,
    Column("id", CODE, primary_key=True),
    instant_column("at", nullable=False),
    text_column("action"),
    text_column("caller", nullable=True),
    text_column("subject", nullable=True),
    json_column("detail"),
    text_column("request_id", nullable=True),
    Index(None, "at", "id"),
)
"""Who changed what. Instants in epoch milliseconds."""

imports = Table(
    "imports",
    METADATA,
    Column("id", CODE, primary_key=True),
    text_column("kind"),
    text_column("source"),
    text_column("mode"),
    Column("atomic", Boolean, nullable=False),
    text_column("state"),
    instant_column("started_at", nullable=False),
    instant_column("updated_at", nullable=False),
    instant_column("ended_at"),
    *(Column(name, BigInteger, nullable=False) for name in ("lines", "accepted", "rejected", "dropped", "conflicts")),
    text_column("caller", nullable=True),
    one_of("kind", ImportKind),
    one_of("mode", ImportMode),
    one_of("state", ImportState),
    Index(None, "started_at", "id"),
)
"""One row for each import that began. Instants in epoch seconds."""

sources = Table(
    "sources",
    METADATA,
    Column("kind", CODE, primary_key=True),
    Column("source", CODE, primary_key=True),
    Column("expected_every", BigInteger),
    instant_column("expected_since"),
    text_column("last_import", nullable=True),
    text_column("last_attempt", nullable=True),
    one_of("kind", ImportKind),
)
"""One row for each source that began an import or of which one is expected, with the ids of its last."""

webhooks = Table(
    "webhooks",
    METADATA,
    Column("id", CODE, primary_key=True),
    text_column("url"),
    text_column("description", nullable=True),
    text_column("feed"),
    json_column("choice"),
    text_column("secret"),
    text_column("previous_secret", nullable=True),
    instant_column("previous_until"),
    text_column("stopped", nullable=True),
    Column("position", BigInteger, nullable=False),
    instant_column("failing_since"),
    Column("failures", Integer, nullable=False),
    instant_column("next_try_at"),
    text_column("last_error", nullable=True),
    instant_column("created_at", nullable=False),
    text_column("created_by", nullable=True),
    one_of("feed", FeedName),
    one_of("stopped", Stop),
)
"""Who is told of the events of a feed, up to which position of it; secrets are sealed. Instants: epoch milliseconds."""

webhook_dead_letters = Table(
    "webhook_dead_letters",
    METADATA,
    Column("webhook", CODE, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    text_column("event_id"),
    text_column("type"),
    text_column("charger"),
    instant_column("recorded_at", nullable=False),
    instant_column("died_at", nullable=False),
    text_column("last_error"),
    Column("queued", Boolean, nullable=False),
    one_of("type", (*EventType, *ModeEventType)),
)
"""Events that a receiver did not take in time. Instants in epoch milliseconds."""

leases = Table(
    "leases",
    METADATA,
    Column("name", CODE, primary_key=True),
    text_column("holder"),
    instant_column("until", nullable=False),
)
"""Who does what only one process may do at a time, until when, in epoch milliseconds."""

sink_positions = Table(
    "sink_positions", METADATA, Column("sink", CODE, primary_key=True), Column("position", BigInteger, nullable=False)
)
"""Up to which position of its feed each sink has the events."""

versions = Table("versions", METADATA, Column("name", CODE, primary_key=True), instant_column("value", nullable=False))
"""Versions, by which processes notice each other's changes; and how far retention has counted."""

secrets = Table("secrets", METADATA, Column("name", CODE, primary_key=True), text_column("value"))
"""Secrets that the service generated for itself, in hexadecimal."""
