"""An event tells enough for its decision to be explained later exactly as it would have been then."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from fakes.served import POLICIES
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_service.adapters.holiday_days import LibraryHolidays
from policy_service.adapters.packaged_profiles import packaged_profiles
from policy_service.adapters.sql.event_rows import event_of
from policy_service.application.access_events import Circumstances, access_event
from policy_service.application.event_line import event_line
from policy_service.application.queries.explain_event import explained
from policy_service.application.question import Question
from policy_service.domain.access import VehicleClass
from policy_service.domain.agreement import Agreement, AgreementStatus
from policy_service.domain.identifier import IdentifierRecord, IdentifierStatus, IdentifierType
from policy_service.domain.registration import Absence, Registration
from policy_service.domain.selector import Selector
from policy_service.engine.compile import CompileContext, compile_plan
from policy_service.engine.decide import decide
from policy_service.engine.explain import explain
from policy_service.language.load import load

if TYPE_CHECKING:
    from policy_service.domain.registration import Finding
    from policy_service.engine.plan import Plan

FIRST, YEAR = 1_790_000_000, 31_536_000
INSTANTS = st.integers(FIRST, FIRST + YEAR)
BOUNDS = st.none() | INSTANTS
SELECTORS = st.none() | st.builds(
    Selector,
    ids=st.none() | st.sampled_from([("NTH-*",), ("*-01", "*-02")]),
    labels=st.none() | st.sampled_from([(("depot", ("north",)),), (("depot", ("east", "south")),)]),
    exclude=st.sampled_from([(), ("NTH-07",)]),
)
ATTRIBUTES = st.fixed_dictionaries(
    {}, optional={"kind": st.sampled_from(["bus", "van"]), "max_kw": st.floats(0, 400), "wheels": st.integers(2, 18)}
)


@cache
def plan() -> Plan:
    """Return the plan of the shipped policies."""
    files = {str(path.relative_to(POLICIES)): path.read_bytes() for path in Path(POLICIES).rglob("*.yaml")}
    tree = load(files, built_in=packaged_profiles()).tree
    assert tree is not None
    made = compile_plan(tree, CompileContext(FIRST, LibraryHolidays())).plan
    assert made is not None
    return made


@st.composite
def registrations(draw: st.DrawFn) -> Registration:
    vehicle_class = draw(st.sampled_from([VehicleClass.OWN, VehicleClass.AGREEMENT]))
    named = draw(st.sampled_from(["metro-1", "other"])) if vehicle_class is VehicleClass.AGREEMENT else None
    record = IdentifierRecord(
        "a" * 32,
        "04A2B3C4D5E680",
        draw(st.sampled_from(IdentifierType)),
        vehicle_class,
        "bus-1",
        draw(st.sampled_from(["north", None])),
        named,
        draw(ATTRIBUTES),
        draw(SELECTORS),
        draw(BOUNDS),
        draw(BOUNDS),
        draw(st.sampled_from(IdentifierStatus)),
        draw(st.sampled_from(["http", "fleet"])),
    )
    if named is None or draw(st.booleans()):
        return Registration(record)
    status = draw(st.sampled_from(AgreementStatus))
    return Registration(record, Agreement(named, "metro", draw(BOUNDS), draw(BOUNDS), status, draw(SELECTORS)))


@settings(max_examples=400, deadline=None)
@given(st.data(), INSTANTS, st.sampled_from(list(Absence)) | registrations())
def test_the_explanation_of_an_event_is_that_of_its_decision(data: st.DataObject, at: int, finding: Finding) -> None:
    charger = data.draw(st.sampled_from([*plan().chargers, "nowhere"]))
    decision = decide(plan(), charger, at) or decide(plan(), charger, at, finding)
    assert decision is not None
    looked_up = finding if decide(plan(), charger, at) is None else None
    made = access_event(Question(charger, "04A2B3C4D5E680"), decision, looked_up, Circumstances("d", 1, "r"))
    line = event_line(made)
    assert b"04A2B3C4D5E680" not in line
    assert explained(plan(), event_of(orjson.loads(line)), 60) == (explain(plan(), charger, at, looked_up), False)
