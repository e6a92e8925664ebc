"""Turns of a webhook, by rules: order, waiting, dead letters, who may push."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from fakes.events import MemoryEvents
from fakes.modes import MemoryModeEvents, mode_event
from fakes.samples import event, lines
from fakes.webhooks import FakeSender, MemoryDeadLetters, MemoryLeases, MemoryWebhooks, webhook
from hypothesis import given
from hypothesis import strategies as st

from policy_service.adapters.sealing import AesGcmSeal
from policy_service.application.process_lease import PUSHING, ProcessLease
from policy_service.application.webhook_delivery import WebhookDelivery
from policy_service.application.webhook_dispatch import WebhookDispatch
from policy_service.application.webhook_turn import Turns
from policy_service.domain.events import EventType
from policy_service.domain.mode_events import ModeEventType
from policy_service.domain.outward import FeedName
from policy_service.domain.webhook import AccessChoice, Attempt, ModeChoice, Progress, Stop

if TYPE_CHECKING:
    from collections.abc import Callable

    from fakes.clock import FakeClock
    from fakes.stores import MemoryState

    from policy_service.application.webhook_turn import Delivered
    from policy_service.domain.webhook import Webhook

pytestmark = pytest.mark.anyio

SEAL = AesGcmSeal(b"a secret of the tests")
ONE = "wh-0000000001"
HOUR_MS = 3_600_000


class Heard:
    """Counts what it hears."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.outcomes: Counter[str] = Counter()
        self.age_s = 0.0
        self.dead = 0

    def webhook(self, webhook_id: str, outcome: Delivered, why: str | None = None, count: int = 1) -> None:
        assert webhook_id
        assert why is None or outcome != "delivered"
        self.outcomes[outcome] += count

    def webhooks_wait(self, oldest_age_s: float, dead_letters: int) -> None:
        self.age_s, self.dead = oldest_age_s, dead_letters


class Pushed:
    """Turns over stores in memory."""

    def __init__(self, state: MemoryState, clock: FakeClock) -> None:
        """Wire them."""
        self.state, self.clock = state, clock
        self.sender, self.heard = FakeSender(), Heard()
        self.events = MemoryEvents(state)
        self.webhooks, self.letters = MemoryWebhooks(state), MemoryDeadLetters(state)
        delivery = WebhookDelivery(self.sender, SEAL, clock, "/tests")
        self.modes = MemoryModeEvents(state)
        feeds = {FeedName.ACCESS: self.events, FeedName.MODES: self.modes}
        self.turns = Turns(self.webhooks, self.letters, feeds, delivery, self.heard, clock, retry_for_ms=HOUR_MS)

    async def add(self, **changed: object) -> Webhook:
        made = webhook(**{"secret": SEAL.seal("whsec_c2VjcmV0", ONE), **changed})
        await self.webhooks.add(made, most=9)
        return made

    async def happen(self, *names: str, **changed: object) -> None:
        now = self.clock.now_ms()
        await self.events.write(lines(*(event(name, **{"recorded_at": now, **changed}) for name in names)))

    async def turn(self) -> int | None:
        return await self.turns.take(self.state.webhooks[ONE])

    @property
    def progress(self) -> Progress:
        return self.state.webhooks[ONE].progress

    @property
    def dead(self) -> list[str]:
        return [letter.event_id for _, letter in sorted(self.state.dead_letters.items())]


@pytest.fixture
def pushed(state: MemoryState, clock: FakeClock) -> Pushed:
    return Pushed(state, clock)


async def test_what_is_not_chosen_is_passed_by(pushed: Pushed) -> None:
    await pushed.add(choice=AccessChoice(type=(EventType.BREACH,)))
    await pushed.happen(*(f"d{number}" for number in range(250)))
    await pushed.happen("b", type=EventType.BREACH)
    assert await pushed.turn() is None
    assert pushed.sender.ids == ["b"]
    assert pushed.progress == Progress(251)


async def test_nothing_overtakes_what_fails(pushed: Pushed) -> None:
    await pushed.add()
    await pushed.happen("a", "b", "c")
    pushed.sender.answers.extend([Attempt(200), Attempt(None, "timeout")])
    assert await pushed.turn() == pushed.clock.now_ms()
    assert pushed.sender.ids == ["a", "b"]
    assert (pushed.progress.position, pushed.progress.failures, pushed.progress.last_error) == (1, 1, "timeout")
    assert await pushed.turn() is None
    assert pushed.sender.ids == ["a", "b", "b", "c"]
    assert pushed.progress == Progress(3)


async def test_a_turn_whose_time_is_up_tells_of_what_waits_and_not_of_what_has_arrived(pushed: Pushed) -> None:
    turns = replace(pushed.turns, lasts_s=-1)
    await pushed.add()
    for number, name in enumerate("abc", start=1):
        await pushed.happen(name, recorded_at=number)
    waiting = [await turns.take(pushed.state.webhooks[ONE]) for _ in "abc"]
    assert pushed.sender.ids == ["a", "b", "c"]
    assert waiting == [2, 3, None]


@given(failures=st.integers(0, 200), jitter=st.floats(0, 1), now=st.integers(0, 2**41))
def test_waits_double_up_to_a_quarter_of_an_hour(failures: int, jitter: float, now: int) -> None:
    before = Progress(7, 5, failures, None, "status 500")
    after = before.failed("timeout", now, jitter)
    assert after.next_try_at is not None
    wait = after.next_try_at - now
    assert 0 <= wait <= min(1000 * 2**failures, 900_000)
    assert wait == round(min(1000 * 2 ** min(failures, 10), 900_000) * jitter)
    assert (after.position, after.failing_since, after.failures) == (7, min(5, now), failures + 1)


@given(asked=st.integers(0, 2**40), jitter=st.floats(0, 1))
def test_a_receiver_may_ask_for_a_longer_wait_within_the_bound(asked: int, jitter: float) -> None:
    drawn, told = Progress(7).failed("x", 0, jitter), Progress(7).failed("x", 0, jitter, asked)
    assert told.next_try_at == max(drawn.next_try_at or 0, min(asked, 900_000))


async def test_a_receiver_that_asks_for_a_wait_is_left_alone_for_so_long(pushed: Pushed) -> None:
    await pushed.add()
    await pushed.happen("a")
    pushed.sender.answers.append(Attempt(503, wait_ms=600_000))
    await pushed.turn()
    assert pushed.progress.next_try_at == pushed.clock.now_ms() + 600_000


def test_it_is_due_from_the_instant_of_its_next_try_on() -> None:
    failing = webhook(progress=Progress(0, 1_000, 1, next_try_at=2_000))
    assert [failing.due(now) for now in (1_999, 2_000, 2_001)] == [False, True, True]
    assert not any(replace(failing, stopped=stop).due(2_000) for stop in Stop)


async def test_who_failed_while_the_clock_was_ahead_is_tried_again_once_it_is_put_back(pushed: Pushed) -> None:
    await pushed.add()
    pushed.sender.otherwise = Attempt(500)
    pushed.clock.milliseconds += 9_000 * HOUR_MS
    await pushed.happen("a", recorded_at=pushed.clock.now_ms() - 9_001 * HOUR_MS)
    await pushed.turn()
    pushed.clock.milliseconds -= 9_000 * HOUR_MS
    assert pushed.state.webhooks[ONE].due(pushed.clock.now_ms())
    await pushed.turn()
    assert pushed.progress.failing_since == pushed.clock.now_ms()
    pushed.clock.milliseconds += HOUR_MS
    await pushed.turn()
    assert [letter.event_id for letter in pushed.state.dead_letters.values()] == ["a"]


def test_the_longest_wait_is_waited() -> None:
    failing = webhook(progress=Progress(0, 0, 20).failed("x", 1_000, 1.0))
    assert [failing.due(now) for now in (1_000, 900_999, 901_000)] == [False, False, True]


async def test_an_event_waits_for_so_long_and_is_a_dead_letter(pushed: Pushed) -> None:
    await pushed.add()
    await pushed.happen("a", "b")
    pushed.sender.otherwise = Attempt(500)
    await pushed.turn()
    pushed.clock.milliseconds += HOUR_MS // 2
    await pushed.happen("late")
    pushed.clock.milliseconds += HOUR_MS // 2
    await pushed.turn()
    assert pushed.dead == ["a", "b"]
    assert {letter.last_error for letter in pushed.state.dead_letters.values()} == {"status 500"}
    assert pushed.progress.position == 2
    assert pushed.progress.failing_since is not None
    pushed.sender.otherwise = Attempt(200)
    await pushed.turn()
    assert pushed.sender.ids[-1] == "late"
    assert pushed.heard.outcomes == {"failed": 2, "dead_letter": 2, "delivered": 1}


async def test_old_events_get_their_chance_when_the_receiver_has_only_begun_to_fail(pushed: Pushed) -> None:
    await pushed.add()
    await pushed.happen("old", recorded_at=pushed.clock.now_ms() - 9 * HOUR_MS)
    pushed.sender.otherwise = Attempt(500)
    await pushed.turn()
    assert pushed.dead == []
    pushed.clock.milliseconds += HOUR_MS
    await pushed.turn()
    assert pushed.dead == ["old"]


async def test_dead_letters_go_once_more_until_one_fails(pushed: Pushed) -> None:
    await pushed.add()
    await pushed.happen("a", "b", "c")
    pushed.sender.otherwise = Attempt(500)
    await pushed.turn()
    pushed.clock.milliseconds += HOUR_MS
    await pushed.turn()
    assert pushed.dead == ["a", "b", "c"]
    await pushed.webhooks.change(ONE, lambda each: each.resumed())
    await pushed.letters.queue(ONE)
    pushed.sender.answers.extend([Attempt(200), Attempt(503)])
    await pushed.turn()
    assert pushed.dead == ["b", "c"]
    assert {(letter.queued, letter.last_error) for letter in pushed.state.dead_letters.values()} == {
        (False, "status 503")
    }
    assert (pushed.heard.outcomes["delivered"], pushed.heard.outcomes["failed"]) == (1, 3)
    await pushed.letters.queue(ONE)
    await pushed.events.delete_before(pushed.clock.now_ms())
    await pushed.turn()
    assert pushed.dead == []


async def test_410_stops_it(pushed: Pushed) -> None:
    await pushed.add()
    await pushed.happen("a")
    pushed.sender.otherwise = Attempt(410)
    await pushed.turn()
    assert pushed.state.webhooks[ONE].stopped is Stop.GONE
    assert pushed.progress == Progress(0)
    assert pushed.dead == []
    assert pushed.heard.outcomes == {"gone": 1}


async def test_a_receiver_that_does_not_take_dead_letters_gets_nothing_new_at_once(pushed: Pushed) -> None:
    await pushed.add()
    await pushed.happen("a")
    pushed.sender.otherwise = Attempt(500)
    await pushed.turn()
    pushed.clock.milliseconds += HOUR_MS
    await pushed.turn()
    await pushed.webhooks.change(ONE, lambda each: each.resumed())
    await pushed.letters.queue(ONE)
    await pushed.happen("b")
    posted = len(pushed.sender.posted)
    await pushed.turn()
    assert pushed.sender.ids[posted:] == ["a"]


async def test_a_webhook_that_is_paused_meanwhile_gets_nothing_more(pushed: Pushed) -> None:
    seen = await pushed.add()
    await pushed.happen("a", "b")
    await pushed.webhooks.change(ONE, lambda each: replace(each, stopped=Stop.PAUSED))
    await pushed.turns.take(seen)
    assert len(pushed.sender.posted) == 1
    assert pushed.progress == Progress(0)


async def test_a_secret_that_cannot_be_read_sends_nothing_unsigned(pushed: Pushed) -> None:
    await pushed.add(secret=AesGcmSeal(b"another secret").seal("whsec_c2VjcmV0", ONE))
    await pushed.happen("a")
    await pushed.turn()
    assert pushed.sender.posted == []
    assert pushed.progress.last_error == "secret cannot be read"


async def test_after_a_day_only_the_new_secret_signs(pushed: Pushed) -> None:
    made = (await pushed.add()).rotated(SEAL.seal("whsec_bmV3", ONE), pushed.clock.now_ms() + 1)
    await pushed.webhooks.change(ONE, lambda _: made)
    await pushed.happen("a")
    await pushed.turn()
    pushed.clock.milliseconds += 1
    await pushed.happen("b")
    await pushed.turn()
    assert [len(each.headers["webhook-signature"].split()) for each in pushed.sender.posted] == [2, 1]


async def test_a_slow_receiver_holds_up_no_other_and_an_outage_is_waited_out(pushed: Pushed) -> None:
    class Slow(FakeSender):
        async def post(self, url: str, headers: object, body: bytes) -> Attempt:
            if "slow" in url:
                await asyncio.sleep(30)
            return await super().post(url, headers, body)  # type: ignore[arg-type]

    slow = Slow()
    delivery = WebhookDelivery(slow, SEAL, pushed.clock, "/tests")
    await pushed.add(url="https://slow.example/")
    other = "wh-0000000002"
    await pushed.webhooks.add(webhook(other, secret=SEAL.seal("whsec_c2VjcmV0", other)), most=9)
    lease = ProcessLease(MemoryLeases(pushed.state), pushed.clock, replace(PUSHING, prolong_s=0))
    dispatch = WebhookDispatch(replace(pushed.turns, delivery=delivery), lease, pushed.heard, every_s=0.01)
    running = asyncio.create_task(dispatch.keep_dispatching())
    await pushed.happen("a")
    await _eventually(lambda: slow.ids == ["a"])
    pushed.state.down = True
    await asyncio.sleep(0.05)
    pushed.state.down = False
    await pushed.happen("b")
    await _eventually(lambda: slow.ids == ["a", "b"])
    running.cancel()
    await asyncio.wait([running])
    assert pushed.state.leases == {}
    assert pushed.state.webhooks[ONE].progress == Progress(0)


async def _eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - nobody says when it does
            await asyncio.sleep(0.01)


async def test_a_webhook_of_modes_is_told_of_these_alone(pushed: Pushed) -> None:
    await pushed.add(choice=ModeChoice(type=(ModeEventType.TRANSITION_DUE,), labels=(("depot", ("north",)),)))
    await pushed.happen("a", "b", "c")
    wanted = mode_event(at=1)
    cleared = mode_event(type=ModeEventType.CLEAR_CACHE_DUE)
    await pushed.modes.add([cleared, wanted, mode_event(at=2, labels={"depot": "south"})])
    assert await pushed.turn() is None
    assert pushed.sender.ids == [wanted.id]
    assert pushed.progress == Progress(3)


async def test_mode_events_nobody_took_are_dead_letters_and_go_once_more(pushed: Pushed) -> None:
    await pushed.add(choice=ModeChoice())
    await pushed.happen("a", "b", "c")
    event = mode_event(recorded_at=pushed.clock.now_ms())
    await pushed.modes.add([event])
    pushed.sender.otherwise = Attempt(500)
    await pushed.turn()
    pushed.clock.milliseconds += HOUR_MS
    await pushed.turn()
    assert pushed.dead == [event.id]
    pushed.sender.otherwise = Attempt(200)
    await pushed.webhooks.change(ONE, lambda each: each.resumed())
    await pushed.letters.queue(ONE)
    await pushed.turn()
    assert pushed.dead == []
    assert pushed.sender.ids == [event.id] * 3
