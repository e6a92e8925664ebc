"""Following up changes of mode, example by example."""

from __future__ import annotations

from typing import TYPE_CHECKING

from followed_yard import AT, PATIENCE, Yard

from policy_service.domain.access import AccessMode
from policy_service.domain.charger_sync import SyncState
from policy_service.domain.mode_events import ModeEventType
from policy_service.domain.mode_follow_up import ModeReport, Patience, heard, waited

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.domain.mode_events import ModeEvent

FREE, MANAGED = AccessMode.FREEVEND, AccessMode.MANAGED
RETRY, SWITCHED, DIVERGED = ModeEventType.RETRY_DUE, ModeEventType.SWITCHED, ModeEventType.DIVERGED


def _types(events: Sequence[ModeEvent]) -> Sequence[ModeEventType]:
    return [event.type for event in events]


def test_a_switch_that_is_seen_is_told_once_and_how_late_it_was() -> None:
    yard = Yard()
    yard.tell(MANAGED)
    yard.wait(2_500)
    (switched,) = yard.say(MANAGED)
    assert (switched.type, switched.at, switched.labels) == (SWITCHED, AT + 2_500, {"depot": "north"})
    assert switched.detail["seconds_late"] == 2.5
    assert not yard.say(MANAGED)
    assert not yard.wait(3_600_000)


def test_retries_come_with_growing_pauses_up_to_a_quarter_of_an_hour() -> None:
    yard = Yard()
    yard.tell(MANAGED)
    yard.say(FREE)
    tries = [(event.at - AT) // 1000 for event in yard.wait(7_200_000) if event.type is RETRY]
    assert tries == [15, 30, 60, 120, 240, 480, 960, 1860, 2760, 3660, 4560, 5460, 6360]


def test_a_divergence_is_told_once_with_what_was_seen() -> None:
    yard = Yard()
    yard.tell(MANAGED)
    yard.say(FREE, evidence={"status": "Accepted"})
    diverged = [event for event in yard.wait(86_400_000) if event.type is DIVERGED]
    assert [event.at for event in diverged] == [AT + 60_000]
    assert (diverged[0].detail["reported"], diverged[0].detail["evidence"]) == (FREE, {"status": "Accepted"})
    (recovered,) = yard.say(MANAGED)
    assert (recovered.type, recovered.detail["seconds_late"]) == (SWITCHED, 86_400)


def test_of_whom_nobody_speaks_it_is_said_that_it_diverged_and_nobody_is_told_to_try_for_ever() -> None:
    yard = Yard()
    yard.tell(MANAGED)
    assert _types(yard.wait(86_400_000)) == [RETRY, RETRY, RETRY, DIVERGED]
    assert yard.state() is SyncState.DIVERGED
    assert _types(yard.say(untold=True, boot=True)) == [RETRY]


def test_one_of_which_the_first_word_comes_after_its_divergence_is_tried_at_once_and_further_on() -> None:
    yard = Yard()
    yard.tell(MANAGED)
    yard.wait(600_000)
    assert _types(yard.say(FREE)) == [RETRY]
    assert _types(yard.wait(3_600_000)) == [RETRY] * 4
    assert yard.state() is SyncState.DIVERGED
    assert _types(yard.say(MANAGED)) == [SWITCHED]


def test_an_offline_charger_is_left_in_peace_until_it_is_back() -> None:
    yard = Yard()
    yard.tell(FREE)
    yard.say(FREE)
    yard.say(untold=True, online=False)
    yard.wait(60_000)
    yard.tell(MANAGED)
    assert not yard.wait(86_400_000)
    assert yard.state() is SyncState.PENDING_OFFLINE
    assert _types(yard.say(untold=True)) == [RETRY]
    assert yard.state() is SyncState.SWITCHING
    yard.wait(4_000)
    (switched,) = yard.say(MANAGED)
    assert (switched.detail["after_offline"], switched.detail["seconds_after_return"]) == (True, 4)
    assert switched.detail["seconds_late"] == 86_404


def test_a_charger_that_forgets_its_mode_on_boot_is_tried_at_once() -> None:
    yard = Yard()
    yard.tell(MANAGED)
    yard.say(MANAGED)
    yard.wait(3_600_000)
    assert _types(yard.say(boot=True)) == [RETRY]
    assert yard.state() is SyncState.SWITCHING
    assert not yard.say(MANAGED)  # told already, and nobody was told of a divergence
    assert yard.state() is SyncState.IN_SYNC


def test_one_that_proves_its_mode_on_boot_is_left_alone() -> None:
    yard = Yard()
    yard.tell(MANAGED)
    yard.say(MANAGED)
    yard.wait(3_600_000)
    assert not yard.say(MANAGED, boot=True)


def test_a_breach_is_seen_as_freevend_and_tried_at_once_but_not_by_the_dozen() -> None:
    yard = Yard()
    yard.tell(MANAGED)
    yard.say(MANAGED)
    yard.wait(3_600_000)
    assert _types(yard.say(FREE, breach=True, evidence={"breach": True})) == [RETRY]
    for _ in range(10):
        yard.wait(100)
        assert not yard.say(FREE, breach=True, evidence={"breach": True})
    yard.wait(3_600_000)
    assert yard.state() is SyncState.DIVERGED
    assert _types(yard.say(FREE, breach=True)) == [RETRY]
    (recovered,) = yard.say(MANAGED)
    assert (recovered.type, recovered.detail["recovered"]) == (SWITCHED, True)


def test_a_breach_is_tried_again_as_soon_as_the_first_pause_is_over() -> None:
    yard = Yard()
    yard.tell(MANAGED)
    yard.say(MANAGED)
    yard.wait(3_600_000)
    assert _types(yard.say(FREE, breach=True)) == [RETRY]
    yard.now += PATIENCE.first_ms - 1
    assert not yard.say(FREE, breach=True)
    yard.now += 1
    assert _types(yard.say(FREE, breach=True)) == [RETRY]


def test_what_was_seen_of_a_charger_stays_known_while_it_is_offline() -> None:
    yard = Yard()
    yard.tell(MANAGED)
    yard.say(MANAGED)
    yard.say(online=False)
    assert yard.reported is not None
    assert yard.reported.mode is MANAGED


def test_where_less_time_is_given_than_the_first_pause_it_is_tried_within_that() -> None:
    yard = Yard()
    yard.tell(MANAGED)
    followed = heard(yard.subject(), ModeReport("A", AT, FREE), AT, Patience(within_ms=10_000))
    assert followed.reported.next_try_at == AT + 10_000


def test_a_report_that_names_the_change_proves_it_ahead_of_time() -> None:
    yard = Yard()
    yard.tell(FREE)
    yard.say(FREE)
    yard.wait(60_000)
    yard.tell(MANAGED, ahead_ms=30_000)
    assert yard.desired is not None
    (switched,) = yard.say(MANAGED, transition_id=yard.desired.transition_id)
    assert switched.detail["seconds_late"] == 0
    assert not yard.wait(3_600_000)
    assert yard.state() is SyncState.IN_SYNC


def test_a_report_counts_though_the_one_before_was_taken_in_by_a_clock_that_was_ahead() -> None:
    yard = Yard(now=AT + 3_600_000)
    yard.say(FREE)
    yard.now = AT
    yard.tell(MANAGED)
    assert not yard.hear(ModeReport("A", AT - 1, MANAGED)), "it is older all the same"
    yard.say(MANAGED)
    assert yard.reported is not None
    assert (yard.reported.mode, yard.reported.at) == (MANAGED, AT)
    assert yard.state() is SyncState.IN_SYNC


def test_where_no_switch_is_known_nothing_is_due() -> None:
    yard = Yard(switchable=False)
    yard.tell(MANAGED)
    assert not yard.wait(3_600_000)
    assert not yard.say(FREE, breach=True)
    assert yard.state() is SyncState.UNSUPPORTED


def test_a_charger_that_starts_is_tried_from_the_very_instant_of_its_change_on() -> None:
    yard = Yard()
    yard.tell(FREE)
    yard.say(FREE)
    yard.tell(MANAGED, ahead_ms=30_000)
    yard.now += 29_999
    assert not yard.say(FREE, boot=True)
    yard.now += 1
    assert _types(yard.say(FREE, boot=True)) == [RETRY]


def test_a_try_that_was_planned_for_one_change_is_none_for_the_next_that_is_told_ahead() -> None:
    yard = Yard()
    yard.tell(MANAGED)
    yard.say(FREE)
    yard.tell(FREE, ahead_ms=60_000)
    yard.now += PATIENCE.first_ms
    assert yard.desired is not None
    followed = waited(yard.subject(), yard.desired, yard.now, PATIENCE)
    assert (followed.events, followed.reported.next_try_at) == ((), AT + 60_000 + PATIENCE.first_ms)
