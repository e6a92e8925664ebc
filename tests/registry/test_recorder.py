from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from fakes.samples import event
from fakes.stores import MemoryEvents, MemoryState

from policy_service.application.access_events import Circumstances, access_event, event_type, leaves_event
from policy_service.application.commands.record_decision import DecisionRecorder
from policy_service.domain.access import AccessMode, Outcome, Reason, VehicleClass
from policy_service.domain.decision import Answer, Decision
from policy_service.domain.events import EventType

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from policy_service.domain.events import AccessEvent

pytestmark = pytest.mark.anyio


class Notes:
    def __init__(self) -> None:
        """Note nothing yet."""
        self.said: list[tuple[str, object]] = []

    def store_failed(self, pending: int) -> None:
        self.said.append(("failed", pending))

    def store_recovered(self, written: int) -> None:
        self.said.append(("recovered", written))

    def dropped(self, event: AccessEvent) -> None:
        self.said.append(("dropped", event.decision_id))


async def test_a_denial_is_stored_on_return() -> None:
    state = MemoryState()
    async with DecisionRecorder(MemoryEvents(state)) as recorder:
        await recorder.record(event("d"))
        assert set(state.events) == {"d"}


async def test_denials_that_come_together_share_transactions() -> None:
    events = MemoryEvents(MemoryState())
    async with DecisionRecorder(events) as recorder:
        await asyncio.gather(*(recorder.record(event(f"d{number}")) for number in range(200)))
        assert sum(events.writes) == 200
        assert len(events.writes) <= 3


async def test_other_events_wait_for_nobody_and_are_written_on_leaving() -> None:
    state = MemoryState()
    async with DecisionRecorder(MemoryEvents(state)) as recorder:
        await recorder.record(event("a", type=EventType.ALLOWED))
        assert not state.events
    assert set(state.events) == {"a"}


async def test_other_events_are_written_within_a_second() -> None:
    state = MemoryState()
    async with DecisionRecorder(MemoryEvents(state)) as recorder:
        await recorder.record(event("a", type=EventType.ALLOWED))
        await asyncio.sleep(0.9)
        assert set(state.events) == {"a"}


async def test_while_the_store_is_gone_denials_are_answered_and_kept() -> None:
    state, notes = MemoryState(down=True), Notes()
    async with DecisionRecorder(MemoryEvents(state), notes) as recorder:
        async with asyncio.timeout(0.3):
            for number in range(3):
                await recorder.record(event(f"d{number}"))
        assert recorder.failing
        assert ("failed", 1) in notes.said
        state.down = False
        await asyncio.sleep(1.2)
        assert not recorder.failing
        assert set(state.events) == {"d0", "d1", "d2"}
    assert ("recovered", 3) in notes.said


async def test_what_waits_is_bounded_and_losses_are_told() -> None:
    state, notes = MemoryState(down=True), Notes()
    async with DecisionRecorder(MemoryEvents(state), notes, max_pending=2) as recorder:
        for number in range(4):
            await recorder.record(event(f"d{number}"))
        assert recorder.pending == 2
    assert [said for said in notes.said if said[0] == "dropped"] == [("dropped", "d0"), ("dropped", "d1")]


async def test_one_event_that_cannot_be_stored_does_not_stop_the_others() -> None:
    class Picky(MemoryEvents):
        async def write(self, events: Sequence[AccessEvent]) -> None:
            if any(each.charger == "bad" for each in events):
                raise OverflowError
            await super().write(events)

    state, notes = MemoryState(), Notes()
    async with DecisionRecorder(Picky(state), notes) as recorder:
        await asyncio.gather(*(recorder.record(event(f"d{n}", charger="bad" if n == 1 else "ok")) for n in range(3)))
        assert set(state.events) == {"d0", "d2"}
        await recorder.record(event("later"))
    assert notes.said == [("dropped", "d1")]
    assert "later" in state.events


async def test_a_store_that_hangs_holds_no_answer_for_long() -> None:
    release = asyncio.Event()

    class Hung(MemoryEvents):
        async def write(self, events: Sequence[AccessEvent]) -> None:
            await release.wait()
            await super().write(events)

    state, notes = MemoryState(), Notes()
    async with DecisionRecorder(Hung(state), notes, patience_s=0.05) as recorder:
        async with asyncio.timeout(1):
            await recorder.record(event("d"))
        assert notes.said == [("failed", 1)]
        release.set()
    assert set(state.events) == {"d"}


def _answer(outcome: Outcome, reason: Reason, would_be: Outcome | None = None) -> Answer:
    return Answer(outcome, reason, AccessMode.MANAGED, VehicleClass.OWN, "p", "w", "UTC", None, would_be)


def test_only_access_decisions_leave_events() -> None:
    assert not leaves_event(_answer(Outcome.ALLOWED, Reason.FREEVEND))
    assert not leaves_event(_answer(Outcome.ALLOWED, Reason.NO_POLICY))
    assert leaves_event(_answer(Outcome.ACCESS_DENIED, Reason.NO_POLICY))
    assert leaves_event(_answer(Outcome.ACCESS_DENIED, Reason.UNKNOWN_CHARGER))


def test_an_event_tells_the_decision() -> None:
    observed = _answer(Outcome.ALLOWED, Reason.NOT_GRANTED, Outcome.ACCESS_DENIED)
    assert event_type(observed) is EventType.WOULD_DENY
    assert event_type(_answer(Outcome.ALLOWED, Reason.OWN_VEHICLE)) is EventType.ALLOWED
    around = Circumstances("id", 5, "sha256:1", {"depot": "north"}, ("…1234", "ff"), evse=1, caller="k")
    made = access_event(Decision(observed, "C", 7, None), None, around)
    assert (made.type, made.time, made.recorded_at, made.identifier_masked) == (EventType.WOULD_DENY, 7000, 5, "…1234")
    assert (made.vehicle, made.evse, made.caller, made.labels) == (None, 1, "k", {"depot": "north"})


_DENIER = """
import asyncio, sys
sys.path.insert(0, "tests")
from fakes.samples import event
from policy_service.adapters.sql.engine import database_at
from policy_service.adapters.sql.schema import upgrade
from policy_service.application.commands.record_decision import DecisionRecorder

async def one(recorder, name):
    await recorder.record(event(name))
    print(name, flush=True)

async def main():
    database = database_at(sys.argv[1])
    await upgrade(database)
    async with DecisionRecorder(SqlEventStore(database)) as recorder:
        for turn in range(10_000):
            await asyncio.gather(*(one(recorder, f"{turn}-{number}") for number in range(5)))

asyncio.run(main())
"""


@pytest.mark.parametrize("after", [1, 37, 200])
def test_no_answered_denial_is_lost_by_a_kill(tmp_path: Path, after: int) -> None:
    file = tmp_path / "state.db"
    command = [sys.executable, "-c", _DENIER, f"sqlite:///{file}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        assert process.stdout is not None
        answered = [process.stdout.readline().strip() for _ in range(after)]
        process.send_signal(signal.SIGKILL)
        answered += [line.strip() for line in process.stdout if line.endswith("\n")]
    connection = sqlite3.connect(file)
    stored = {row[0] for row in connection.execute("SELECT decision_id FROM events")}
    connection.close()
    assert all(answered)
    assert set(answered) <= stored
