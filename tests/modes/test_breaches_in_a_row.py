"""Breaches come as fast as decisions do: what waits to be stored must not grow with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes.clock import FakeClock
from fakes.reported import MemoryReportedModes

from policy_service.application.commands.report_mode import ReportMode
from policy_service.application.plan_holder import PlanHolder
from policy_service.domain.access import AccessMode
from policy_service.domain.mode_follow_up import ModeReport, Patience

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.domain.charger_sync import ReportedMode
    from policy_service.domain.mode_events import ModeEvent

pytestmark = pytest.mark.anyio

AT = 1_795_000_000_000


class Counted(MemoryReportedModes):
    """Counts transactions."""

    def __init__(self) -> None:
        """Store nothing yet."""
        super().__init__()
        self.stored: list[Sequence[ReportedMode]] = []

    async def put(self, reported: Sequence[ReportedMode], events: Sequence[ModeEvent]) -> None:
        await super().put(reported, events)
        self.stored.append(reported)


class Nobody:
    """Hears events."""

    def mode_events(self, events: Sequence[ModeEvent]) -> None:
        """Let them pass."""


def breach(at: int) -> ModeReport:
    return ModeReport("A", at, AccessMode.FREEVEND, breach=True)


async def test_of_breaches_that_wait_the_latest_is_stored_and_whoever_speaks_between_is_heard_in_turn() -> None:
    reported, clock = Counted(), FakeClock(AT + 10_000)
    report = ReportMode(reported, PlanHolder(), clock, Nobody(), Patience())
    answers = [report.notice(breach(AT + number)) for number in (*range(500), 7)]
    answers += [report.notice(ModeReport("A", AT + 600, AccessMode.MANAGED))]
    answers += [report.notice(breach(AT + number)) for number in range(700, 900)]
    for answer in answers:
        await answer
    assert [[(each.mode, each.at) for each in some] for some in reported.stored] == [
        [(AccessMode.FREEVEND, AT + 499)],
        [(AccessMode.MANAGED, AT + 600)],
        [(AccessMode.FREEVEND, AT + 899)],
    ]
