"""Following up changes of mode: example by example, and at random against a model that remembers everything."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from policy_service.domain.access import AccessMode
from policy_service.domain.charger_sync import SKEW_MS, DesiredMode, ReportedMode, Standing, SyncState, sync_state
from policy_service.domain.mode_events import ModeEventType
from policy_service.domain.mode_follow_up import Followed, ModeReport, Patience, Subject, heard, waited

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.domain.mode_events import ModeEvent

AT = 1_795_000_000_000
FREE, MANAGED = AccessMode.FREEVEND, AccessMode.MANAGED
RETRY, SWITCHED, DIVERGED = ModeEventType.RETRY_DUE, ModeEventType.SWITCHED, ModeEventType.DIVERGED
PATIENCE = Patience()


def _other(mode: AccessMode) -> AccessMode:
    return FREE if mode is MANAGED else MANAGED


@dataclass
class Yard:
    """One charger, its clock, and all that was ever said and emitted."""

    now: int = AT
    desired: DesiredMode | None = None
    reported: ReportedMode | None = None
    switchable: bool = True
    events: list[ModeEvent] = field(default_factory=list)
    accepted: list[ModeReport] = field(default_factory=list)
    """Every report that was not older than one before it."""
    proven: set[str] = field(default_factory=set)
    """Changes of mode that were seen through at some moment."""
    changes: int = 0

    def subject(self) -> Subject:
        return Subject("A", Standing(self.desired, self.reported), self.switchable, {"depot": "north"})

    def tell(self, mode: AccessMode, ahead_ms: int = 0) -> None:
        self.changes += 1
        before = None if self.desired is None else self.desired.mode
        self.desired = DesiredMode("A", mode, before, self.now + ahead_ms, f"t{self.changes}", "north", None)

    def hear(self, report: ModeReport) -> Sequence[ModeEvent]:
        if not self.accepted or report.at >= self.accepted[-1].at:
            self.accepted.append(report)
        return self._take(heard(self.subject(), report, self.now, PATIENCE))

    def say(self, mode: AccessMode | None = None, **told: object) -> Sequence[ModeEvent]:
        return self.hear(ModeReport("A", self.now, mode, **told))  # type: ignore[arg-type]  # fields by name

    def wait(self, milliseconds: int) -> Sequence[ModeEvent]:
        """Let time pass, and whatever is due meanwhile happen at its instant, as the watch sees to."""
        until = self.now + milliseconds
        found: list[ModeEvent] = []
        while (due := self._due()) is not None and due <= until:
            self.now = max(self.now, due)
            assert self.desired is not None
            found += self._take(waited(self.subject(), self.desired, self.now, PATIENCE))
        self.now = until
        return found

    def state(self) -> SyncState | None:
        standing = Standing(self.desired, self.reported)
        return sync_state(standing, switchable=self.switchable, now=self.now, within_ms=PATIENCE.within_ms)

    def _due(self) -> int | None:
        if self.desired is None:
            return None
        if self.reported is None or self.reported.transition_id != self.desired.transition_id:
            return self.desired.at + PATIENCE.first_ms
        return self.reported.next_try_at

    def _take(self, followed: Followed) -> Sequence[ModeEvent]:
        self.reported = replace(followed.reported, version=followed.reported.version + 1)
        self.events += followed.events
        return followed.events


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


_PAUSES = (0, 1, 1_000, SKEW_MS, 14_999, 15_000, 59_999, 60_000, 900_000)
_REPORTS: st.SearchStrategy[dict[str, object]] = st.builds(
    dict,
    mode=st.sampled_from([FREE, MANAGED, None]),
    untold=st.booleans(),
    online=st.sampled_from([True, True, True, False]),
    boot=st.sampled_from([False, False, True]),
    breach=st.sampled_from([False, False, False, True]),
    named=st.booleans(),
    ago=st.sampled_from([0, 0, 0, 1, 1_000, 60_000]),
)
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("tell"), st.sampled_from([0, 0, 10_000])),
        st.tuples(st.just("wait"), st.sampled_from(_PAUSES)),
        st.tuples(st.just("report"), _REPORTS),
        st.tuples(st.just("report"), _REPORTS),
        st.tuples(st.just("again"), st.integers(0, 5)),
    ),
    max_size=40,
)


def _report(yard: Yard, told: dict[str, object]) -> ModeReport:
    """Return a report such as a CSMS could send; what is said of a breach is always freevend."""
    breach = bool(told["breach"])
    mode = FREE if breach else told["mode"]
    named = yard.desired.transition_id if told["named"] and yard.desired is not None else None
    return ModeReport(
        "A",
        yard.now - int(str(told["ago"])),
        mode,  # type: ignore[arg-type]  # a mode or None
        untold=bool(told["untold"]) and mode is None,
        online=bool(told["online"]) or breach,
        boot=bool(told["boot"]),
        breach=breach,
        transition_id=named,
    )


def _known(accepted: Sequence[ModeReport]) -> tuple[AccessMode | None, int, bool]:
    """Return what the reports come to: the mode, when it was seen, and whether the charger can be reached."""
    mode, seen_at, online = None, 0, True
    for report in accepted:
        online = report.online
        if report.mode is not None:
            mode, seen_at = report.mode, report.at
        elif report.boot or (report.online and not report.untold):
            mode = None
    return mode, seen_at, online


def _note_proof(yard: Yard, report: ModeReport | None) -> None:
    """Remember for the model that the change in force was seen through, if it was."""
    if yard.desired is None:
        return
    mode, seen_at, _ = _known(yard.accepted)
    named = (
        report is not None
        and yard.accepted[-1:] == [report]
        and report.mode is yard.desired.mode
        and report.transition_id == yard.desired.transition_id
    )
    if mode is yard.desired.mode and (named or seen_at >= yard.desired.at - SKEW_MS):
        yard.proven.add(yard.desired.transition_id)


def _in_force(yard: Yard) -> bool:
    """Tell by the model whether the charger is in the mode it was told."""
    assert yard.desired is not None
    mode, seen_at, _ = _known(yard.accepted)
    fresh = seen_at >= yard.desired.at - SKEW_MS
    return mode is yard.desired.mode and (fresh or yard.desired.transition_id in yard.proven)


def _hold_against_model(yard: Yard, before: int) -> None:
    if yard.desired is None:
        assert yard.state() is None
        return
    _, _, online = _known(yard.accepted)
    state = yard.state()
    early = yard.now < yard.desired.at
    if _in_force(yard):
        assert state is SyncState.IN_SYNC
    elif early and state is SyncState.IN_SYNC:
        assert _known(yard.accepted)[0] is yard.desired.from_mode
    elif not online:
        assert state is SyncState.PENDING_OFFLINE
    else:
        assert state in (SyncState.SWITCHING, SyncState.DIVERGED)
    for event in yard.events[before:]:
        assert event.charger == "A"
        if event.type is RETRY:
            assert event.at >= yard.desired.at
            assert online or event.at < yard.now


def _each_once(yard: Yard) -> None:
    ids = [event.id for event in yard.events]
    assert len(ids) == len(set(ids))
    first = [event.transition_id for event in yard.events if event.type is SWITCHED and not event.detail["recovered"]]
    assert len(first) == len(set(first))
    assert set(first) <= yard.proven
    told: set[str | None] = set()
    """Changes that are said to have diverged, and not to have got there since."""
    for event in yard.events:
        if event.type is DIVERGED:
            told.add(event.transition_id)
        elif event.type is SWITCHED:
            assert event.transition_id in told or not event.detail["recovered"]
            told.discard(event.transition_id)
    if yard.desired is not None and yard.reported is not None and yard.state() is SyncState.IN_SYNC:
        proven = yard.desired.transition_id in first
        assert proven or yard.now < yard.desired.at or yard.reported.transition_id != yard.desired.transition_id
        assert yard.desired.transition_id not in told or not proven


@settings(max_examples=400, deadline=None)
@given(_STEPS)
def test_whatever_comes_late_twice_or_out_of_order_every_event_is_told_once(
    steps: list[tuple[str, object]],
) -> None:
    yard = Yard()
    sent: list[ModeReport] = []
    for kind, told in steps:
        before, report = len(yard.events), None
        if kind == "tell":
            yard.tell(MANAGED if yard.desired is None else _other(yard.desired.mode), int(str(told)))
        elif kind == "wait":
            yard.wait(int(str(told)))
        elif kind == "report":
            assert isinstance(told, dict)
            report = _report(yard, told)
            sent.append(report)
            yard.hear(report)
        elif sent:
            report = sent[-1 - int(str(told)) % len(sent)]
            yard.hear(report)
        _note_proof(yard, report)
        _hold_against_model(yard, before)
        _each_once(yard)


@settings(deadline=None)
@given(_REPORTS, st.sampled_from([0, 1_000, 60_000]))
def test_the_same_report_again_changes_nothing(told: dict[str, object], later: int) -> None:
    yard = Yard()
    yard.tell(MANAGED)
    yard.say(MANAGED)
    yard.wait(100_000)
    report = _report(yard, told)
    yard.hear(report)
    once = yard.reported
    yard.now += later if once is not None and once.next_try_at is None else 0
    assert not yard.hear(report)
    assert yard.reported is not None
    assert once is not None
    assert replace(yard.reported, version=0, recorded_at=0) == replace(once, version=0, recorded_at=0)
