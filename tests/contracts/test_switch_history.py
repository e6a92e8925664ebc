"""What became of changes of mode, as SQLite and PostgreSQL tell it, and what that comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from fakes.clock import FakeClock
from fakes.migrated import migrated
from fakes.modes import desired_mode, mode_event

from policy_service.adapters.sql.desired_modes import SqlDesiredModes
from policy_service.adapters.sql.mode_events import SqlModeEvents
from policy_service.adapters.sql.reported_modes import SqlReportedModes
from policy_service.adapters.sql.switch_history import SqlSwitchHistory
from policy_service.application.plan_holder import PlanHolder
from policy_service.application.queries.adherence import AdherenceQuery
from policy_service.domain.access import AccessMode
from policy_service.domain.adherence import Adherence, Fate, PastSwitch, fate
from policy_service.domain.charger_sync import ReportedMode
from policy_service.domain.mode_events import ModeEvent, ModeEventType
from policy_service.domain.selector import Selector

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from policy_service.adapters.sql.engine import Database

AT = 1_795_000_000_000
MINUTE = 60_000


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Database, None]:
    """Give a database of one technology."""
    async with migrated(request.param, request, tmp_path) as opened:
        yield opened


def _due(charger: str, at: int, transition: str, depot: str = "north") -> ModeEvent:
    return mode_event(charger, at=at, transition_id=transition, labels={"depot": depot})


def _outcome(type_: ModeEventType, charger: str, at: int, transition: str, **detail: object) -> ModeEvent:
    return mode_event(charger, type=type_, at=at, transition_id=transition, detail={"recovered": False} | detail)


async def _filled(database: Database) -> None:
    """Store a night: one on time, one late, one offline, one diverged, one silent, one overtaken, one still in time."""
    switched, diverged = ModeEventType.SWITCHED, ModeEventType.DIVERGED
    events = [
        *(_due(name, AT, f"t-{name}") for name in ("early", "late", "away", "stuck", "mute", "gone")),
        _due("moved", AT + 1, "t-moved"),
        _due("moved", AT + 20_000, "t-moved-on"),
        mode_event("fresh", at=AT, transition_id="t-fresh", detail={"from_mode": None}),
        _due("south", AT + 2, "t-south", "south"),
        _due("new", AT + 30 * MINUTE, "t-new"),
        _outcome(switched, "early", AT - 3, "t-early", after_offline=False),
        _outcome(switched, "late", AT + 7_500, "t-late", after_offline=False),
        _outcome(switched, "late", AT + 9_500, "t-late", recovered=True),
        _outcome(switched, "away", AT + 10 * MINUTE, "t-away", after_offline=True),
        _outcome(diverged, "stuck", AT + MINUTE, "t-stuck"),
        _outcome(switched, "moved", AT + 21_000, "t-moved-on", after_offline=False),
        _outcome(switched, "south", AT + 3, "t-south", after_offline=False),
    ]
    await SqlModeEvents(database).add(events)
    await SqlDesiredModes(database).tell([desired_mode("gone", at=AT, transition_id="t-gone")], [])
    await SqlReportedModes(database).put([ReportedMode("gone", None, AT, AT, online=False)], [])


def _query(database: Database) -> AdherenceQuery:
    clock = FakeClock(AT + 30 * MINUTE + 2_000)
    history, reported = SqlSwitchHistory(database), SqlReportedModes(database)
    return AdherenceQuery(history, reported, PlanHolder(), clock, on_time_s=5, within_s=60)


@pytest.mark.anyio
async def test_switches_come_with_what_became_of_them_in_time_order(database: Database) -> None:
    await _filled(database)
    history = SqlSwitchHistory(database)
    whole = await history.between(AT, AT + 60 * MINUTE, after=None, limit=100)
    assert [(each.at, each.transition_id) for each in whole] == sorted((each.at, each.transition_id) for each in whole)
    assert len(whole) == 11
    by_name = {each.transition_id: each for each in whole}
    assert by_name["t-late"].switched_at == AT + 7_500
    assert by_name["t-away"].after_offline
    assert by_name["t-stuck"].diverged
    assert by_name["t-moved"].next_at == AT + 20_000
    paged: list[PastSwitch] = []
    while page := await history.between(
        AT, AT + 60 * MINUTE, after=(paged[-1].at, paged[-1].transition_id) if paged else None, limit=3
    ):
        paged += page
    assert paged == list(whole)
    assert not await history.between(AT + 60 * MINUTE, AT + 90 * MINUTE, after=None, limit=3)


@pytest.mark.anyio
async def test_adherence_counts_and_names_every_miss(database: Database) -> None:
    await _filled(database)
    query, span = _query(database), (AT // 1000, AT // 1000 + 3600)
    found = await query(*span, label=None, within=None, limit=100, cursor=None)
    adherence = found.adherence
    assert (adherence.switches, adherence.counts[Fate.ON_TIME]) == (8, 3)
    assert (adherence.counts[Fate.SUPERSEDED], adherence.counts[Fate.PENDING]) == (1, 1)
    assert adherence.share_on_time == 3 / 8
    assert adherence.late_s((0.5, 1.0)) == [1.0, 600.0]
    assert {miss.switch.charger: miss.fate for miss in found.misses} == {
        "away": Fate.OFFLINE,
        "gone": Fate.OFFLINE,
        "late": Fate.LATE,
        "mute": Fate.NOT_SEEN,
        "stuck": Fate.DIVERGED,
    }
    paged: list[str] = []
    cursor: tuple[int, str] | None = None
    for _ in found.misses:
        page = await query(*span, label=None, within=None, limit=1, cursor=cursor)
        assert page.adherence.switches == 8
        paged += [miss.switch.charger for miss in page.misses]
        cursor = page.following
    assert (paged, cursor) == ([miss.switch.charger for miss in found.misses], None)
    south = await query(*span, label=("depot", "south"), within=None, limit=9, cursor=None)
    bound = await query(*span, label=None, within=Selector(labels=(("depot", ("south",)),)), limit=9, cursor=None)
    assert south.adherence.switches == bound.adherence.switches == 1


@dataclass(frozen=True)
class Case:
    name: str
    fate: Fate
    switched_ms: int | None = None
    after_offline: bool = False
    diverged: bool = False
    next_ms: int | None = None
    switchable: bool = True
    now_ms: int = 3_600_000


CASES = (
    Case("seen at once", Fate.ON_TIME, 0),
    Case("seen ahead of time", Fate.ON_TIME, -20_000),
    Case("seen just in time", Fate.ON_TIME, 5_000),
    Case("seen late", Fate.LATE, 5_001),
    Case("seen late after it was offline", Fate.OFFLINE, 90_000, after_offline=True),
    Case("seen late after it diverged", Fate.LATE, 90_000, diverged=True),
    Case("diverged", Fate.DIVERGED, diverged=True),
    Case("never seen", Fate.NOT_SEEN),
    Case("a moment ago", Fate.PENDING, now_ms=5_000),
    Case("just no longer in time", Fate.NOT_SEEN, now_ms=5_001),
    Case("overtaken", Fate.SUPERSEDED, next_ms=59_999),
    Case("overtaken by one from before", Fate.SUPERSEDED, next_ms=-1),
    Case("missed until the next", Fate.NOT_SEEN, next_ms=60_000),
    Case("seen before it was overtaken", Fate.ON_TIME, 1_000, next_ms=2_000),
    Case("no switch is known", Fate.UNSUPPORTED, switchable=False),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_fate_of_a_switch_is_what_the_table_says(case: Case) -> None:
    switch = PastSwitch(
        "A",
        {},
        AT,
        AccessMode.MANAGED,
        "t",
        AccessMode.FREEVEND,
        None if case.switched_ms is None else AT + case.switched_ms,
        case.after_offline,
        case.diverged,
        None if case.next_ms is None else AT + case.next_ms,
    )
    became = fate(switch, switchable=case.switchable, now=AT + case.now_ms, on_time_ms=5_000, within_ms=MINUTE)
    assert became is case.fate


def test_of_no_switches_there_is_no_share() -> None:
    empty = Adherence()
    assert (empty.switches, empty.share_on_time, empty.late_s((0.5,))) == (0, None, [None])
