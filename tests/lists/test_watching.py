"""Lists that are out of date: who is told, when, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from offline_yard import LIFETIME, OfflineYard, card, cards

from policy_service.application.local_lists.watching import ANYWAY_EVERY_S, MOST_S, QUIET_S, REST, Pace
from policy_service.domain.mode_events import ModeEventType

if TYPE_CHECKING:
    from policy_service.domain.mode_events import ModeEvent

pytestmark = pytest.mark.anyio


async def told(yard: OfflineYard) -> list[ModeEvent]:
    return [event for _, event in await yard.events.after(0, limit=100)]


async def test_only_chargers_that_were_handed_a_list_are_told() -> None:
    yard = OfflineYard()
    yard.know(*cards(range(4)))
    assert await yard.looking.look() == 0
    issued = await yard.issue("C-1", None)
    assert await yard.looking.look() == 0
    yard.forget(card(2))
    assert await yard.looking.look() == 1
    [event] = await told(yard)
    assert (event.type, event.charger, event.to_mode) == (ModeEventType.LIST_DUE, "C-1", None)
    assert event.detail == {"version": issued.version.version, "why": "content"}
    assert event.at == yard.clock.now_ms()


async def test_a_list_is_told_once_for_each_content_until_it_is_fetched() -> None:
    yard = OfflineYard()
    yard.know(*cards(range(4)))
    await yard.issue("C-1", None)
    yard.know(card(9))
    assert [await yard.looking.look() for _ in range(3)] == [1, 0, 0]
    yard.know(card(10))
    assert [await yard.looking.look() for _ in range(2)] == [1, 0]
    await yard.issue("C-1", None)
    assert await yard.looking.look() == 0
    yard.forget(card(9))
    assert await yard.looking.look() == 1


async def test_a_change_that_leaves_the_list_as_it_is_tells_nobody() -> None:
    yard = OfflineYard()
    yard.know(*cards(range(4)))
    await yard.issue("C-1", None)
    yard.know(card(1), attributes={"kind": "bus"})
    yard.know("1234567", valid_to=1)
    assert await yard.looking.look() == 0


@pytest.mark.parametrize("allow", ["[]", "[{class: agreement}]"])
async def test_policies_that_let_others_in_change_lists(allow: str) -> None:
    yard = OfflineYard()
    yard.know(card(1))
    await yard.issue("C-1", None)
    yard.write(allow=allow)
    assert await yard.looking.look() == 1


async def test_half_of_the_lifetime_makes_another_list_due() -> None:
    yard = OfflineYard()
    yard.know(card(1))
    issued = await yard.issue("C-1", None)
    yard.clock.milliseconds += (LIFETIME // 2 - 1) * 1000
    assert await yard.looking.look() == 0
    yard.clock.milliseconds += 1000
    assert [await yard.looking.look() for _ in range(2)] == [1, 0]
    assert (await told(yard))[0].detail == {"version": issued.version.version, "why": "renewal"}


async def test_time_alone_lets_some_in() -> None:
    yard = OfflineYard()
    yard.know(card(1), valid_from=yard.clock.now() + 3600)
    await yard.issue("C-1", None)
    assert await yard.looking.look() == 0
    yard.clock.milliseconds += 3_600_000
    assert await yard.looking.look() == 1
    assert (await yard.issue("C-1", None)).version.entries == 1


async def test_the_contents_of_lists_that_are_over_are_dropped_on_the_way() -> None:
    yard = OfflineYard()
    yard.know(card(1))
    await yard.issue("C-1", None)
    yard.clock.milliseconds += LIFETIME * 1000
    await yard.looking.look()
    assert yard.state.list_contents
    yard.clock.milliseconds += 1000
    await yard.looking.look()
    assert not yard.state.list_contents


async def test_no_event_holds_an_identifier() -> None:
    yard = OfflineYard()
    yard.know(card(1))
    await yard.issue("C-1", None)
    yard.forget(card(1))
    await yard.looking.look()
    assert card(1) not in str(await told(yard))


def test_the_pace_waits_until_changes_settle_but_not_for_ever() -> None:
    pace = Pace()
    assert not pace.due(None, 100.0)
    assert not pace.due("a", 100.0)
    assert not pace.due("a", 100.0 + QUIET_S - 0.1)
    assert pace.due("a", 100.0 + QUIET_S)
    pace.looked(103.0, 103.0)
    assert not pace.due("a", 103.0 + ANYWAY_EVERY_S - 1)
    assert pace.due("a", 103.0 + ANYWAY_EVERY_S)
    pace.looked(500.0, 500.0)
    at = 500.0
    while not pace.due(at, at):  # something changes all the time
        at += QUIET_S / 2
    assert MOST_S <= at - 500.0 <= MOST_S + QUIET_S


def test_the_pace_rests_by_how_long_it_took_and_misses_nothing() -> None:
    pace = Pace()
    assert not pace.due("a", 0.0)
    assert pace.due("a", QUIET_S)
    pace.looked(QUIET_S, QUIET_S + 10)
    over = QUIET_S + 10 + 10 * REST
    assert not pace.due("b", over - 1)
    assert pace.due("b", over + QUIET_S)
