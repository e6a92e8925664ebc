"""Until when a refused vehicle has to wait: the edges of the answer, which drawn policies seldom meet."""

from __future__ import annotations

import pytest
from small_plans import DAYS, MANAGED, OWN, H, asked, at, daily, own, plan_of, policy, window

from policy_service.domain.access import VehicleClass
from policy_service.domain.instant import DAY
from policy_service.domain.policy import Grant, Schedule, ScheduleRef, Span, WallEnd

NIGHT = at("2026-03-02T23:00Z")
MORNING = at("2026-03-03T08:00Z")


@pytest.mark.parametrize(("valid_to", "next_allowed_at"), [(MORNING + 1, MORNING), (MORNING, None), (None, MORNING)])
def test_a_vehicle_that_expires_when_its_window_opens_waits_for_nothing(
    valid_to: int | None, next_allowed_at: int | None
) -> None:
    plan = plan_of(policy(window("day", DAYS, allow=OWN), default_mode=MANAGED, allow=()))
    decision = asked(plan, NIGHT, own(valid_to=valid_to))
    assert decision.denied
    assert decision.next_allowed_at == next_allowed_at


@pytest.mark.parametrize("days", [398, 399, 400, 401, 402])
def test_nobody_is_told_to_wait_for_more_than_400_days(days: int) -> None:
    opening = at("2027-05-01T08:00Z")
    hours = Schedule("may", (daily(Span(8 * H, WallEnd(0, 20 * H)), "2027-05-01", "FREQ=YEARLY"),))
    grants = (Grant(VehicleClass.OWN, during=(ScheduleRef("may"),)),)
    plan = plan_of(policy(default_mode=MANAGED, allow=grants), schedules={"may": hours})
    told = asked(plan, opening - days * DAY, own()).next_allowed_at
    assert told == (opening if days <= 400 else None)
    assert asked(plan, opening - 400 * DAY - 1, own()).next_allowed_at is None
