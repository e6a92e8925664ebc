"""Reported modes: the fake, SQLite and PostgreSQL keep the same promises."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from fakes.migrated import migrated
from fakes.reported import MemoryReportedModes
from sqlalchemy import insert, select

from policy_service.adapters.sql import mode_tables
from policy_service.adapters.sql.reported_modes import SqlReportedModes
from policy_service.application.ports import ConflictError
from policy_service.domain.access import AccessMode
from policy_service.domain.charger_sync import REPORTER_SKEW_MS, DesiredMode, ReportedMode, Standing, is_proven
from policy_service.domain.mode_events import ModeEvent, ModeEventType, mode_event_id

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence
    from pathlib import Path

    from policy_service.adapters.sql.engine import Database
    from policy_service.application.ports import ReportedModes

pytestmark = pytest.mark.anyio
AT = 1_795_000_000_000
FIRST_MS = 15_000


class Depot:
    """The port of one technology, and how a test tells chargers a mode and reads the events."""

    def __init__(self, reported: ReportedModes, database: Database | None) -> None:
        """Take a port, and the database behind it; None: the fake's memory."""
        self.reported = reported
        self._database = database

    async def tell(self, told: Sequence[DesiredMode]) -> None:
        if self._database is None:
            assert isinstance(self.reported, MemoryReportedModes)
            self.reported.told |= {each.charger: each for each in told}
            return
        rows = [
            {name: getattr(each, name) for name in ("charger", "mode", "from_mode", "at", "transition_id")}
            | {"policy": each.policy, "window": each.window, "running_sessions": {}}
            for each in told
        ]
        async with self._database.writing() as connection:
            await connection.execute(insert(mode_tables.desired_modes), rows)

    async def event_ids(self) -> Sequence[str]:
        if self._database is None:
            assert isinstance(self.reported, MemoryReportedModes)
            return list(self.reported.events)
        column = mode_tables.mode_events.c
        async with self._database.reading() as connection:
            return (await connection.execute(select(column.id).order_by(column.position))).scalars().all()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def depot(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Depot, None]:
    """Give the port of one technology."""
    if request.param == "memory":
        yield Depot(MemoryReportedModes(), None)
        return
    async with migrated(request.param, request, tmp_path) as database:
        yield Depot(SqlReportedModes(database), database)


def _desired(charger: str, **told: object) -> DesiredMode:
    whole = {"mode": AccessMode.MANAGED, "from_mode": AccessMode.FREEVEND, "at": AT, "transition_id": f"t-{charger}"}
    return DesiredMode(**({"charger": charger, "policy": "north", "window": None} | whole | told))  # type: ignore[arg-type]  # fields by name


def _full(charger: str) -> ReportedMode:
    return ReportedMode(
        charger,
        AccessMode.FREEVEND,
        AT,
        AT + 1,
        online=False,
        booted_at=AT - 5,
        evidence={"variables": {"FreeMode": "true"}, "commands": [1, None, {"a": 2.5}]},
        transition_id="t",
        attempts=3,
        next_try_at=AT + 7,
        settled_at=AT - 3,
        diverged_at=AT + 9,
        seen_at=AT - 1,
        due_from=AT - 2,
        tried_at=AT - 4,
    )


def _event(charger: str) -> ModeEvent:
    id_ = mode_event_id(ModeEventType.SWITCHED, charger, "t")
    return ModeEvent(id_, ModeEventType.SWITCHED, AT, AT, charger, {}, "t", AccessMode.MANAGED, {})


async def test_reports_come_back_as_they_were_put_with_the_next_version(depot: Depot) -> None:
    full, bare = _full("A"), ReportedMode("B", None, 0, AT)
    await depot.reported.put([full, bare], [])
    stored = {"A": replace(full, version=1), "B": replace(bare, version=1)}
    assert await depot.reported.all() == stored
    assert await depot.reported.get("A") == stored["A"]
    assert await depot.reported.get("C") is None
    assert not stored["B"].heard


async def test_a_writer_who_read_an_older_version_stores_nothing_at_all(depot: Depot) -> None:
    await depot.reported.put([ReportedMode("A", None, 1, AT)], [_event("A")])
    with pytest.raises(ConflictError):
        await depot.reported.put([_full("B"), ReportedMode("A", AccessMode.MANAGED, 2, AT)], [_event("B")])
    assert list(await depot.reported.all()) == ["A"]
    assert list(await depot.event_ids()) == [_event("A").id]
    await depot.reported.put([ReportedMode("A", AccessMode.MANAGED, 2, AT, version=1)], [_event("A"), _event("B")])
    found = await depot.reported.get("A")
    assert found is not None
    assert (found.mode, found.version) == (AccessMode.MANAGED, 2)
    assert list(await depot.event_ids()) == [_event("A").id, _event("B").id]


_SEEN: Mapping[str, ReportedMode | None] = {
    "silent": None,
    "unheard": ReportedMode("unheard", None, 0, AT),
    "other": ReportedMode("other", AccessMode.FREEVEND, AT, AT, seen_at=AT),
    "old": ReportedMode("old", AccessMode.MANAGED, AT, AT, seen_at=AT - REPORTER_SKEW_MS - 1),
    "fresh": ReportedMode("fresh", AccessMode.MANAGED, AT, AT, seen_at=AT - REPORTER_SKEW_MS),
    "settled": ReportedMode("settled", AccessMode.MANAGED, AT, AT, seen_at=1, settled_at=1, transition_id="t-settled"),
    "before": ReportedMode("before", AccessMode.MANAGED, AT, AT, seen_at=1, settled_at=1, transition_id="t"),
}


async def test_standings_tell_who_was_not_seen_in_the_mode_since(depot: Depot) -> None:
    await depot.tell([_desired(name) for name in _SEEN])
    untold = ReportedMode("untold", AccessMode.MANAGED, AT, AT, seen_at=AT)
    await depot.reported.put([*(each for each in _SEEN.values() if each is not None), untold], [])
    names = [*_SEEN, "untold", "nobody"]
    found = await depot.reported.standings(names)
    assert set(found) == {*_SEEN, "untold"}
    assert found["silent"] == Standing(_desired("silent"), None)
    assert found["untold"] == Standing(None, replace(untold, version=1))
    unproven = await depot.reported.standings(names, unproven=True)
    assert set(unproven) == {name for name, each in _SEEN.items() if not is_proven(_desired(name), each)}
    assert await depot.reported.proven(names) == len(_SEEN) - len(unproven)
    assert await depot.reported.proven([]) == 0
    assert set(unproven) == {"silent", "unheard", "other", "old", "before"}
    assert set(await depot.reported.standings(["old"])) == {"old"}
    assert await depot.reported.standings([]) == {}


async def test_due_is_what_waits_and_what_nobody_follows_up(depot: Depot) -> None:
    rows = {
        "waiting": ReportedMode("waiting", None, 1, AT, transition_id="t-waiting", next_try_at=AT),
        "later": ReportedMode("later", None, 1, AT, transition_id="t-later", next_try_at=AT + 1),
        "at rest": ReportedMode("at rest", None, 1, AT, transition_id="t-at rest"),
        "left": ReportedMode("left", None, 1, AT, transition_id="t", next_try_at=None),
        "gone": ReportedMode("gone", None, 1, AT, next_try_at=1),
    }
    await depot.reported.put(list(rows.values()), [])
    told = [_desired(name, at=AT - FIRST_MS) for name in (*rows, "new") if name != "gone"]
    await depot.tell([*told, _desired("newer", at=AT - FIRST_MS + 1)])
    found = await depot.reported.due(AT, first_ms=FIRST_MS, limit=10)
    assert set(found) == {"waiting", "left", "new"}
    assert found["new"].reported is None
    some = await depot.reported.due(AT, first_ms=FIRST_MS, limit=1)
    assert 1 <= len(some) < len(found)
