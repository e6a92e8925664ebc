"""Conditions: what is refused and where, when one holds, and the same answers as rule-engine on the text as written."""

from __future__ import annotations

from typing import Any

import pytest
import rule_engine
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_service.domain.access import VehicleClass
from policy_service.domain.charger import Charger
from policy_service.domain.place import Place
from policy_service.domain.policy import AttributeTypes
from policy_service.domain.registration import VehicleProfile
from policy_service.domain.selector import Expression, Selector
from policy_service.engine.conditions import Condition, charger_values, compile_condition, vehicle_values
from policy_service.engine.selection import ChargerIndex

TYPES = AttributeTypes(
    charger={"max_kw": "number"},
    vehicle={"kind": "string", "height_m": "number", "electric": "boolean"},
)
BUS = {"vehicle.kind": "bus", "vehicle.height_m": 3.1, "vehicle.electric": True, "charger.max_kw": 150.0}


def compiled(text: str, *, vehicle: bool = True) -> Condition:
    condition = compile_condition(Expression(text), TYPES, vehicle=vehicle)
    assert isinstance(condition, Condition), condition
    return condition


HOLDS = [
    ('vehicle.kind == "bus" and vehicle.height_m < 3.2', True),
    ("vehicle.height_m < 3.1", False),
    ("vehicle.height_m <= 3.1", True),
    ("vehicle.height_m + 0.1 == 3.2", True),  # decimals: 3.1 + 0.1 is 3.2
    ("vehicle.height_m * 2 - 0.2 == 6", True),
    ("-vehicle.height_m < 0", True),
    ('vehicle.kind in ["van", "bus"]', True),
    ('vehicle.kind in ["van", "bus",]', True),
    ('vehicle.kind not in ["van"]', True),
    ('"us" in vehicle.kind', True),
    ("not vehicle.electric", False),
    ("not vehicle.electric or charger.max_kw >= 50", True),
    ("vehicle.electric == true", True),
    ("vehicle.electric", True),
    ('vehicle.kind == "büs"', False),
    ("true", True),
    ("charger.max_kw > 149.999 == vehicle.electric", True),
    ('vehicle.kind < "cat"', True),
    ('charger.labels.depot == "north"', False),  # absent
    ('not (charger.labels.depot == "north")', False),  # absent: negation opens no door
    ('vehicle.kind == "bus" or charger.labels["a-b"] == "x"', False),  # absent
]


@pytest.mark.parametrize(("text", "expected"), HOLDS)
def test_condition_holds(text: str, expected: bool) -> None:  # noqa: FBT001 - a case's answer
    assert compiled(text).holds(BUS) is expected


@pytest.mark.parametrize("value", ["3.1", True, float("nan"), float("inf"), None])
def test_a_value_of_another_type_counts_as_absent(value: Any) -> None:  # noqa: ANN401 - any value at all
    assert not compiled("vehicle.height_m < 9 or true").holds({"vehicle.height_m": value})


REFUSED = [
    ('charger.max_kw == "50"', 15, 2, "compares a number with a string"),
    ('vehicle.knd == "bus"', 0, 11, "unknown attribute `vehicle.knd`"),
    ("vehicle.kind < 3", 13, 1, "compares a string with a number"),
    ("vehicle.electric < true", 17, 1, "does not compare booleans"),
    ("charger.labels.depot", 0, 20, "the condition is a string"),
    ("vehicle.height_m and true", 0, 16, "`and` needs a boolean"),
    ('vehicle.height_m + "1" > 3', 19, 3, "`+` needs a number"),
    ('vehicle.kind =~ "a+"', 13, 2, "`=~` is not accepted"),
    ("vehicle.height_m / 2 > 1", 17, 1, "`/` is not accepted"),
    ("vehicle.height_m ** 2 > 1", 18, 1, "`*` is not expected"),
    ("vehicle.electric = true", 17, 1, "`=` is not accepted"),
    ('vehicle.kind.upper() == "X"', 0, 19, "conditions call nothing"),
    ("$now == 1", 0, 4, "`$now` is not accepted"),
    ("vehicle.kind == null", 16, 4, "`null` is not accepted"),
    ("1 < 2 < 3", 6, 1, "do not chain"),
    ('1 < 2 in ["a"]', 6, 2, "do not chain"),
    ("vehicle.electric and", 19, 1, "ends too early"),
    ("", 0, 1, "is empty"),
    ("vehicle.height_m == 1e3", 20, 3, "is not a number"),
    ("vehicle.height_m < 3.1415926535897932", 19, 18, "at most 15 digits"),
    ("vehicle.kind in [1]", 17, 1, "this is a number"),
    ("vehicle.kind in []", 17, 1, "is not expected"),
    ('vehicle.kind == "a\\n"', 16, 5, "the string is not accepted"),
    ("vehicle.kind == bus", 16, 3, "unknown attribute `bus`"),
    ('charger.labels.a.b == "x"', 0, 18, "unknown attribute"),
    ("3 in 4", 2, 2, "looks for a number in a number"),
    ("[x for x in y]", 3, 3, "`for` is not accepted"),
    ("not " * 30 + "true", 84, 3, "at most 20 deep"),
    ("(" * 30 + "true" + ")" * 30, 21, 1, "at most 20 deep"),
    ("1" + " + 1" * 30 + " > 1", 82, 1, "at most 20 sums"),
    ("true or " * 400 + "true", 2000, 1204, "at most 2000 characters"),
    ("vehicle.electric # why", 17, 1, "`#` is not accepted"),
]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("vehicle.flet", "did you mean `vehicle.fleet`?"),
        ("vehicle.knd", "did you mean `vehicle.kind`?"),
        ("vehcle.kind", "did you mean `vehicle.kind`?"),
        ("vehicle.weight", "declare it in the Attributes document, such as `spec: {vehicle: {weight: string}}`"),
        ("vehicle.ids", "did you mean `vehicle.id`?"),
        ("depot.kind", "attributes begin with `charger.` or `vehicle.`"),
    ],
)
def test_an_unknown_attribute_comes_with_what_is_meant_or_how_to_declare_it(name: str, meant: str) -> None:
    findings = compile_condition(Expression(f'{name} == "x"'), TYPES, vehicle=True)
    assert isinstance(findings, tuple)
    assert findings[0].help == meant


def test_an_attribute_that_nobody_declared_is_no_slip_of_a_short_built_in_one() -> None:
    findings = compile_condition(Expression('vehicle.kind == "bus"'), AttributeTypes(), vehicle=True)
    assert isinstance(findings, tuple)
    assert "vehicle: {kind: string}" in str(findings[0].help)


@pytest.mark.parametrize(("text", "offset", "length", "message"), REFUSED)
def test_refusal_says_why_and_where(text: str, offset: int, length: int, message: str) -> None:
    findings = compile_condition(Expression(text, Place("p.yaml", 7, 20)), TYPES, vehicle=True)
    assert isinstance(findings, tuple)
    finding = findings[0]
    assert message in finding.message
    assert (finding.code, finding.place, finding.length) == ("PS106", Place("p.yaml", 7, 20 + offset), length)


def test_every_mistake_is_found_in_one_run_with_a_guess() -> None:
    findings = compile_condition(Expression('vehicle.knd == "a" and\nvehicle.heigth_m < 2'), TYPES, vehicle=True)
    assert isinstance(findings, tuple)
    assert [finding.help for finding in findings] == [
        "did you mean `vehicle.kind`?",
        "did you mean `vehicle.height_m`?",
    ]
    assert [finding.place.line for finding in findings] == [0, 1]


def test_a_selector_may_name_chargers_alone() -> None:
    assert compiled("charger.max_kw >= 50", vehicle=False).names == {"charger.max_kw"}
    findings = compile_condition(Expression('vehicle.kind == "bus"'), TYPES, vehicle=False)
    assert isinstance(findings, tuple)
    assert "cannot be asked of a charger" in findings[0].message


@pytest.mark.parametrize("ids", [("number", "truth"), ("truth", "number")])
def test_a_charger_whose_value_is_of_another_type_is_not_taken_for_one_of_an_equal_value(ids: tuple[str, str]) -> None:
    values = {"number": 1.0, "truth": True}  # imported before the attribute was declared anew
    chargers = {name: Charger(id_, attributes={"max_kw": values[name]}) for id_, name in zip("ab", ids, strict=True)}
    inventory = {charger.id: charger for charger in chargers.values()}
    selector = Selector(when=Expression("charger.max_kw >= 1"))
    condition = compiled("charger.max_kw >= 1", vehicle=False)
    assert ChargerIndex(inventory).matched(selector, condition) == [chargers["number"].id]


def test_a_condition_says_whether_it_tells_single_vehicles_apart() -> None:
    assert not compiled("vehicle.electric").names_vehicle_id
    assert compiled('vehicle.id == "B1"').names_vehicle_id


def test_the_first_failing_part_is_told_as_written() -> None:
    condition = compiled('vehicle.electric and (vehicle.height_m<3 or vehicle.kind == "van") and charger.max_kw > 200')
    low = 'vehicle.height_m<3 or vehicle.kind == "van"'
    start = condition.text.index(low)
    assert condition.failing(BUS) == (low, start, ("vehicle.height_m", "vehicle.kind"), None)
    power = condition.failing(BUS | {"vehicle.height_m": 2})
    assert power == ("charger.max_kw > 200", condition.text.index("charger"), ("charger.max_kw",), None)
    absent = condition.failing({})
    assert absent is not None
    assert (absent.text, absent.absent) == ("charger.max_kw is not on record", "charger.max_kw")
    assert condition.failing(BUS | {"vehicle.height_m": 2, "charger.max_kw": 201}) is None


def test_a_part_inside_brackets_is_told_by_itself() -> None:
    condition = compiled(
        'vehicle.electric and (vehicle.kind == "bus" and (vehicle.height_m < 3 and charger.max_kw > 2))'
    )
    failing = condition.failing(BUS)
    assert failing is not None
    assert (failing.text, failing.start) == ("vehicle.height_m < 3", condition.text.index("vehicle.height_m"))


def test_records_give_their_values_by_full_name() -> None:
    charger = Charger("N1", labels={"depot": "north"}, attributes={"max_kw": 50.0}, protocol="ocpp1.6")
    assert charger_values(charger) == {
        "charger.id": "N1",
        "charger.labels.depot": "north",
        "charger.max_kw": 50.0,
        "charger.protocol": "ocpp1.6",
    }
    profile = VehicleProfile(VehicleClass.OWN, None, None, (("kind", "bus"),), None, None)
    assert vehicle_values(profile, "B1") == {"vehicle.id": "B1", "vehicle.class": "own", "vehicle.kind": "bus"}


def test_the_largest_condition_is_still_evaluated() -> None:
    chain = " and ".join(["vehicle.electric"] * 95)
    assert compiled(chain).holds(BUS)
    assert compiled("(true and " * 20 + chain[:1600].rpartition(" and ")[0] + ")" * 20).holds(BUS)
    assert compiled("-" * 20 + "1 > 0").holds({})


comparisons = st.sampled_from(
    [
        "vehicle.electric",
        "not vehicle.electric",
        'vehicle.kind == "bus"',
        'vehicle.kind not in ["bus", "van"]',
        "vehicle.height_m * 2 - 1 < 5",
        "charger.max_kw + -vehicle.height_m >= 50.5",
        "vehicle.electric == true",
        "vehicle.height_m > 3 != vehicle.electric",
        "not vehicle.electric == false",
    ]
)
texts = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map("".join),
        inner.map("({})".format),
        inner.map("not ({})".format),
    ),
    max_leaves=8,
)


@given(texts, st.sampled_from(["bus", "van", "car"]), st.sampled_from([2.5, 3.0, 3.2]), st.booleans())
@settings(max_examples=200, deadline=None)
def test_the_text_means_what_rule_engine_says(text: str, kind: str, height: float, electric: bool) -> None:  # noqa: FBT001 - drawn
    vehicle = {"kind": kind, "height_m": height, "electric": electric}
    charger = {"max_kw": 53.0}
    context = rule_engine.Context(resolver=rule_engine.resolve_item, mapping_attribute_lookup=True)
    written = text.replace("vehicle.", "vehicle_").replace("charger.", "charger_")
    things = {f"vehicle_{n}": v for n, v in vehicle.items()} | {f"charger_{n}": v for n, v in charger.items()}
    values = {name.replace("_", ".", 1): value for name, value in things.items()}
    assert compiled(text).holds(values) is rule_engine.Rule(written, context).matches(things)


@given(st.text(alphabet="avehicl.kndorti()[]\"'<>=!~+-*/%,&|$ 0159\n\\é", max_size=40))
@settings(max_examples=500, deadline=None)
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    found = compile_condition(Expression(text), TYPES, vehicle=True)
    if isinstance(found, Condition):
        found.holds(BUS)
    else:
        assert found
