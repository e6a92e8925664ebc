"""Following up changes of mode at random, against a model that remembers everything."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from followed_yard import Yard
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_service.domain.access import AccessMode
from policy_service.domain.charger_sync import REPORTER_SKEW_MS, SyncState
from policy_service.domain.mode_events import ModeEventType
from policy_service.domain.mode_follow_up import ModeReport

if TYPE_CHECKING:
    from collections.abc import Sequence

FREE, MANAGED = AccessMode.FREEVEND, AccessMode.MANAGED
RETRY, SWITCHED, DIVERGED = ModeEventType.RETRY_DUE, ModeEventType.SWITCHED, ModeEventType.DIVERGED

_PAUSES = (0, 1, 1_000, REPORTER_SKEW_MS, 14_999, 15_000, 59_999, 60_000, 900_000)
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


def _other(mode: AccessMode) -> AccessMode:
    return FREE if mode is MANAGED else MANAGED


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
    if mode is yard.desired.mode and (named or seen_at >= yard.desired.at - REPORTER_SKEW_MS):
        yard.proven.add(yard.desired.transition_id)


def _in_force(yard: Yard) -> bool:
    """Tell by the model whether the charger is in the mode it was told."""
    assert yard.desired is not None
    mode, seen_at, _ = _known(yard.accepted)
    fresh = seen_at >= yard.desired.at - REPORTER_SKEW_MS
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
