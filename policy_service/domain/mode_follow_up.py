"""Following up a change of mode: what a report, or the time that has passed, makes of a charger's standing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from policy_service.domain.charger_sync import ReportedMode, is_proven
from policy_service.domain.instant import format_instant
from policy_service.domain.mode_events import ModeEvent, ModeEventType, mode_event_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.domain.access import AccessMode
    from policy_service.domain.charger_sync import DesiredMode, Standing

_NO_LABELS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a switch may take, and when it is tried again. Milliseconds."""

    within_ms: int = 60_000
    """After so long without proof the charger has diverged."""
    first_ms: int = 15_000
    """The first retry; each later one comes when twice as much time has passed since the switch was due."""
    longest_ms: int = 900_000
    """Retries are never further apart."""


@dataclass(frozen=True, slots=True)
class ModeReport:
    """One word of the CSMS's about a charger. ``at`` in epoch milliseconds."""

    charger: str
    at: int
    mode: AccessMode | None = None
    untold: bool = False
    """Nothing was said of the mode: what is known of it stays."""
    online: bool = True
    boot: bool = False
    """It has just started: a mode that was not seen since is forgotten by some."""
    breach: bool = False
    """It let a vehicle in unasked, or sent its freevend token."""
    transition_id: str | None = None
    evidence: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class Followed:
    """What is to be stored of a charger, and what has happened."""

    reported: ReportedMode
    events: tuple[ModeEvent, ...] = ()


class Subject(NamedTuple):
    """The charger: how it stands, and what the plan knows of it."""

    charger: str
    standing: Standing
    switchable: bool
    labels: Mapping[str, str] = _NO_LABELS


def heard(subject: Subject, report: ModeReport, now: int, patience: Patience) -> Followed:
    """Return what a report makes of it. One from before what is known, or the same again, changes nothing."""
    before, desired = subject.standing.reported or _unheard(subject.charger, now), subject.standing.desired
    if report.at < min(before.at, now):  # what is known may be of a clock that was ahead
        return Followed(before)
    row = _with_word(before, report, now)
    if desired is None:
        return Followed(row)
    row = _taken_up(row, desired, patience)
    named = report.mode is desired.mode and report.transition_id == desired.transition_id
    if (at_rest := _at_rest(subject, desired, row, now, named=named)) is not None:
        return at_rest
    if now < desired.at:
        return Followed(row)
    anew = is_proven(desired, before) or not before.online
    if anew:
        row = replace(row, due_from=now)
    given_up = row.next_try_at is None  # nobody had spoken of it: now there is somebody to try
    if anew or given_up or _restless(report, before, now, patience):
        return _tried(subject, desired, row, now, patience, unsaid=row.diverged_at is None)
    return Followed(row)


def waited(subject: Subject, desired: DesiredMode, now: int, patience: Patience) -> Followed:
    """Return what the time that has passed makes of it: a try that is due, a divergence."""
    row = _taken_up(subject.standing.reported or _unheard(subject.charger, now), desired, patience)
    if (at_rest := _at_rest(subject, desired, row, now)) is not None:
        return at_rest
    if row.next_try_at is None or now < row.next_try_at:
        return Followed(row)
    tried, due_from = _tried(subject, desired, row, now, patience), _due_from(row, desired)
    told = row.diverged_at is not None and row.diverged_at >= due_from
    if told or now < due_from + patience.within_ms:
        return tried
    return _diverged(subject, desired, tried, now)


def _unheard(charger: str, now: int) -> ReportedMode:
    return ReportedMode(charger, None, 0, now)


def _with_word(before: ReportedMode, report: ModeReport, now: int) -> ReportedMode:
    """Return what is known after a report, the follow-up untouched."""
    mode, seen_at = before.mode, before.seen_at
    if report.mode is not None:
        mode, seen_at = report.mode, report.at
    elif report.boot or (report.online and not report.untold):
        mode, seen_at = None, None
    return replace(
        before,
        mode=mode,
        seen_at=seen_at,
        at=report.at,
        recorded_at=now,
        online=report.online,
        booted_at=report.at if report.boot else before.booted_at,
        evidence=report.evidence if report.evidence or mode is not before.mode else before.evidence,
    )


def _taken_up(row: ReportedMode, desired: DesiredMode, patience: Patience) -> ReportedMode:
    """Return it with its first retry planned; nothing is left over from another change of mode."""
    if row.transition_id != desired.transition_id:
        row = replace(
            row,
            transition_id=desired.transition_id,
            attempts=0,
            settled_at=None,
            diverged_at=None,
            due_from=None,
            tried_at=None,
        )
    if row.due_from is not None:
        return row
    first = min(patience.first_ms, patience.within_ms)
    return replace(row, due_from=desired.at, next_try_at=desired.at + first)


def _at_rest(
    subject: Subject, desired: DesiredMode, row: ReportedMode, now: int, *, named: bool = False
) -> Followed | None:
    """Return it where there is nothing to try: no way is known, it is there, or it cannot be reached; else None."""
    if not subject.switchable:
        return Followed(replace(row, next_try_at=None))
    if named or is_proven(desired, row):
        return _settled(subject, desired, row, now)
    return None if row.online else Followed(replace(row, next_try_at=None))


def _due_from(row: ReportedMode, desired: DesiredMode) -> int:
    return desired.at if row.due_from is None else row.due_from


def _restless(report: ModeReport, before: ReportedMode, now: int, patience: Patience) -> bool:
    """Tell whether a report calls for a try at once; breaches may come by the dozen."""
    if report.boot:
        return report.at != before.booted_at
    return report.breach and (before.tried_at is None or now - before.tried_at >= patience.first_ms)


def _tried(
    subject: Subject, desired: DesiredMode, row: ReportedMode, now: int, patience: Patience, *, unsaid: bool = False
) -> Followed:
    """Let a try be due now, and plan the next: soon, where it is not said yet that the charger has diverged."""
    passed = max(0, now - _due_from(row, desired))
    following = now + min(patience.longest_ms, max(patience.first_ms, passed))
    if passed < patience.within_ms:
        following = min(following, now - passed + patience.within_ms)
    elif unsaid:
        following = min(following, now + patience.first_ms)
    row = replace(row, attempts=row.attempts + 1, tried_at=now, next_try_at=following)
    detail = {"attempt": row.attempts, "next_try_at": format_instant(following // 1000), "reported": row.mode}
    return Followed(row, (_event(subject, desired, ModeEventType.RETRY_DUE, now, now, detail, row.attempts),))


def _settled(subject: Subject, desired: DesiredMode, row: ReportedMode, now: int) -> Followed:
    """Note that it is there: once for each change, and once more for each divergence that is over."""
    first, recovered = row.settled_at is None, row.diverged_at is not None
    seen_at = now if row.seen_at is None else row.seen_at
    settled = replace(
        row, settled_at=seen_at if first else row.settled_at, next_try_at=None, diverged_at=None, due_from=None
    )
    if not (first or recovered):
        return Followed(settled)
    due_from = _due_from(row, desired)
    detail: dict[str, object] = {
        "seconds_late": _seconds(seen_at - desired.at),
        "attempts": row.attempts,
        "after_offline": first and due_from > desired.at,
        "seconds_after_return": _seconds(seen_at - due_from),
        "recovered": not first,
    }
    parts = () if first else (row.attempts,)
    return Followed(settled, (_event(subject, desired, ModeEventType.SWITCHED, seen_at, now, detail, *parts),))


def _diverged(subject: Subject, desired: DesiredMode, tried: Followed, now: int) -> Followed:
    """Say that it is not there in time. Of whom nothing was ever heard, there is nobody to try again."""
    row = replace(tried.reported, diverged_at=now)
    if not row.heard:
        row = replace(row, next_try_at=None)
    detail = {"reported": row.mode, "evidence": dict(row.evidence), "attempts": row.attempts, "heard": row.heard}
    event = _event(subject, desired, ModeEventType.DIVERGED, now, now, detail, row.attempts)
    return Followed(row, (*tried.events, event))


def _event(
    subject: Subject,
    desired: DesiredMode,
    type_: ModeEventType,
    at: int,
    recorded_at: int,
    detail: Mapping[str, object],
    *parts: int,
) -> ModeEvent:
    id_ = mode_event_id(type_, subject.charger, desired.transition_id, *parts)
    return ModeEvent(
        id_, type_, at, recorded_at, subject.charger, subject.labels, desired.transition_id, desired.mode, detail
    )


def _seconds(milliseconds: int) -> float:
    return max(0, milliseconds) / 1000
