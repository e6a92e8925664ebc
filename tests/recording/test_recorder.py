from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from fakes.events import MemoryEvents
from fakes.samples import event
from fakes.spool import MemorySpool
from fakes.stores import MemoryState

from policy_service.application import event_shipping
from policy_service.application.commands.record_decision import DecisionRecorder, WhenFull
from policy_service.application.concerns import Concern, ConcernCode
from policy_service.application.event_line import event_line
from policy_service.application.event_losses import EventLosses
from policy_service.application.event_shipping import EventShipping
from policy_service.application.ports import EventRefusedError, SpoolBatch, StoreUnavailableError
from policy_service.domain.access import Outcome, Reason
from policy_service.domain.events import EventType

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from policy_service.domain.events import AccessEvent

pytestmark = pytest.mark.anyio


class Notes:
    def __init__(self) -> None:
        """Note nothing yet."""
        self.said: list[tuple[str, object]] = []
        self.count = self.looks = 0

    def store_failed(self, pending_bytes: int) -> None:
        self.said.append(("failed", pending_bytes > 0))

    def store_recovered(self, written: int) -> None:
        self.said.append(("recovered", written))

    def dropped(self, decision_id: str, why: str, count: int = 1) -> None:
        self.said.append((why, decision_id or count))

    def stored(self, count: int) -> None:
        self.count += count

    def spool_is(self, used: int, limit: int, oldest_age_s: float) -> None:
        self.looks += 1
        assert 0 <= used <= limit
        assert oldest_age_s >= 0


class Rig:
    def __init__(
        self,
        limit: int = 1 << 20,
        when_full: WhenFull = "slow",
        events: type = MemoryEvents,
        spool: type = MemorySpool,
    ) -> None:
        """Wire a recorder and its shipping over fakes."""
        self.state, self.notes, self.spool = MemoryState(), Notes(), spool(limit)
        self.events = events(self.state)
        self.shipping = EventShipping(self.spool, self.events, self.notes)
        self.recorder = DecisionRecorder(self.spool, self.events, self.notes, when_full=when_full, patience_s=0.1)

    @asynccontextmanager
    async def shipped(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.shipping.keep_shipping())
        yield
        task.cancel()
        await asyncio.wait((task,))


def _allowed(name: str) -> AccessEvent:
    return event(name, type=EventType.ALLOWED, outcome=Outcome.ALLOWED, reason=Reason.OWN_VEHICLE)


async def test_what_was_recorded_is_in_the_store_when_a_reader_asks() -> None:
    rig = Rig()
    async with rig.shipped():
        await rig.recorder.record(event("d"))
        await rig.recorder.record(_allowed("a"))
        await rig.shipping.flush()
        assert set(rig.state.events) == {"d", "a"}
    assert rig.notes.count == 2


async def test_a_reader_waits_no_longer_than_until_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_shipping, "PATIENCE_S", 60.0)
    rig = Rig()
    async with rig.shipped(), asyncio.timeout(20):
        await rig.shipping.flush()
        await rig.recorder.record(event("d"))
        await rig.shipping.flush()
    assert set(rig.state.events) == {"d"}


async def test_other_files_are_looked_at_now_and_again_and_a_disk_that_fails_then_holds_up_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Looked(MemorySpool):
        looks = 0

        def look(self) -> None:
            self.looks += 1
            raise OSError

    rig = Rig(spool=Looked)
    seen: dict[int, set[int]] = {60: set(), 0: set()}
    for every_s, looks in seen.items():
        monkeypatch.setattr(event_shipping, "LOOK_S", every_s)
        async with rig.shipped():
            for number in range(3):
                await rig.recorder.record(event(f"{every_s}-{number}"))
                await rig.shipping.flush()
                looks.add(rig.spool.looks)
    assert (seen[60], len(seen[0])) == ({1}, 3)
    assert rig.notes.looks == rig.spool.looks


async def test_events_that_come_together_share_transactions() -> None:
    rig = Rig()
    async with rig.shipped():
        await asyncio.gather(*(rig.recorder.record(event(f"d{number}")) for number in range(200)))
        await rig.shipping.flush()
    assert sum(rig.events.writes) == 200
    assert len(rig.events.writes) <= 3


class KeptComing(MemoryEvents):
    """While each batch is stored, another event comes."""

    rig: Rig

    async def write(self, lines: Sequence[bytes]) -> None:
        await super().write(lines)
        if len(self.writes) < 100:
            await self.rig.recorder.record(event(f"n{len(self.writes)}"))


async def test_what_comes_while_a_batch_is_stored_gathers_for_the_next_time() -> None:
    rig = Rig(events=KeptComing)
    rig.events.rig = rig
    await rig.recorder.record(event("d"))
    for _ in range(2):
        await rig.shipping.finish()
    assert rig.events.writes == [1, 1]
    assert rig.spool.owed > 0


async def test_while_the_store_is_gone_denials_are_answered_and_shipped_later() -> None:
    rig = Rig()
    rig.state.down = True
    async with rig.shipped():
        async with asyncio.timeout(0.3):
            for number in range(3):
                await rig.recorder.record(event(f"d{number}"))
        await rig.shipping.flush()
        assert rig.shipping.failing
        assert ("failed", True) in rig.notes.said
        rig.state.down = False
        await asyncio.sleep(1.2)
        assert not rig.shipping.failing
        assert set(rig.state.events) == {"d0", "d1", "d2"}
    assert ("recovered", 3) in rig.notes.said


async def test_at_the_bound_a_denial_waits_for_room() -> None:
    rig = Rig(limit=len(event_line(event("before"))) + 10)
    await rig.recorder.record(event("before"))
    waiting = asyncio.create_task(rig.recorder.record(event("later")))
    await asyncio.sleep(0.03)
    assert not waiting.done()
    async with rig.shipped():
        await waiting
        await rig.shipping.flush()
    assert "later" in rig.state.events
    assert not rig.notes.said


async def test_a_denial_that_finds_no_room_is_not_given() -> None:
    rig = Rig(limit=100)
    with pytest.raises(StoreUnavailableError):
        await rig.recorder.record(event("d"))
    assert not rig.notes.said


async def test_where_losses_are_chosen_they_are_told() -> None:
    rig = Rig(limit=100, when_full="drop")
    async with asyncio.timeout(0.05):
        await rig.recorder.record(event("d"))
    assert rig.notes.said == [("full", "d")]


async def test_no_allowed_vehicle_waits_for_a_log() -> None:
    rig = Rig(limit=100)
    async with asyncio.timeout(0.05):
        await rig.recorder.record(_allowed("a"))
    assert rig.notes.said == [("full", "a")]


async def test_where_the_disk_fails_the_database_takes_the_denial_at_once() -> None:
    rig = Rig()
    rig.spool.broken = True
    await rig.recorder.record(event("d"))
    assert set(rig.state.events) == {"d"}


async def test_where_disk_and_database_fail_the_denial_is_given_and_waits_in_memory() -> None:
    rig = Rig()
    rig.spool.broken = rig.state.down = True
    await rig.recorder.record(event("d"))
    assert not rig.state.events
    rig.spool.broken = rig.state.down = False
    async with rig.shipped():
        await rig.shipping.flush()
    assert set(rig.state.events) == {"d"}


@pytest.mark.parametrize("down", [False, True])
async def test_what_only_memory_has_at_the_end_goes_to_the_database_or_is_told_of(*, down: bool) -> None:
    rig = Rig()
    rig.spool.broken = rig.state.down = True
    for number in range(3):
        await rig.recorder.record(event(f"d{number}"))
    rig.state.down = down
    await rig.shipping.finish()
    assert len(rig.state.events) == (0 if down else 3)
    assert (("unwritten", 3) in rig.notes.said) is down


async def test_a_disk_that_hangs_holds_no_denial_for_long() -> None:
    class Hung(MemorySpool):
        def durable(self, mark: int) -> asyncio.Future[None]:  # type: ignore[override] # the fake's never hangs
            assert mark
            return asyncio.get_running_loop().create_future()

    rig = Rig(spool=Hung)
    async with asyncio.timeout(1):
        await rig.recorder.record(event("d"))
    assert set(rig.state.events) == {"d"}


async def test_what_is_lost_is_told_once_however_often_shipping_is_tried() -> None:
    class Damaged(MemorySpool):
        def batch(self, limit: int) -> SpoolBatch | None:
            found = super().batch(limit)
            return None if found is None else replace(found, damaged=3)

    rig = Rig(spool=Damaged)
    await rig.recorder.record(event("d"))
    rig.state.down = True
    async with rig.shipped():
        await asyncio.sleep(1.2)
        assert [said for said, _ in rig.notes.said] == ["failed"] * len(rig.notes.said)
        rig.state.down = False
        await asyncio.sleep(0.8)
    said = [each for each in rig.notes.said if each[0] != "failed"]
    assert said[0] == ("damaged", 3)
    assert [each for each, _ in said] == ["damaged", "recovered"]


async def test_an_event_that_no_store_takes_does_not_stop_the_others() -> None:
    class Picky(MemoryEvents):
        async def write(self, lines: Sequence[bytes]) -> None:
            if any(b'"bad"' in line for line in lines):
                raise EventRefusedError
            await super().write(lines)

    rig = Rig(events=Picky)
    async with rig.shipped():
        await asyncio.gather(
            *(rig.recorder.record(event(f"d{n}", charger="bad" if n == 1 else "ok")) for n in range(3))
        )
        await rig.shipping.flush()
        assert set(rig.state.events) == {"d0", "d2"}
        await rig.recorder.record(event("later"))
        await rig.shipping.flush()
    assert rig.notes.said == [("refused", "d1")]
    assert rig.spool.aside == [event_line(event("d1", charger="bad"))]
    assert "later" in rig.state.events
    assert rig.notes.count == 3


async def test_losses_and_a_spool_that_fills_are_of_concern() -> None:
    class Now:
        at = 10_000

        def now(self) -> int:
            return self.at

        def now_ms(self) -> int:
            return self.at * 1000

    clock, spool, notes = Now(), MemorySpool(100), Notes()
    losses = EventLosses(notes, clock)
    assert not losses.concerns(spool)
    losses.dropped("d", "full")
    losses.dropped("", "damaged", 3)
    assert notes.said == [("full", "d"), ("damaged", 3)]
    lost = Concern(ConcernCode.EVENTS_LOST, "4 access events have been lost since 1970-01-01T02:46:40Z")
    assert list(losses.concerns(spool)) == [lost]
    clock.at += 3_601
    spool.append(b"x" * 60)
    spool.broken = True
    assert [(str(each.code), each.text) for each in losses.concerns(spool)] == [
        ("events_in_memory", "access events wait in memory only: the disk of this node takes nothing"),
        ("events_wait", "access events wait on this node: 0.0 of 0.0 MB"),
    ]
