"""Conditions that are always true or false: worked examples, and the claim held against rule-engine itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trees import ATTRIBUTES, POLICY, found_in

from policy_service.domain.policy import AttributeTypes
from policy_service.domain.selector import Expression
from policy_service.engine.conditions import Condition, compile_condition

if TYPE_CHECKING:
    from policy_service.domain.diagnostic import Diagnostic

TYPES = AttributeTypes({"max_kw": "number"}, {"kind": "string", "height_m": "number", "electric": "boolean"})


def found(when: str, vehicle_class: str = "agreement") -> list[Diagnostic]:
    policy = f"{POLICY}  allow:\n    - class: {vehicle_class}\n      when: {when}\n"
    findings = [finding.diagnostic for finding in found_in({"depot.yaml": policy, "attributes.yaml": ATTRIBUTES})]
    return [finding for finding in findings if finding.code in {"PS206", "PS207"}]


@pytest.mark.parametrize(
    ("when", "code", "column", "length"),
    [
        ("vehicle.height_m < 3 and vehicle.height_m > 4", "PS207", 21, 3),
        ("vehicle.height_m <= 3 or vehicle.height_m > 3", "PS206", 22, 2),
        ("vehicle.electric == true or vehicle.electric == false", "PS206", 25, 2),
        ("not (vehicle.electric and not vehicle.electric)", "PS206", 0, 3),
        ("vehicle.kind in ['bus', 'van'] and vehicle.kind == 'car'", "PS207", 31, 3),
        ("vehicle.kind not in ['bus'] or vehicle.kind in ['bus', 'van']", "PS206", 28, 2),
        ("vehicle.kind == 'bus' and 1 == 2", "PS207", 22, 3),
        ("vehicle.kind == 'bus' or 1 == 2", "PS207", 27, 2),
        ("vehicle.kind == 'bus' and true", "PS206", 26, 4),
        ("vehicle.class == 'agreement'", "PS206", 14, 2),
        ("vehicle.class == 'own'", "PS207", 14, 2),
        ("vehicle.class in ['own', 'agreement'] and vehicle.electric", "PS206", 14, 2),
        ("charger.protocol == 'ocpp1.5'", "PS207", 17, 2),
        ("vehicle.height_m < charger.max_kw and not vehicle.height_m < charger.max_kw", "PS207", 34, 3),
        ("3 > vehicle.height_m and vehicle.height_m >= 3", "PS207", 21, 3),
    ],
)
def test_a_constant_part_is_told_at_its_operator_or_name(when: str, code: str, column: int, length: int) -> None:
    told = found(when)
    assert [(finding.code, finding.place.column - len("      when: ") - 1, finding.length) for finding in told] == [
        (code, column, length)
    ]


@pytest.mark.parametrize(
    "when",
    [
        "vehicle.height_m < 3 or vehicle.height_m > 4",
        "vehicle.height_m >= 3 and vehicle.height_m <= 3",
        "vehicle.kind == 'bus' or vehicle.kind == 'van'",
        "vehicle.kind < 'b' and vehicle.kind > 'a'",
        "vehicle.kind != 'bus' and 'bus' in vehicle.kind",
        "vehicle.height_m + 1 < charger.max_kw",
        "vehicle.agreement == 'metro-east'",
        "charger.protocol == 'ocpp1.6'",
        " or ".join(f"vehicle.kind == '{letter}'" for letter in "abcdefgh"),
    ],
)
def test_what_makes_a_difference_is_not_told(when: str) -> None:
    assert found(when) == []


def test_own_vehicles_have_no_agreement_to_be_asked_for() -> None:
    told = found("vehicle.electric and vehicle.agreement != 'metro-east'", "own")
    assert [(finding.code, finding.length) for finding in told] == [("PS207", len("vehicle.agreement"))]
    assert "not on record for vehicles of class `own`" in told[0].message


def bare(text: str) -> str:
    """Leave out parentheses: what a finding quotes of a whole condition may lack the outer ones."""
    return text.replace("(", "").replace(")", "")


ATOMS = st.one_of(
    st.sampled_from(["vehicle.electric", "true", "1 < 2"]),
    st.tuples(
        st.sampled_from(["vehicle.height_m", "charger.max_kw"]),
        st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
        st.sampled_from(["3", "3.5", "4", "vehicle.height_m"]),
    ).map(" ".join),
    st.tuples(
        st.just("vehicle.kind"),
        st.sampled_from(["==", "!=", "<", ">="]),
        st.sampled_from(["'bus'", "'van'"]),
    ).map(" ".join),
    st.sampled_from(["vehicle.kind in ['bus', 'van']", "vehicle.kind not in ['van']", "('u' in vehicle.kind)"]),
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda part: f"not ({part})"),
    ),
    max_leaves=6,
)
VALUES = st.fixed_dictionaries(
    {
        "vehicle.electric": st.booleans(),
        "vehicle.height_m": st.sampled_from([2.0, 3.0, 3.25, 3.5, 3.75, 4.0, 5.0]),
        "charger.max_kw": st.sampled_from([2.0, 3.0, 3.25, 3.5, 3.75, 4.0, 5.0]),
        "vehicle.kind": st.sampled_from(["", "bus", "bus2", "car", "van", "vans"]),
    }
)


@settings(max_examples=150, deadline=None)
@given(when=CONDITIONS, cases=st.lists(VALUES, min_size=5, max_size=5))
def test_what_is_told_of_a_whole_condition_is_so(when: str, cases: list[dict[str, str | float | bool]]) -> None:
    whole = [finding for finding in found(when) if bare(finding.message.split("`")[1]) == bare(when)]
    condition = compile_condition(Expression(when), TYPES, vehicle=True)
    assert isinstance(condition, Condition)
    outcomes = {condition.holds(values) for values in cases}
    for finding in whole:
        assert outcomes == {finding.code == "PS206"}
