"""The tables, as SQLAlchemy Core sees them; :mod:`.migrations` creates them, and a test holds the two together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from policy_service.domain.access import AccessMode, Outcome, Reason, Ungoverned, VehicleClass
from policy_service.domain.agreement import AgreementStatus
from policy_service.domain.events import DriverSignal, EventType
from policy_service.domain.identifier import IdentifierStatus, IdentifierType
from policy_service.domain.import_run import ImportKind, ImportMode, ImportState
from policy_service.domain.webhook import Stop

if TYPE_CHECKING:
    from collections.abc import Iterable

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)


CODE = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is compared byte by byte, as SQLite does anyway: an index then outlives changes to a language's rules."""


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """Return the check that stands in for an enum type: text out of a closed list."""
    accepted = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f'"{column}" IN ({accepted})', name=column)


def _json(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, JSON(none_as_null=True), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, CODE, nullable=nullable)


def _instant(name: str, *, nullable: bool = True) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


identifiers = Table(
    "identifiers",
    METADATA,
    Column("id", CODE, primary_key=True),
    _text("key"),
    _text("type"),
    _text("class"),
    _text("vehicle"),
    _text("fleet", nullable=True),
    _text("agreement", nullable=True),
    _json("attributes"),
    _json("chargers", nullable=True),
    _instant("valid_from"),
    _instant("valid_to"),
    _text("status"),
    _text("source"),
    _text("spelling", nullable=True),
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
    _text("fleet"),
    _instant("valid_from"),
    _instant("valid_to"),
    _text("status"),
    _json("chargers", nullable=True),
    _text("source"),
    one_of("status", AgreementStatus),
)
"""One row for each agreement, whichever source it came from. Validity in epoch seconds."""

chargers = Table(
    "chargers",
    METADATA,
    Column("id", CODE, primary_key=True),
    _json("labels"),
    _json("attributes"),
    _text("protocol", nullable=True),
    _text("profile", nullable=True),
    _json("synthetic_ids"),
)
"""Chargers that came over HTTP."""

overrides = Table(
    "overrides",
    METADATA,
    Column("id", CODE, primary_key=True),
    _instant("serial", nullable=False),
    _json("chargers"),
    _instant("valid_from", nullable=False),
    _instant("valid_to", nullable=False),
    _text("mode"),
    _json("allow", nullable=True),
    Column("force", Boolean, nullable=False),
    _text("reason"),
    _json("message", nullable=True),
    _instant("created_at", nullable=False),
    _text("created_by", nullable=True),
    _instant("ended_at"),
    _text("ended_by", nullable=True),
    one_of("mode", AccessMode),
    UniqueConstraint("serial"),
    Index(None, "valid_to"),
)
"""Overrides made over HTTP, kept for audits when they are over. Instants in epoch seconds."""

POSITION = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by INTEGER keys only."""

_TRADED = text("transaction_id IS NOT NULL")
_SEALED = text("sealed_identifier IS NOT NULL")
_OF_VEHICLE, _OF_FLEET, _OF_POLICY = (text(f"{name} IS NOT NULL") for name in ("vehicle", "fleet", "policy"))
_IN_LANE = ("type", "reason", "recorded_at", "position")

access_events = Table(
    "access_events",
    METADATA,
    Column("position", POSITION, Identity(), primary_key=True),
    _text("decision_id"),
    _text("type"),
    _instant("time", nullable=False),
    _instant("recorded_at", nullable=False),
    _text("charger"),
    _json("labels"),
    _text("outcome"),
    _text("reason"),
    _text("mode", nullable=True),
    _text("vehicle_class", nullable=True),
    _text("policy", nullable=True),
    _text("window", nullable=True),
    _text("revision"),
    _text("vehicle", nullable=True),
    _text("fleet", nullable=True),
    _text("agreement", nullable=True),
    _text("identifier_masked", nullable=True),
    _text("identifier_fingerprint", nullable=True),
    Column("fingerprint_key", Integer),
    _text("driver_signal", nullable=True),
    Column("evse", Integer),
    Column("connector", Integer),
    _text("ocpp_action", nullable=True),
    _text("message_id", nullable=True),
    _text("transaction_id", nullable=True),
    Column("late", Boolean),
    Column("clock_suspect", Boolean),
    _text("caller", nullable=True),
    _text("request_id", nullable=True),
    _json("evidence", nullable=True),
    _text("sealed_identifier", nullable=True),
    _text("degraded", nullable=True),
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
    Column("labels", JSON().with_variant(JSONB, "postgresql"), primary_key=True),
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
    _text("salt"),
    _instant("created_at", nullable=False),
)
"""Generations of the key of fingerprints after the first. Instants in epoch seconds."""

forgotten = Table("forgotten", METADATA, Column("fingerprint", CODE, primary_key=True), _instant("at", nullable=False))
"""Fingerprints whose events were erased lately, with the instant in epoch seconds: some may still be on their way."""

policy_revisions = Table(
    "policy_revisions",
    METADATA,
    Column("revision", CODE, primary_key=True),
    _text("files"),
    _text("chargers"),
    _json("overrides"),
    _text("ungoverned"),
    _text("tzdata"),
    _text("holidays"),
    _instant("in_force_at", nullable=False),
    _instant("seen_at", nullable=False),
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
    _text("name"),
    _text("digest"),
    _json("scopes"),
    _json("labels"),
    _text("source", nullable=True),
    _text("fleet", nullable=True),
    _instant("created_at", nullable=False),
    _text("created_by", nullable=True),
    _instant("expires_at"),
    _instant("revoked_at"),
    _instant("last_used_at"),
    UniqueConstraint("digest"),
    Index(None, "name"),
)
"""API keys as hashes, those that have ended among them. Instants in epoch seconds."""

audit = Table(
    "audit",
    METADATA,
    Column("id", CODE, primary_key=True),
    _instant("at", nullable=False),
    _text("action"),
    _text("caller", nullable=True),
    _text("subject", nullable=True),
    _json("detail"),
    _text("request_id", nullable=True),
    Index(None, "at", "id"),
)
"""Who changed what. Instants in epoch milliseconds."""

imports = Table(
    "imports",
    METADATA,
    Column("id", CODE, primary_key=True),
    _text("kind"),
    _text("source"),
    _text("mode"),
    Column("atomic", Boolean, nullable=False),
    _text("state"),
    _instant("started_at", nullable=False),
    _instant("updated_at", nullable=False),
    _instant("ended_at"),
    *(Column(name, BigInteger, nullable=False) for name in ("lines", "accepted", "rejected", "dropped", "conflicts")),
    _text("caller", nullable=True),
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
    _instant("expected_since"),
    _text("last_import", nullable=True),
    _text("last_attempt", nullable=True),
    one_of("kind", ImportKind),
)
"""One row for each source that began an import or of which one is expected, with the ids of its last."""

webhooks = Table(
    "webhooks",
    METADATA,
    Column("id", CODE, primary_key=True),
    _text("url"),
    _text("description", nullable=True),
    _json("choice"),
    _text("secret"),
    _text("previous_secret", nullable=True),
    _instant("previous_until"),
    _text("stopped", nullable=True),
    Column("position", BigInteger, nullable=False),
    _instant("failing_since"),
    Column("failures", Integer, nullable=False),
    _instant("next_try_at"),
    _text("last_error", nullable=True),
    _instant("created_at", nullable=False),
    _text("created_by", nullable=True),
    one_of("stopped", Stop),
)
"""Who is told of access events, up to which position of theirs, with sealed secrets. Instants in epoch milliseconds."""

webhook_dead_letters = Table(
    "webhook_dead_letters",
    METADATA,
    Column("webhook", CODE, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    _text("decision_id"),
    _text("type"),
    _text("charger"),
    _instant("recorded_at", nullable=False),
    _instant("died_at", nullable=False),
    _text("last_error"),
    Column("queued", Boolean, nullable=False),
    one_of("type", EventType),
)
"""Events that a receiver did not take in time. Instants in epoch milliseconds."""

leases = Table(
    "leases", METADATA, Column("name", CODE, primary_key=True), _text("holder"), _instant("until", nullable=False)
)
"""Who does what only one process may do at a time, until when, in epoch milliseconds."""

sink_positions = Table(
    "sink_positions", METADATA, Column("sink", CODE, primary_key=True), Column("position", BigInteger, nullable=False)
)
"""Up to which position of access events each sink has them."""

versions = Table("versions", METADATA, Column("name", CODE, primary_key=True), _instant("value", nullable=False))
"""Versions, by which processes notice each other's changes."""

secrets = Table("secrets", METADATA, Column("name", CODE, primary_key=True), _text("value"))
"""Secrets that the service generated for itself, in hexadecimal."""
