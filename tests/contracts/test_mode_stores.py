from __future__ import annotations

import asyncio
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest
from fakes.modes import AT, desired_mode, mode_event

from policy_service.application.event_matching import mode_event_fits
from policy_service.application.ports import CursorError, ModeEventFilter
from policy_service.domain.access import AccessMode
from policy_service.domain.charger_sync import AccessMark
from policy_service.domain.mode_events import ModeEventType
from policy_service.domain.policy import RunningSessions

if TYPE_CHECKING:
    from fakes.stores import Stores

    from policy_service.domain.mode_events import ModeEvent

pytestmark = pytest.mark.anyio

FULL = mode_event(
    "NTH-02",
    type=ModeEventType.CLEAR_CACHE_DUE,
    at=AT - 1,
    labels={},
    transition_id=None,
    to_mode=None,
    detail={"cause": "registry", "share": 0.5, "listed": [1, None]},
)


async def test_events_come_back_as_they_were_added_in_order(stores: Stores) -> None:
    assert await stores.mode_events.latest() == 0
    assert await stores.mode_events.add([]) == 0
    assert await stores.mode_events.add([mode_event(), FULL]) == 2
    rows = list(await stores.mode_events.after(0, limit=10))
    assert [event for _, event in rows] == [mode_event(), FULL]
    first, last = (position for position, _ in rows)
    assert 0 < first < last == await stores.mode_events.latest()
    assert list(await stores.mode_events.after(first, limit=10)) == rows[1:]
    assert list(await stores.mode_events.after(0, limit=1)) == rows[:1]
    assert await stores.mode_events.holds(last)
    assert not await stores.mode_events.holds(last + 1)


async def test_a_known_event_changes_nothing(stores: Stores) -> None:
    assert await stores.mode_events.add([mode_event()]) == 1
    again = replace(mode_event(), recorded_at=AT + 1)
    assert await stores.mode_events.add([again, FULL]) == 1
    assert [event for _, event in await stores.mode_events.after(0, limit=10)] == [mode_event(), FULL]


async def test_what_chargers_are_told_stands_with_its_events(stores: Stores) -> None:
    first = desired_mode("NTH-02", from_mode=None, policy=None, window=None)
    other = desired_mode(running_sessions=RunningSessions("stop_after", 60), mode=AccessMode.FREEVEND)
    assert await stores.desired_modes.tell([first, other], [mode_event(), FULL])
    assert dict(await stores.desired_modes.all()) == {"NTH-01": other, "NTH-02": first}
    assert await stores.desired_modes.get("NTH-02") == first
    assert await stores.desired_modes.get("NTH-03") is None
    assert [event for _, event in await stores.mode_events.after(0, limit=10)] == [mode_event(), FULL]


async def test_nothing_is_told_over_what_was_not_known(stores: Stores) -> None:
    assert await stores.desired_modes.tell([desired_mode()], [mode_event()])
    later = desired_mode(transition_id="t2", at=AT + 1)
    more = desired_mode("NTH-02", transition_id="t2")
    event = mode_event("NTH-02", transition_id="t2")
    assert not await stores.desired_modes.tell([later, more], [event])
    assert not await stores.desired_modes.tell([later, more], [event], {"NTH-01": "t0"})
    assert not await stores.desired_modes.tell([later, more], [event], {"NTH-01": "t1", "NTH-02": "t1"})
    assert dict(await stores.desired_modes.all()) == {"NTH-01": desired_mode()}
    assert await stores.mode_events.latest() == (await stores.mode_events.after(0, limit=9))[-1][0]
    assert await stores.desired_modes.tell([later, more], [event], {"NTH-01": "t1", "NTH-09": "t1"})
    assert dict(await stores.desired_modes.all()) == {"NTH-01": later, "NTH-02": more}
    assert [each for _, each in await stores.mode_events.after(0, limit=9)] == [mode_event(), event]


async def test_of_many_at_once_one_tells(stores: Stores) -> None:
    async def tell(transition: str) -> bool:
        told, event = desired_mode(transition_id=transition), mode_event(id=transition, transition_id=transition)
        return await stores.desired_modes.tell([told], [event])

    assert sorted(await asyncio.gather(*(tell(f"t{number}") for number in range(5)))) == [False] * 4 + [True]
    told = await stores.desired_modes.get("NTH-01")
    events = await stores.mode_events.after(0, limit=9)
    assert told is not None
    assert [event.transition_id for _, event in events] == [told.transition_id]


async def test_chargers_that_were_told_another_since_are_not_forgotten(stores: Stores) -> None:
    other = desired_mode("NTH-02", transition_id="t2")
    await stores.desired_modes.tell([desired_mode(), other], [])
    await stores.desired_modes.forget({})
    await stores.desired_modes.forget({"NTH-01": "t1", "NTH-02": "t0", "NTH-03": "t3"})
    assert dict(await stores.desired_modes.all()) == {"NTH-02": other}


async def test_a_mark_is_moved_from_where_it_was_seen_and_nowhere_else(stores: Stores) -> None:
    first, second = AccessMark(AT, "sha256:1", 7_000_000_000, 0), AccessMark(AT + 1, "sha256:2", 7_000_000_001, 3)
    assert await stores.access_marks.get() is None
    assert await stores.access_marks.move(None, first)
    assert not await stores.access_marks.move(None, second)
    assert not await stores.access_marks.move(second, second)
    assert await stores.access_marks.get() == first
    assert await stores.access_marks.move(first, second)
    assert await stores.access_marks.get() == second


async def test_pages_are_newest_first_and_stable_while_events_come(stores: Stores) -> None:
    random = Random(6)  # noqa: S311 - no secret
    events = [mode_event(f"C-{n}", at=AT + n, recorded_at=AT + random.randrange(20)) for n in range(40)]
    await stores.mode_events.add(events)
    found: list[str] = []
    cursor: str | None = None
    while not found or cursor is not None:
        page = await stores.mode_events.page(ModeEventFilter(), limit=7, cursor=cursor)
        assert len(page.items) <= 7
        found += [event.id for event in page.items]
        cursor = page.next_cursor
        await stores.mode_events.add([mode_event("late", at=AT + 1000 + len(found), recorded_at=AT + 100)])
    assert sorted(found) == sorted(each.id for each in events)
    recorded = {each.id: each.recorded_at for each in events}
    assert [recorded[name] for name in found] == sorted(recorded.values(), reverse=True)


async def test_pages_are_of_what_is_asked_for(stores: Stores) -> None:
    north, south = mode_event(), mode_event("STH-01", labels={"depot": "south"}, recorded_at=AT + 2)
    cleared = replace(FULL, recorded_at=AT + 1, labels={"depot": "north"})
    await stores.mode_events.add([north, south, cleared])
    for wanted, expected in (
        (ModeEventFilter(), [south, cleared, north]),
        (ModeEventFilter(type=ModeEventType.CLEAR_CACHE_DUE), [cleared]),
        (ModeEventFilter(charger="STH-01"), [south]),
        (ModeEventFilter(label=("depot", "north")), [cleared, north]),
        (ModeEventFilter(label=("de\x00pot", "north")), []),
        (ModeEventFilter(within=(("depot", ("south", "east")),)), [south]),
        (ModeEventFilter(since=AT + 1, until=AT + 2), [cleared]),
    ):
        page = await stores.mode_events.page(wanted, limit=9, cursor=None)
        assert (list(page.items), page.next_cursor) == (expected, None), wanted
        assert [each for each in (south, cleared, north) if mode_event_fits(each, wanted)] == expected
    with pytest.raises(CursorError):
        await stores.mode_events.page(ModeEventFilter(), limit=9, cursor="no")


async def test_who_follows_while_many_write_misses_nothing(stores: Stores) -> None:
    random, seen, position = Random(7), list[str](), 0  # noqa: S311 - no secret
    written = [mode_event(f"C-{n}", at=AT + n) for n in range(120)]

    async def write(mine: list[ModeEvent]) -> None:
        while mine:
            size = random.randrange(1, 6)
            await stores.mode_events.add(mine[:size])
            del mine[:size]
            await asyncio.sleep(0)

    writers = [asyncio.create_task(write(written[n::4])) for n in range(4)]
    async with asyncio.timeout(60):
        while len(seen) < len(written):
            found = await stores.mode_events.after(position, limit=random.randrange(1, 30))
            seen += [event.id for _, event in found]
            position = found[-1][0] if found else position
            await asyncio.sleep(0)
    await asyncio.gather(*writers)
    assert sorted(seen) == sorted(each.id for each in written)
