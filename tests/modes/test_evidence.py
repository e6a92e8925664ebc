"""What evidence shows of a charger's mode, and what of it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_service.domain.access import AccessMode
from policy_service.domain.charger_profile import FreevendSwitch
from policy_service.domain.mode_evidence import WITHHELD, mode_by, without_identifiers

if TYPE_CHECKING:
    from collections.abc import Callable

SWITCH = FreevendSwitch("FreeMode", "true", "false", component="AuthCtrlr", id_tag_key="OpenSesame")
SECRET = "Sesame-open-5"  # noqa: S105 - a token of the tests


@pytest.mark.parametrize(
    ("variables", "mode"),
    [
        ({"FreeMode": "true"}, AccessMode.FREEVEND),
        ({"AuthCtrlr.FreeMode": True}, AccessMode.FREEVEND),
        ({"authctrlr.freemode": " FALSE "}, AccessMode.MANAGED),
        ({"FreeMode": "maybe"}, None),
        ({"OtherCtrlr.FreeMode": "true"}, None),
        ({}, None),
    ],
)
def test_variables_show_the_mode(variables: dict[str, Any], mode: AccessMode | None) -> None:
    assert mode_by(variables, [SWITCH]) is mode


@pytest.mark.parametrize(
    "name",
    [
        "OpenSesame",
        "AuthCtrlr.OpenSesame",
        "idTag",
        "id_token",
        "RFID",
        "PlugAndChargeId",
        "x tag",
        "eMAID",
        "VIN",
        "uid",
    ],
)
def test_a_value_under_the_name_of_an_identifier_is_withheld(name: str) -> None:
    kept = without_identifiers({name: SECRET, "a": [{"key": name, "value": SECRET}]}, [SWITCH])
    assert kept == {name: WITHHELD, "a": [{"key": name, "value": WITHHELD}]}


@pytest.mark.parametrize("name", ["FreeMode", "vintage", "stage", "grid"])
def test_a_value_under_another_name_is_kept(name: str) -> None:
    assert without_identifiers({name: "on", "a": [{"key": name, "value": "on"}]}, [SWITCH]) == {
        name: "on",
        "a": [{"key": name, "value": "on"}],
    }


@given(
    identifier=st.from_regex(r"(VID:)?[0-9A-F]{2}(:[0-9A-F]{2}){3,6}", fullmatch=True),
    before=st.sampled_from(["", "is "]),
)
def test_what_looks_like_an_identifier_is_withheld_wherever_it_stands(identifier: str, before: str) -> None:
    kept = without_identifiers({"note": before + identifier, identifier: 1, "list": [identifier]})
    assert kept == {"note": before + WITHHELD, WITHHELD: 1, "list": [WITHHELD]}


@pytest.mark.parametrize("wrapped", [lambda each: {"a": each}, lambda each: [each]])
@pytest.mark.parametrize("inner", [{"x": 1}, [1]])
def test_what_lies_too_deep_is_not_looked_through_and_not_kept(wrapped: Callable[[Any], Any], inner: object) -> None:
    deep: Any = inner
    for _ in range(4):
        deep = wrapped(deep)
    assert WITHHELD not in str(without_identifiers({"a": deep}))
    assert WITHHELD in str(without_identifiers({"a": wrapped(deep)}))


def test_of_a_long_text_the_beginning_is_kept() -> None:
    assert without_identifiers({"note": "x y" * 100}) == {"note": ("x y" * 100)[:255]}
