"""Millions of access events, made by the database itself: a year of a busy operator, the same on both stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from policy_service.adapters.sql import tables
from policy_service.adapters.sql.engine import immediately

if TYPE_CHECKING:
    from policy_service.adapters.sql.engine import Database

FIRST = 1_763_942_400_000
"""2025-11-24T00:00:00Z, in milliseconds."""
YEAR_MS = 365 * 86_400_000
CHARGERS = 600
VEHICLES = 2_000
STRANGERS = 50_000
_AT_ONCE = 500_000

_NUMBERS = {
    "postgresql": "SELECT generate_series(CAST(:first AS BIGINT), CAST(:last AS BIGINT)) AS n",
    "sqlite": "SELECT :first AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < :last",
}

# Each throws a die of its own: the same number falls the same way on both stores.
_DICE = """
    SELECT n, (n * 7919 + 11) % 1000003 % {chargers} AS charger, (n * 104729 + 5) % 999983 AS luck,
           (n * 15485863 + 3) % 999979 AS who, (n * 32452843 + 1) % 999961 AS more
    FROM numbers
"""

# One in ten is refused. `depot-5` is watched only, and `depot-4` never refuses anybody for want of a grant.
_JUDGED = """
    SELECT n, charger, who, more, charger % 6 AS depot,
           CASE WHEN luck >= 100000 AND luck % 4 > 0 THEN 'own_vehicle'
                WHEN luck >= 100000 THEN 'agreement_vehicle'
                WHEN luck < 10 THEN 'identifier_blocked'
                WHEN luck < 200 THEN 'lookup_failed'
                WHEN luck < 2000 THEN 'agreement_suspended'
                WHEN luck < 9000 THEN 'no_identifier'
                WHEN luck < 40000 AND charger % 6 <> 4 THEN 'not_granted'
                ELSE 'unknown_identifier' END AS reason
    FROM dice
"""

_TOLD = """
    SELECT n, charger, more, depot, reason,
           CASE WHEN reason IN ('own_vehicle', 'agreement_vehicle') THEN 'access.allowed'
                WHEN depot = 5 THEN 'access.would_deny' ELSE 'access.denied' END AS type,
           CASE WHEN reason IN ('unknown_identifier', 'no_identifier', 'lookup_failed') THEN 'unknown'
                WHEN reason IN ('agreement_vehicle', 'agreement_suspended') THEN 'agreement'
                ELSE 'own' END AS class,
           CASE WHEN reason IN ('no_identifier', 'lookup_failed') THEN NULL
                WHEN reason = 'unknown_identifier' THEN {vehicles} + who % {strangers}
                ELSE who % {vehicles} END AS card
    FROM judged
"""

_EVENTS = """
    SELECT '0199' || (n + 1000000000) AS decision_id, type, {first} + n * {step} AS time,
           {first} + n * {step} + 40 AS recorded_at, 'NTH-' || (charger + 1000) AS charger,
           {labels} AS labels,
           CASE WHEN type = 'access.denied' THEN 'access_denied' ELSE 'allowed' END AS outcome,
           reason, 'managed' AS mode, class AS vehicle_class, 'policy-' || depot AS policy, 'weeknights' AS "window",
           'sha256:6712b96014fb3a637bdf629357865e4da1d6c528fb4775565fe010b9e55d59e3' AS revision,
           CASE WHEN class <> 'unknown' THEN 'vehicle-' || card END AS vehicle,
           CASE WHEN class <> 'unknown' THEN 'fleet-' || (card % 12) END AS fleet,
           CASE WHEN class = 'agreement' THEN 'agreement-' || (card % 12) END AS agreement,
           CASE WHEN card IS NOT NULL THEN '...E6' || (card % 100 + 100) END AS identifier_masked,
           CASE WHEN card IS NOT NULL THEN 'f1b0c8d2a7e94365' || (card + 10000000) END AS identifier_fingerprint,
           CASE WHEN card IS NOT NULL THEN 1 END AS fingerprint_key, 1 AS connector, 'Authorize' AS ocpp_action,
           CASE WHEN more % 3 = 0 THEN 'tx-' || n END AS transaction_id, 'csms' AS caller
    FROM told
"""

_LABELS = """'{"depot":"depot-' || depot || '","row":"' || (charger % 40) || '"}'"""
_INSERT = """
    INSERT INTO access_events (
        decision_id, type, time, recorded_at, charger, labels, outcome, reason, mode, vehicle_class, policy, "window",
        revision, vehicle, fleet, agreement, identifier_masked, identifier_fingerprint, fingerprint_key, connector,
        ocpp_action, transaction_id, caller)
    WITH RECURSIVE numbers AS ({numbers}), dice AS ({dice}), judged AS ({judged}), told AS ({told}) {events}
"""


_PLACES = {
    "postgresql": "INSERT INTO event_chargers SELECT DISTINCT charger, CAST(labels AS JSONB) FROM access_events",
    "sqlite": "INSERT INTO event_chargers SELECT DISTINCT charger, labels FROM access_events",
}


async def fill(database: Database, count: int) -> None:
    """Put so many events into an empty, migrated database, and leave it as a database in use is: analysed."""
    kind = database.engine.dialect.name
    labels = f"CAST({_LABELS} AS JSON)" if kind == "postgresql" else _LABELS
    insert = text(
        _INSERT.format(
            numbers=_NUMBERS[kind],
            dice=_DICE.format(chargers=CHARGERS),
            judged=_JUDGED,
            told=_TOLD.format(vehicles=VEHICLES, strangers=STRANGERS),
            events=_EVENTS.format(first=FIRST, step=YEAR_MS // count, labels=labels),
        )
    )
    indexes = sorted(tables.access_events.indexes, key=lambda index: str(index.name))
    async with database.engine.connect() as connection:
        await immediately(connection)
        if kind == "postgresql":
            await connection.exec_driver_sql("SET statement_timeout = 0")
            await connection.exec_driver_sql("SET maintenance_work_mem = '512MB'")
        else:
            await connection.exec_driver_sql("PRAGMA cache_size = -262144")
        for index in indexes:
            await connection.run_sync(index.drop)
        for first in range(0, count, _AT_ONCE):
            await connection.execute(insert, {"first": first, "last": min(first + _AT_ONCE, count) - 1})
            await connection.commit()
        for index in indexes:
            await connection.run_sync(index.create)
        await connection.execute(text(_PLACES[kind]))
        await connection.execute(
            text(
                "INSERT INTO event_lanes (charger, type, reason) "
                "SELECT DISTINCT charger, type, reason FROM access_events"
            )
        )
        await connection.commit()
    async with database.engine.connect() as connection:
        settled = await connection.execution_options(isolation_level="AUTOCOMMIT")
        if kind == "postgresql":
            await settled.exec_driver_sql("SET statement_timeout = 0")
            await settled.exec_driver_sql("VACUUM ANALYZE access_events")
            await settled.exec_driver_sql("ANALYZE event_chargers")
        else:
            await settled.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
