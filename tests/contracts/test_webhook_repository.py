from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from fakes.webhooks import dead_letter, webhook

from policy_service.application.ports import ConflictError, CursorError, Lease
from policy_service.domain.access import Outcome, Reason, VehicleClass
from policy_service.domain.events import EventType
from policy_service.domain.mode_events import ModeEventType
from policy_service.domain.webhook import AccessChoice, ModeChoice, Progress, Stop

if TYPE_CHECKING:
    from fakes.stores import Stores

    from policy_service.domain.webhook import Webhook

pytestmark = pytest.mark.anyio

ONE = "wh-0000000001"
FULL = webhook(
    "wh-0000000002",
    description="the CSMS",
    choice=AccessChoice(
        type=(EventType.DENIED, EventType.BREACH),
        outcome=(Outcome.ACCESS_DENIED,),
        reason=(Reason.NOT_GRANTED,),
        vehicle_class=(VehicleClass.AGREEMENT,),
        charger=("NTH-01",),
        fleet=("metro",),
        labels=(("depot", ("north", "south")), ("zone", ("a",))),
    ),
    created_at=1_795_000_000_001,
    created_by="ops",
    progress=Progress(7_000_000_000, 1, 2, 3, "status 500"),
    stopped=Stop.GONE,
    previous_secret="sealed too",  # noqa: S106 - no secret
    previous_until=1_795_086_400_000,
)


async def _add(stores: Stores, *webhooks: Webhook) -> None:
    for each in webhooks:
        await stores.webhooks.add(each, most=100)


async def test_a_webhook_comes_back_as_it_was_made(stores: Stores) -> None:
    await _add(stores, FULL, webhook())
    assert list(await stores.webhooks.all()) == [webhook(), FULL]
    assert await stores.webhooks.get(FULL.id) == FULL
    assert await stores.webhooks.get("wh-none") is None


async def test_there_are_only_so_many(stores: Stores) -> None:
    await stores.webhooks.add(webhook(), most=1)
    with pytest.raises(ConflictError):
        await stores.webhooks.add(FULL, most=1)
    assert list(await stores.webhooks.all()) == [webhook()]


async def test_a_change_is_made_of_what_is_stored(stores: Stores) -> None:
    await _add(stores, FULL)
    changed = await stores.webhooks.change(FULL.id, lambda each: replace(each.resumed(), description=None))
    assert changed == replace(FULL, stopped=None, description=None, progress=Progress(7_000_000_000))
    assert await stores.webhooks.get(FULL.id) == changed
    assert await stores.webhooks.change("wh-none", lambda each: each) is None


async def test_progress_moves_on_from_where_it_was_seen_and_nowhere_else(stores: Stores) -> None:
    await _add(stores, webhook())
    there = Progress(5, 100, 1, 200, "timeout")
    assert await stores.webhooks.advance(ONE, 0, there, [dead_letter(4), dead_letter(5)])
    assert not await stores.webhooks.advance(ONE, 0, Progress(9), [dead_letter(9)])
    assert await stores.webhooks.get(ONE) == webhook(progress=there)
    await stores.webhooks.change(ONE, lambda each: replace(each, stopped=Stop.PAUSED))
    assert not await stores.webhooks.advance(ONE, 5, Progress(9))
    assert not await stores.webhooks.advance("wh-none", 0, Progress(9))
    page = await stores.dead_letters.page(ONE, limit=10, cursor=None)
    assert list(page.items) == [dead_letter(4), dead_letter(5)]


async def test_dead_letters_are_listed_in_pages_and_counted(stores: Stores) -> None:
    await _add(stores, webhook(), FULL)
    await stores.webhooks.advance(ONE, 0, Progress(3), [dead_letter(number) for number in (1, 2, 3)])
    first = await stores.dead_letters.page(ONE, limit=2, cursor=None)
    last = await stores.dead_letters.page(ONE, limit=2, cursor=first.next_cursor)
    assert [letter.position for letter in (*first.items, *last.items)] == [1, 2, 3]
    assert last.next_cursor is None
    assert dict(await stores.dead_letters.counts()) == {ONE: 3}
    with pytest.raises(CursorError):
        await stores.dead_letters.page(ONE, limit=2, cursor="?")


async def test_dead_letters_are_sent_once_more_when_somebody_wants_it(stores: Stores) -> None:
    await _add(stores, webhook())
    await stores.webhooks.advance(ONE, 0, Progress(3), [dead_letter(number) for number in (1, 2, 3)])
    assert list(await stores.dead_letters.queued(ONE, limit=9)) == []
    assert set(await stores.dead_letters.waiting()) == set()
    assert await stores.dead_letters.queue(ONE) == 3
    assert set(await stores.dead_letters.waiting()) == {ONE}
    assert await stores.dead_letters.queue("wh-none") == 0
    first, *_ = await stores.dead_letters.queued(ONE, limit=2)
    assert first == dead_letter(1, queued=True)
    await stores.dead_letters.settle(first)
    await stores.dead_letters.give_up(ONE, "timeout")
    left = (await stores.dead_letters.page(ONE, limit=9, cursor=None)).items
    assert list(left) == [dead_letter(2, last_error="timeout"), dead_letter(3, last_error="timeout")]


async def test_a_webhook_goes_with_its_dead_letters(stores: Stores) -> None:
    await _add(stores, webhook(), replace(FULL, stopped=None))
    await stores.webhooks.advance(ONE, 0, Progress(1), [dead_letter(1)])
    await stores.webhooks.advance(FULL.id, 7_000_000_000, FULL.progress, [dead_letter(1, FULL.id)])
    assert await stores.webhooks.remove(ONE)
    assert not await stores.webhooks.remove(ONE)
    assert dict(await stores.dead_letters.counts()) == {FULL.id: 1}


async def test_a_lease_is_taken_in_the_place_of_what_was_seen(stores: Stores) -> None:
    leases, far = stores.leases, 7_000_000_000_000
    assert await leases.get("push") is None
    assert await leases.take("push", Lease("a", far), None)
    assert await leases.get("push") == Lease("a", far)
    assert not await leases.take("push", Lease("b", 200), None)
    assert not await leases.take("push", Lease("b", 200), Lease("a", far - 1)), "it has moved since"
    assert not await leases.take("push", Lease("b", 200), Lease("b", far))
    assert not await leases.take("other", Lease("b", 200), Lease("a", far)), "it is gone"
    assert await leases.take("other", Lease("b", 300), None)
    assert await leases.take("push", Lease("b", 200), Lease("a", far))
    assert await leases.get("push") == Lease("b", 200)
    assert await leases.get("other") == Lease("b", 300)


async def test_a_lease_is_prolonged_and_given_back_by_whom_it_is(stores: Stores) -> None:
    leases = stores.leases
    assert not await leases.prolong("modes", Lease("a", 200))
    assert await leases.take("modes", Lease("a", 200), None)
    assert await leases.prolong("modes", Lease("a", 300))
    assert not await leases.prolong("modes", Lease("b", 999))
    assert await leases.get("modes") == Lease("a", 300)
    await leases.release("modes", "b")
    assert await leases.prolong("modes", Lease("a", 100)), "a clock may be put back"
    await leases.release("modes", "a")
    assert await leases.get("modes") is None
    assert not await leases.prolong("modes", Lease("a", 400))


async def test_a_sink_goes_on_where_it_was(stores: Stores) -> None:
    assert await stores.sink_positions.get("stream") is None
    await stores.sink_positions.set("stream", 7_000_000_000)
    await stores.sink_positions.set("stream", 7_000_000_001)
    assert await stores.sink_positions.get("stream") == 7_000_000_001
    assert await stores.sink_positions.get("other") is None


async def test_a_webhook_of_modes_comes_back_with_its_dead_letters(stores: Stores) -> None:
    choice = ModeChoice((ModeEventType.DIVERGED,), ("NTH-01",), (("depot", ("north",)),))
    made = webhook(choice=choice)
    letter = dead_letter(4, event_id="e", type=ModeEventType.DIVERGED)
    await _add(stores, made)
    assert await stores.webhooks.get(ONE) == made
    assert await stores.webhooks.advance(ONE, 0, Progress(4), [letter])
    assert list((await stores.dead_letters.page(ONE, limit=9, cursor=None)).items) == [letter]
