"""The difference of two plans against a naive reading of both trees, minute by minute and at every edge."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
import tzdata  # type: ignore[import-untyped] # a data package: it has no annotations
from condition_trees import met, vehicle_facts
from hypothesis import given
from hypothesis import strategies as st
from random_policies import FREEVEND, MANAGED, cases
from random_times import Holidays
from test_goldens import H, at, context, daily, plan_of, policy, tree, window
from test_oracle import ABOUT, compiled, midnight, naive_of, oracle

from policy_service.domain.access import Enforcement, Outcome, VehicleClass
from policy_service.domain.access_change import Access, Foreseen, Requirement, Subject
from policy_service.domain.agreement import Agreement
from policy_service.domain.charger import Charger
from policy_service.domain.identifier import IdentifierRecord, IdentifierType
from policy_service.domain.instant import DAY
from policy_service.domain.policy import (
    DayException,
    Grant,
    HolidayDays,
    Override,
    Schedule,
    ScheduleRef,
    Span,
    WallEnd,
)
from policy_service.domain.registration import Absence, Registration
from policy_service.domain.selector import Expression, Selector
from policy_service.engine.compile import CompileContext, compile_plan
from policy_service.engine.diff import diff
from policy_service.engine.narrow import governing, narrowed
from policy_service.engine.subjects import subjects
from policy_service.engine.zone import Zone, zone_data_from

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from naive import Naive
    from random_policies import Case

    from policy_service.domain.access_change import AccessChange
    from policy_service.domain.registration import Finding
    from policy_service.engine.plan import Plan

Changes: TypeAlias = "dict[tuple[str, Subject], tuple[AccessChange, ...]]"

OWN, AGREEMENT, UNKNOWN = VehicleClass
ASKED = [
    Subject(OWN),
    Subject(AGREEMENT, "metro-1", "metro-1", named=True),
    Subject(AGREEMENT, "metro-2", "metro-2", named=True),
    Subject(AGREEMENT, None, "~"),
    Subject(UNKNOWN),
]
STRETCH = 60
"""Days over which two plans are compared."""
SPAN = (at("2026-11-01T00:00Z"), at("2027-11-01T00:00Z"))
NIGHT = Span(18 * H, WallEnd(1, 6 * H))


def changes_of(old: Plan, new: Plan, span: tuple[int, int], asked: Sequence[Subject] = ASKED) -> Changes:
    """Return what differs for each charger and subject, where anything does."""
    return {
        (charger, subject): changes
        for difference in diff(old, new, span, asked)
        for charger in difference.chargers
        for subject, changes in difference.changes
        if changes
    }


def vehicles(subject: Subject, dice: random.Random) -> list[Finding]:
    """Return vehicles of the kind, with all sorts of attributes."""
    if subject.vehicle_class is UNKNOWN:
        return [Absence.UNKNOWN_IDENTIFIER]
    found: list[Finding] = []
    for _ in range(3):
        facts: dict[str, Any] = {"kind": dice.choice(("bus", "van")), "height_m": dice.choice((3.1, 3.3))}
        facts["electric"] = dice.choice((True, False))
        kept = {name: value for name, value in facts.items() if dice.random() < 0.8}
        name = dice.choice(("bus-1", "bus-2"))
        agreement = subject.sample or None
        record = IdentifierRecord(
            "r1", "K1", IdentifierType.RFID, subject.vehicle_class, name, dice.choice((None, "north")), agreement, kept
        )
        found.append(Registration(record, Agreement(agreement, "metro") if agreement else None))
    return found


def outcome(access: Access, conditions: Mapping[str, Any], finding: Finding) -> str:
    """Return what a foreseen access comes to for one vehicle."""
    if access.outcome is not Foreseen.CONDITIONAL:
        return str(access.outcome)
    assert isinstance(finding, Registration)
    told = (met(conditions[each.condition], {**vehicle_facts(finding), **dict(each.given)}) for each in access.when)
    return str(Outcome.ALLOWED if any(told) else Outcome.ACCESS_DENIED)


def mostly_managed(case: Case) -> Case:
    """Return the case with policies that ask vehicles, and admit own ones in the hours of a schedule alone."""
    hours = (Grant(OWN, during=(ScheduleRef("s0"),)), Grant(AGREEMENT, during=(ScheduleRef("s1"),)))
    policies = tuple(
        replace(each, default_mode=MANAGED, enforcement=Enforcement.ENFORCE, allow=hours, exceptions=())
        for each in case.tree.policies
    )
    return replace(case, tree=replace(case.tree, policies=policies))


def hold_against(
    naive: tuple[Naive, Naive],
    case: tuple[Case, Case],
    found: Changes,
    instants: Sequence[int],
    dice: random.Random,
    charger: str,
) -> None:
    for subject in ASKED:
        changes = found.get((charger, subject), ())
        for one, other in pairwise(changes):
            assert one.end < other.start or (one.end == other.start and one[2:] != other[2:]), "not maximal"
        assert all(change.start < change.end and change.before != change.after for change in changes)
        findings = vehicles(subject, dice)
        for instant in instants:
            here = next((change for change in changes if change.start <= instant < change.end), None)
            finding = dice.choice(findings)
            told = [each.answer(charger, instant, finding) for each in naive]
            if here is None:
                assert (told[0].mode, told[0].outcome) == (told[1].mode, told[1].outcome), (charger, subject, instant)
                continue
            for access, answer, side in zip((here.before, here.after), told, case, strict=True):
                if access is None:
                    assert charger not in side.tree.chargers
                    continue
                assert access.mode is answer.mode
                assert outcome(access, side.conditions, finding) == answer.outcome, (charger, subject, instant)


@given(st.data(), ABOUT, st.integers(0, 1 << 32))
@oracle(60)
def test_it_is_what_a_comparison_minute_by_minute_finds(data: st.DataObject, about: date, seed: int) -> None:
    one, other = data.draw(cases(about)), data.draw(cases(about))
    dice = random.Random(seed)  # noqa: S311 - a test's choice of instants
    if dice.random() < 0.5:
        other = replace(
            one,
            tree=replace(other.tree, overrides=one.tree.overrides),
            conditions={**one.conditions, **other.conditions},
        )
    if dice.random() < 0.3:
        kept = {id_: charger for id_, charger in other.tree.chargers.items() if id_ != "A2"}
        other = replace(other, tree=replace(other.tree, chargers=kept))
    if dice.random() < 0.5:
        one, other = mostly_managed(one), mostly_managed(other)
    now = midnight(about)
    old, new = compiled(one, now).plan, compiled(other, now).plan
    if old is None or new is None:
        return
    lo = now + dice.randrange(-10, 200) * DAY + dice.randrange(DAY)
    span = (lo, lo + STRETCH * DAY)
    found = changes_of(old, new, span)
    naive = naive_of(one, *span), naive_of(other, *span)
    minutes = range(dice.randrange(lo, span[1] - DAY), span[1], 60)[: 24 * 60]
    for charger in dice.sample(("A1", "A2", "B1"), 2):
        edges = {
            edge + step
            for each in naive
            for subject in ASKED[:2]
            for edge in each.edges(charger, vehicles(subject, dice)[0])
            for step in (-1, 0)
        }
        instants = sorted({edge for edge in edges if span[0] <= edge < span[1]} | {lo, *minutes})
        hold_against(naive, (one, other), found, instants, dice, charger)


@given(st.data(), ABOUT)
@oracle(40)
def test_nothing_differs_from_itself(data: st.DataObject, about: date) -> None:
    case = data.draw(cases(about))
    now = midnight(about)
    plan, again = compiled(case, now).plan, compiled(case, now).plan
    if plan is None or again is None:
        return
    span = (now, now + 400 * DAY)
    assert changes_of(plan, plan, span) == {}
    assert changes_of(plan, again, span) == {}


@given(st.data(), ABOUT)
@oracle(60)
def test_leaving_out_what_cannot_differ_leaves_out_no_difference(data: st.DataObject, about: date) -> None:
    one, other = data.draw(cases(about)), data.draw(cases(about))
    changed = other.tree.policies[: data.draw(st.integers(0, 2))]
    names = {policy.name for policy in changed}
    kept = tuple(policy for policy in one.tree.policies if policy.name not in names)
    mixed = replace(one.tree, policies=(*changed, *kept))
    if data.draw(st.booleans()):
        mixed = replace(mixed, schedules=other.tree.schedules, overrides=other.tree.overrides)
    now = midnight(about)
    around = CompileContext(now, Holidays(), "content", ungoverned=one.ungoverned, overrides=one.overrides)
    old, new = compile_plan(one.tree, around).plan, compile_plan(mixed, around).plan
    if old is None or new is None:
        return
    outlined = [(each, governing(each, around)) for each in (one.tree, mixed)]
    less = narrowed(outlined[0], outlined[1], around)  # type: ignore[arg-type]  # both compile
    span = (now, now + 100 * DAY)
    first = compile_plan(less[0], around).plan
    assert first is not None
    second = compile_plan(less[1], replace(around, previous=first)).plan
    assert second is not None
    assert changes_of(first, second, span) == changes_of(old, new, span)


# --- worked examples -------------------------------------------------------------------------------------------------


def changed(old: Plan, new: Plan, subject: Subject = ASKED[0]) -> list[tuple[str, str, Access | None, Access | None]]:
    """Return the changes at charger A1 with their ends as text."""
    found = changes_of(old, new, SPAN, (subject,)).get(("A1", subject), ())
    zone = Zone.of("UTC")
    shown = [tuple(zone.to_wall(edge) for edge in change[:2]) for change in found]
    return [
        (
            *(f"{date.fromordinal(wall // DAY + 719_163)} {wall % DAY // H:02}" for wall in edges),
            change.before,
            change.after,
        )  # type: ignore[misc]
        for edges, change in zip(shown, found, strict=True)
    ]


def test_a_charger_that_is_new_or_gone_had_or_has_no_access() -> None:
    without = plan_of(policy(), chargers={"A2": Charger("A2")})
    both = plan_of(policy())
    open_ = Access(FREEVEND, Foreseen.ALLOWED)
    assert changed(without, both) == [("2026-11-01 00", "2027-11-01 00", None, open_)]
    assert changed(both, without) == [("2026-11-01 00", "2027-11-01 00", open_, None)]


def test_a_condition_that_changes_is_a_change() -> None:
    def of(text: str, max_kw: float) -> Plan:
        grant = Grant(OWN, when=Expression(text))
        chargers = {"A1": Charger("A1", {}, {"max_kw": max_kw})}
        return plan_of(policy(default_mode=MANAGED, allow=(grant,)), chargers=chargers)

    def told(text: str, max_kw: float) -> Access:
        given_ = (("charger.max_kw", max_kw),) if "max_kw" in text else ()
        return Access(MANAGED, Foreseen.CONDITIONAL, (Requirement(text, given_),))

    bus, van = 'vehicle.kind == "bus"', 'vehicle.kind == "van"'
    strong = 'charger.max_kw >= 100 and vehicle.kind == "bus"'
    whole = ("2026-11-01 00", "2027-11-01 00")
    assert changed(of(bus, 50), of(van, 50)) == [(*whole, told(bus, 50), told(van, 50))]
    assert changed(of(bus, 50), of(bus, 150)) == []
    assert changed(of(strong, 150), of(strong, 200)) == [(*whole, told(strong, 150), told(strong, 200))]
    # what the charger settles is no question to the vehicle
    assert changed(of(strong, 50), of(bus, 50)) == [(*whole, Access(MANAGED, Foreseen.ACCESS_DENIED), told(bus, 50))]


def test_other_time_zone_data_differs_where_its_clocks_do(tmp_path: Path) -> None:
    zones = Path(tzdata.__file__).parent / "zoneinfo"
    (tmp_path / "Europe").mkdir()
    shutil.copy(zones / "Africa/Lagos", tmp_path / "Europe/London")  # an hour ahead all year, as if summer time stayed
    nights = policy(window("nights", daily(NIGHT)), timezone="Europe/London")
    with zone_data_from(str(tmp_path)):
        other = compile_plan(tree(nights), context()).plan
    assert other is not None
    ours = plan_of(nights)
    found = changed(ours, other)
    open_, managed = Access(FREEVEND, Foreseen.ALLOWED), Access(MANAGED, Foreseen.ALLOWED)
    assert found[:2] == [
        ("2026-11-01 05", "2026-11-01 06", managed, open_),
        ("2026-11-01 17", "2026-11-01 18", open_, managed),
    ]
    assert {start[:7] for start, *_ in found} == {"2026-11", "2026-12", "2027-01", "2027-02", "2027-03", "2027-10"}
    assert changed(ours, plan_of(nights)) == [], "the pinned data is read again"


class OneMore(Holidays):
    """The made-up days off, and another one."""

    version = "made up 2"

    def __call__(self, region: str, year: int) -> Mapping[date, str]:
        return {**super().__call__(region, year), date(2027, 5, 3): "Jubilee"}


def test_other_holidays_differ_where_a_day_is_new() -> None:
    closed = policy(exceptions=(DayException("off", (HolidayDays("XA"),), MANAGED, allow=()),))
    ours = compile_plan(tree(closed), CompileContext(SPAN[0], Holidays())).plan
    other = compile_plan(tree(closed), CompileContext(SPAN[0], OneMore(), previous=ours)).plan
    assert ours is not None
    assert other is not None
    open_, shut = Access(FREEVEND, Foreseen.ALLOWED), Access(MANAGED, Foreseen.ACCESS_DENIED)
    assert changed(ours, other) == [("2027-05-03 00", "2027-05-04 00", open_, shut)]


def test_hours_of_a_grant_bound_its_changes() -> None:
    schedules = {
        "noon": Schedule("noon", (daily(Span(11 * H, WallEnd(0, 13 * H)), "2027-06-01", "FREQ=DAILY;COUNT=1"),))
    }
    managed = policy(default_mode=MANAGED, allow=(Grant(OWN, during=(ScheduleRef("noon"),)),))
    nobody = policy(default_mode=MANAGED, allow=())
    allowed, denied = Access(MANAGED, Foreseen.ALLOWED), Access(MANAGED, Foreseen.ACCESS_DENIED)
    assert changed(plan_of(nobody), plan_of(managed, schedules=schedules)) == [
        ("2027-06-01 11", "2027-06-01 13", denied, allowed)
    ]


def test_hours_of_an_override_over_http_are_compared_where_no_policy_differs() -> None:
    def noon(until: int) -> Schedule:
        return Schedule("noon", (daily(Span(11 * H, WallEnd(0, until * H)), "2027-06-01", "FREQ=DAILY;COUNT=1"),))

    grant = Grant(OWN, during=(ScheduleRef("noon"),))
    made = Override("o1", Selector(ids=("A1",)), *SPAN, MANAGED, allow=(grant,), created=1)
    around = replace(context(), overrides=(made,))
    old, new = (tree(policy(), schedules={"noon": noon(until)}) for until in (13, 14))
    less = narrowed((old, governing(old, around)), (new, governing(new, around)), around)  # type: ignore[arg-type]
    plans = [compile_plan(each, around).plan for each in less]
    allowed, denied = Access(MANAGED, Foreseen.ALLOWED), Access(MANAGED, Foreseen.ACCESS_DENIED)
    assert changed(*plans) == [("2027-06-01 13", "2027-06-01 14", denied, allowed)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("globs", "expected"),
    [
        ((), [None]),
        (("metro-east",), ["metro-east", None]),
        (("metro-*",), ["metro-*", None]),
        (("metro-*", "*-east"), ["*-east", "*-east and metro-*", "metro-*", None]),
        (("*",), ["*"]),
        (("m?",), ["m?", None]),
        (("[mn]x", "[!m]y"), ["[!m]y", "[mn]x", None]),
    ],
)
def test_agreements_are_told_apart_by_what_they_match(globs: tuple[str, ...], expected: list[str | None]) -> None:
    grants = (Grant(AGREEMENT, globs),) if globs else (Grant(AGREEMENT),)
    found = subjects([tree(policy(allow=grants))])
    assert found[0] == Subject(OWN)
    assert found[-1] == Subject(UNKNOWN)
    assert [subject.agreement for subject in found[1:-1]] == expected


def test_selected_chargers_that_move_to_another_policy_are_compared() -> None:
    day, night = (
        policy(name="day"),
        policy(name="night", default_mode=MANAGED, chargers=Selector(("A2",)), priority=200),
    )
    found = changes_of(plan_of(day), plan_of(day, night), SPAN)
    assert {charger for charger, _ in found} == {"A2"}
