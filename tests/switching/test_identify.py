"""Which profile a charger is of: by its keys, by its make, and honestly where neither will do."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_service.adapters.packaged_profiles import packaged_profiles
from policy_service.domain.charger_profile import ChargerProfile, ChargerReport, ModelPattern
from policy_service.engine.identify import identify
from policy_service.entrypoints.cli.charger_report import read_report
from policy_service.entrypoints.cli.failure import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterable

PROFILES = tuple(packaged_profiles().profiles.values())
BY_KEYS = [profile for profile in PROFILES if profile.identify.keys]
BY_MAKE = [profile for profile in PROFILES if profile.identify.vendor and not profile.identify.keys]
COMMON = ["HeartbeatInterval", "LocalPreAuthorize", "AuthorizationCacheEnabled"]


def names(report: ChargerReport, profiles: Iterable[ChargerProfile] = PROFILES) -> list[str]:
    return [candidate.profile.name for candidate in identify(report, profiles).candidates]


@pytest.mark.parametrize("profile", BY_KEYS, ids=lambda profile: profile.name)
@pytest.mark.parametrize("spelled", [str, str.upper, str.lower])
def test_a_model_is_known_by_its_keys_whatever_their_case(profile: ChargerProfile, spelled: Any) -> None:  # noqa: ANN401 - a method of str
    keys = frozenset(map(spelled, (*profile.identify.keys, *COMMON)))
    assert names(ChargerReport(keys)) == [profile.name]


@pytest.mark.parametrize("profile", BY_KEYS, ids=lambda profile: profile.name)
def test_the_keys_that_switch_a_model_are_among_those_it_is_known_by(profile: ChargerProfile) -> None:
    switched = [{key for key in (switch.key, switch.id_tag_key) if key is not None} for switch in profile.switches]
    known = {key.rpartition(".")[2] for key in profile.identify.keys}
    assert all(known & keys for keys in switched)


@pytest.mark.parametrize("profile", BY_MAKE, ids=lambda profile: profile.name)
def test_a_make_without_a_key_is_known_by_its_name(profile: ChargerProfile) -> None:
    for keys in (frozenset[str](), frozenset(COMMON)):
        assert names(ChargerReport(keys, f"{(profile.title or '').upper()} GmbH", "any")) == [profile.name]


@pytest.mark.parametrize("component", ["AlfenStation", "Other"])
def test_a_variable_is_known_with_and_without_its_component(component: str) -> None:
    assert names(ChargerReport(frozenset({f"{component}.PlugAndChargeIdentifier"}))) == ["alfen-eve"]


def test_what_is_special_goes_before_what_is_common() -> None:
    common = {"AuthCtrlr.Enabled", "TxCtrlr.TxStartPoint"}
    assert names(ChargerReport(frozenset(common))) == ["ocpp-2x"]
    assert names(ChargerReport(frozenset(common | {"CustomizationCtrlr.PlugAndChargeId"}))) == ["open-ocpp"]
    bender = {"FreeCharging", "FreeChargingMode", "RfidTagFreeCharging"}
    assert names(ChargerReport(frozenset(bender))) == ["bender-ebee"]


def test_a_make_decides_between_profiles_that_fit_alike() -> None:
    one = ChargerProfile("one", identify=ModelPattern(("Free",), vendor="acme"))
    two = ChargerProfile("two", identify=ModelPattern(("Free",), vendor="other", model="x.*"))
    keys = frozenset({"Free"})
    assert names(ChargerReport(keys), (two, one)) == ["one", "two"]
    assert identify(ChargerReport(keys), (two, one)).profile is None
    assert names(ChargerReport(keys, "ACME", "any"), (two, one)) == ["one"]
    assert names(ChargerReport(keys, "other", "X1"), (two, one)) == ["two"]
    assert names(ChargerReport(keys, "other", "Y1"), (two, one)) == ["one", "two"]
    assert names(ChargerReport(keys, "other", None), (two, one)) == ["one", "two"]


def test_a_make_does_not_stand_in_for_a_key_that_is_missing() -> None:
    found = identify(ChargerReport(frozenset(COMMON), "ABB", "TAC-W22"), PROFILES)
    assert not found.candidates
    assert [(each.profile.name, each.evidence) for each in found.lacking] == [("abb-terra-ac", ("FreevendEnabled",))]
    assert names(ChargerReport(frozenset(), "ABB", "TAC-W22")) == ["abb-terra-ac"]


def test_a_profile_that_says_nothing_of_its_model_is_never_named() -> None:
    assert names(ChargerReport(frozenset(COMMON), "Nobody", "None")) == []
    assert "unknown" not in set(chain.from_iterable(names(ChargerReport(frozenset(COMMON), p.title)) for p in PROFILES))


BOOT_1_6 = {"chargePointVendor": "Bender GmbH Co. KG", "chargePointModel": "CC612"}
BOOT_2 = {"reason": "PowerUp", "chargingStation": {"vendorName": "Bender GmbH Co. KG", "model": "CC612"}}
ROWS_1_6 = [{"key": key, "readonly": False, "value": "x"} for key in ("FreeCharging", "HeartbeatInterval")]
CONFIGURATION = {"configurationKey": ROWS_1_6, "unknownKey": ["Nothing"]}


def _row(component: str, variable: str, **more: str) -> dict[str, Any]:
    return {"component": {"name": component}, "variable": {"name": variable}, **more}


REPORT = {"requestId": 1, "seqNo": 0, "tbc": True, "reportData": [_row("AuthCtrlr", "Enabled")]}
LAST = {"requestId": 1, "seqNo": 1, "reportData": [_row("TxCtrlr", "TxStartPoint")]}
VARIABLES = {
    "getVariableResult": [
        _row("AuthCtrlr", "Enabled", attributeStatus="Accepted"),
        _row("AuthCtrlr", "Other", attributeStatus="UnknownVariable"),
    ]
}
KEYS_1_6 = frozenset({"FreeCharging", "HeartbeatInterval"})
KEYS_2 = frozenset({"AuthCtrlr.Enabled", "TxCtrlr.TxStartPoint"})
MADE = ("Bender GmbH Co. KG", "CC612")


@pytest.mark.parametrize(
    ("messages", "report"),
    [
        ([CONFIGURATION], ChargerReport(KEYS_1_6)),
        ([[3, "1", CONFIGURATION]], ChargerReport(KEYS_1_6)),
        ([[2, "1", "BootNotification", BOOT_1_6], [3, "2", CONFIGURATION]], ChargerReport(KEYS_1_6, *MADE)),
        ([REPORT, LAST], ChargerReport(KEYS_2)),
        ([[[2, "1", "NotifyReport", REPORT], [2, "2", "NotifyReport", LAST]]], ChargerReport(KEYS_2)),
        ([LAST, BOOT_2, REPORT], ChargerReport(KEYS_2, *MADE)),
        ([VARIABLES], ChargerReport(frozenset({"AuthCtrlr.Enabled"}))),
        ([BOOT_1_6], ChargerReport(frozenset(), *MADE)),
    ],
)
@pytest.mark.parametrize(("indent", "between"), [(None, "\n"), (2, "\n\n"), (None, "")])
def test_messages_are_read_however_they_were_kept(
    messages: list[Any], report: ChargerReport, indent: int | None, between: str
) -> None:
    assert read_report(between.join(json.dumps(message, indent=indent) for message in messages)) == report


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "nonsense", '{"configurationKey": []}', "[3,", '{"a": 1} trailing', "1"]
)
def test_what_tells_of_no_charger_is_refused(text: str) -> None:
    with pytest.raises(CommandError):
        read_report(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["configurationKey", "key", "reportData", "component", "variable", "name", "chargingStation", "model"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_no_input_ends_in_a_traceback(value: object) -> None:
    try:
        report = read_report(json.dumps(value))
    except CommandError:
        return
    identify(report, PROFILES)
