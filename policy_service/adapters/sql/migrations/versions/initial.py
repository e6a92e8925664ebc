"""The first schema: registry, chargers, events, versions, secrets.

A revision repeats names and value lists instead of importing them: it must stay what it was on the day it was released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_CLASSES = ("own", "agreement")
_REASONS = (
    "unknown_charger",
    "no_policy",
    "freevend",
    "no_identifier",
    "synthetic_identifier",
    "too_many_attempts",
    "lookup_failed",
    "unknown_identifier",
    "identifier_blocked",
    "identifier_not_yet_valid",
    "identifier_expired",
    "agreement_unknown",
    "agreement_suspended",
    "agreement_not_yet_valid",
    "agreement_expired",
    "not_granted",
    "own_vehicle",
    "agreement_vehicle",
)


def upgrade() -> None:
    """Create every table."""
    _create_identifiers()
    _create_agreements()
    _create_chargers()
    _create_events()
    versions = op.create_table(
        "versions",
        *_texts("name"),
        *_instants("value", nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_versions"),
    )
    op.bulk_insert(versions, [{"name": "registry", "value": 0}, {"name": "chargers", "value": 0}])
    op.create_table("secrets", *_texts("name", "value"), sa.PrimaryKeyConstraint("name", name="pk_secrets"))


def _create_identifiers() -> None:
    op.create_table(
        "identifiers",
        *_texts("id", "key", "type", "class", "vehicle", "status", "source"),
        *_texts("fleet", "agreement", "spelling", nullable=True),
        sa.Column("attributes", sa.JSON, nullable=False),
        sa.Column("chargers", sa.JSON),
        *_instants("valid_from", "valid_to"),
        sa.PrimaryKeyConstraint("id", name="pk_identifiers"),
        sa.UniqueConstraint("key", "source", name="uq_identifiers_key_source"),
        _one_of("identifiers", "type", "rfid", "mac", "pin", "emaid", "vin", "other"),
        _one_of("identifiers", "class", *_CLASSES),
        _one_of("identifiers", "status", "active", "blocked"),
    )
    _index("identifiers", "source", "key")
    _index("identifiers", "agreement")


def _create_agreements() -> None:
    op.create_table(
        "agreements",
        *_texts("id", "fleet", "status", "source"),
        sa.Column("chargers", sa.JSON),
        *_instants("valid_from", "valid_to"),
        sa.PrimaryKeyConstraint("id", name="pk_agreements"),
        _one_of("agreements", "status", "active", "suspended"),
    )


def _create_chargers() -> None:
    op.create_table(
        "chargers",
        *_texts("id"),
        *(sa.Column(name, sa.JSON, nullable=False) for name in ("labels", "attributes", "synthetic_ids")),
        *_texts("protocol", "profile", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_chargers"),
    )


def _create_events() -> None:
    op.create_table(
        "events",
        *_texts("decision_id", "type", "charger", "outcome", "reason", "revision"),
        *_instants("time", "recorded_at", nullable=False),
        sa.Column("labels", sa.JSON, nullable=False),
        *_texts("mode", "vehicle_class", "policy", "window", "vehicle", "fleet", "agreement", nullable=True),
        *_texts("identifier_masked", "identifier_fingerprint", "caller", "request_id", nullable=True),
        sa.Column("evse", sa.Integer),
        sa.Column("connector", sa.Integer),
        sa.PrimaryKeyConstraint("decision_id", name="pk_events"),
        _one_of("events", "type", "access.denied", "access.allowed", "access.would_deny", "access.breach"),
        _one_of("events", "outcome", "allowed", "access_denied"),
        _one_of("events", "reason", *_REASONS),
        _one_of("events", "mode", "freevend", "managed"),
        _one_of("events", "vehicle_class", *_CLASSES, "unknown"),
    )
    for columns in ((), ("charger",), ("outcome",), ("reason",)):
        _index("events", *columns, "recorded_at", "decision_id")


def _texts(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, _TEXT, nullable=nullable) for name in names]


def _instants(*names: str, nullable: bool = True) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=nullable) for name in names]


def _one_of(table: str, column: str, *values: str) -> sa.CheckConstraint:
    accepted = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f'"{column}" IN ({accepted})', name=op.f(f"ck_{table}_{column}"))


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))
