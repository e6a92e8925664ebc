"""How a charger stands: every state by a case of its own."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from policy_service.domain.access import AccessMode
from policy_service.domain.charger_sync import REPORTER_SKEW_MS as SKEW_MS
from policy_service.domain.charger_sync import DesiredMode, ReportedMode, Standing, SyncState, sync_state

AT = 1_795_000_000_000
WITHIN = 60_000
FREE, MANAGED = AccessMode.FREEVEND, AccessMode.MANAGED
DESIRED = DesiredMode("A", MANAGED, FREE, AT, "t", "north", "night")
FIRST = DesiredMode("A", MANAGED, None, AT, "t", "north", "night")


@dataclass(frozen=True)
class Case:
    name: str
    after_s: float
    """Seconds between the change and the look."""
    reported: ReportedMode | None
    state: SyncState | None
    desired: DesiredMode | None = DESIRED
    switchable: bool = True


def _seen(mode: AccessMode | None, at: int = AT, **more: object) -> ReportedMode:
    whole = {"seen_at": None if mode is None else at, "transition_id": "t", "due_from": AT}
    return ReportedMode("A", mode, at, at, **(whole | more))  # type: ignore[arg-type]  # fields by name


CASES = (
    Case("nobody told it a mode", 0, _seen(MANAGED), None, desired=None),
    Case("no switch is known, whatever is said of it", 0, _seen(MANAGED), SyncState.UNSUPPORTED, switchable=False),
    Case("no switch is known, and nothing is said", 90, None, SyncState.UNSUPPORTED, switchable=False),
    Case("seen in its mode", 1, _seen(MANAGED), SyncState.IN_SYNC),
    Case("seen there by a clock that is behind", 1, _seen(MANAGED, AT - SKEW_MS), SyncState.IN_SYNC),
    Case("seen there long before the change", 1, _seen(MANAGED, AT - SKEW_MS - 1), SyncState.SWITCHING),
    Case("seen there long before, and in time no more", 61, _seen(MANAGED, AT - SKEW_MS - 1), SyncState.DIVERGED),
    Case("seen there ahead, for this change", 90, _seen(MANAGED, AT - 30_000, settled_at=AT), SyncState.IN_SYNC),
    Case("in its mode, and offline since", 900, _seen(MANAGED, online=False), SyncState.IN_SYNC),
    Case("still in the old one", 59.9, _seen(FREE), SyncState.SWITCHING),
    Case("in the old one, and time is up", 60, _seen(FREE), SyncState.DIVERGED),
    Case("what it is in cannot be told", 60, _seen(None), SyncState.DIVERGED),
    Case("offline in the old one", 1, _seen(FREE, online=False), SyncState.PENDING_OFFLINE),
    Case("offline in the old one for long", 9000, _seen(FREE, online=False), SyncState.PENDING_OFFLINE),
    Case("back a moment ago", 9000, _seen(FREE, due_from=AT + 8_999_000), SyncState.SWITCHING),
    Case("back for a while", 9000, _seen(FREE, due_from=AT + 8_940_000), SyncState.DIVERGED),
    Case(
        "diverged before it was away", 9000, _seen(FREE, due_from=AT + 8_999_000, diverged_at=AT), SyncState.SWITCHING
    ),
    Case("nobody ever spoke of it", 59, None, SyncState.SWITCHING),
    Case("nobody ever spoke of it, and time is up", 60, None, SyncState.DIVERGED),
    Case("not followed up yet", 59, _seen(FREE, transition_id="older"), SyncState.SWITCHING),
    Case("never followed up", 60, _seen(FREE, transition_id="older"), SyncState.DIVERGED),
    Case("told ahead, and in the mode of until then", -30, _seen(FREE, AT - 90_000), SyncState.IN_SYNC),
    Case("told ahead, and nothing is known", -30, None, SyncState.SWITCHING),
    Case("told ahead, and offline in no known mode", -30, _seen(None, online=False), SyncState.PENDING_OFFLINE),
    Case("followed up, and not noted from when on", 59.9, _seen(FREE, due_from=None), SyncState.SWITCHING),
    Case("followed up, not noted from when on, and time is up", 60, _seen(FREE, due_from=None), SyncState.DIVERGED),
    Case("told for the first time, ahead, and in no known mode", -1, _seen(None), SyncState.SWITCHING, desired=FIRST),
    Case("told for the first time", 0, _seen(FREE, AT - 90_000), SyncState.SWITCHING, desired=FIRST),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_charger_stands_as_the_table_says(case: Case) -> None:
    now = AT + round(case.after_s * 1000)
    standing = Standing(case.desired, case.reported)
    assert sync_state(standing, switchable=case.switchable, now=now, within_ms=WITHIN) is case.state
