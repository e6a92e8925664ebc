"""What is left of a tree with mistakes: documents that have none themselves, warnings or not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from small_plans import H, at, context, over, policy, tree

from policy_service.domain.access import AccessMode, VehicleClass
from policy_service.domain.policy import Grant, Schedule, ScheduleRef, Span, Times, WallEnd
from policy_service.domain.selector import Expression, Selector
from policy_service.engine.compile_sound import sound_part

OVER = Schedule("over", (Times(Span(8 * H, WallEnd(0, 9 * H)), first=date(2020, 1, 1)),))
MANAGED = AccessMode.MANAGED


def test_an_override_within_hours_that_are_over_is_sound() -> None:
    hours = (Grant(VehicleClass.OWN, during=(ScheduleRef("over"),)),)
    override = over("o", MANAGED, at("2026-02-01T00:00Z"), at("2026-02-02T00:00Z"), allow=hours)
    part = sound_part(tree(policy(), overrides=(override,), schedules={"over": OVER}), context())
    assert {found.code for found in part.diagnostics} == {"PS109"}
    assert part.tree.overrides == (override,)


def test_an_override_with_a_condition_that_is_refused_is_not() -> None:
    override = over("o", MANAGED, 0, 1)
    refused = replace(override, name="p", chargers=Selector(when=Expression("charger.nothing == 1")))
    part = sound_part(tree(policy(), overrides=(override, refused)), context())
    assert [found.code for found in part.diagnostics] == ["PS106"]
    assert part.tree.overrides == (override,)
