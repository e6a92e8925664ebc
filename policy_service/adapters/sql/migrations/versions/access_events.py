"""Access events in the order in which they become visible, with what the CSMS and the registry said."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_POSITION = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_VALUES = {
    "type": ("access.denied", "access.allowed", "access.would_deny", "access.breach"),
    "outcome": ("allowed", "access_denied"),
    "mode": ("freevend", "managed"),
    "vehicle_class": ("own", "agreement", "unknown"),
    "driver_signal": ("text", "status_only", "none"),
    "reason": (
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
    ),
}
_KEPT = (
    "decision_id, type, time, recorded_at, charger, labels, outcome, reason, mode, vehicle_class, policy, "
    '"window", revision, vehicle, fleet, agreement, identifier_masked, identifier_fingerprint, evse, connector, '
    "caller, request_id"
)


def upgrade() -> None:
    """Create the tables, and move the events of before over."""
    _create_events()
    _create_indexes()
    _create_places()
    _create_privacy()
    _move_events()


def _create_events() -> None:
    op.create_table(
        "access_events",
        sa.Column("position", _POSITION, sa.Identity(), nullable=False),
        *_texts("decision_id", "type", "charger", "outcome", "reason", "revision"),
        *_texts("mode", "vehicle_class", "policy", "window", "vehicle", "fleet", "agreement", nullable=True),
        *_texts("identifier_masked", "identifier_fingerprint", "driver_signal", "ocpp_action", nullable=True),
        *_texts("message_id", "transaction_id", "caller", "request_id", "sealed_identifier", nullable=True),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("time", "recorded_at")),
        *(sa.Column(name, sa.Integer) for name in ("fingerprint_key", "evse", "connector")),
        sa.Column("labels", sa.JSON, nullable=False),
        sa.Column("evidence", sa.JSON),
        sa.PrimaryKeyConstraint("position", name="pk_access_events"),
        sa.UniqueConstraint("decision_id", name="uq_access_events_decision_id"),
        *(_one_of(name, values) for name, values in _VALUES.items()),
        sqlite_autoincrement=True,
    )


def _create_indexes() -> None:
    _index("recorded_at_position", "recorded_at", "position")
    _index("identifier_fingerprint_recorded_at_position", "identifier_fingerprint", "recorded_at", "position")
    lane = ("type", "reason", "recorded_at", "position", "vehicle_class")
    _index("lanes", *lane)
    _index("charger_lanes", "charger", *lane)
    traded = sa.text("transaction_id IS NOT NULL")
    op.create_index(
        "ix_access_events_transaction",
        "access_events",
        ["transaction_id", "charger"],
        sqlite_where=traded,
        postgresql_where=traded,
    )
    sealed = sa.text("sealed_identifier IS NOT NULL")
    op.create_index(
        "ix_access_events_sealed", "access_events", ["recorded_at"], sqlite_where=sealed, postgresql_where=sealed
    )


def _create_places() -> None:
    op.create_table(
        "event_chargers",
        *_texts("charger"),
        sa.Column("labels", sa.JSON().with_variant(JSONB, "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("charger", "labels", name="pk_event_chargers"),
    )
    op.create_table(
        "event_lanes",
        *_texts("charger", "type", "reason"),
        sa.PrimaryKeyConstraint("charger", "type", "reason", name="pk_event_lanes"),
    )


def _create_privacy() -> None:
    op.create_table(
        "fingerprint_keys",
        sa.Column("generation", sa.Integer, autoincrement=False, nullable=False),
        *_texts("salt"),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("generation", name="pk_fingerprint_keys"),
    )
    op.create_table(
        "forgotten",
        *_texts("fingerprint"),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_forgotten"),
    )


def _move_events() -> None:
    op.execute(
        f"INSERT INTO access_events ({_KEPT}, fingerprint_key) "  # noqa: S608 - names written above
        f"SELECT {_KEPT}, CASE WHEN identifier_fingerprint IS NULL THEN NULL ELSE 1 END "
        "FROM events ORDER BY recorded_at, decision_id"
    )
    labels = "CAST(labels AS JSONB)" if op.get_bind().dialect.name == "postgresql" else "labels"
    op.execute(
        f"INSERT INTO event_chargers (charger, labels) SELECT DISTINCT charger, {labels} FROM access_events"  # noqa: S608
    )
    op.execute(
        "INSERT INTO event_lanes (charger, type, reason) SELECT DISTINCT charger, type, reason FROM access_events"
    )
    op.drop_table("events")


def _index(name: str, *columns: str) -> None:
    op.create_index(f"ix_access_events_{name}", "access_events", columns)


def _texts(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, _TEXT, nullable=nullable) for name in names]


def _one_of(column: str, values: tuple[str, ...]) -> sa.CheckConstraint:
    accepted = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f'"{column}" IN ({accepted})', name=op.f(f"ck_access_events_{column}"))
