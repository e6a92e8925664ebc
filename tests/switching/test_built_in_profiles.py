"""The profiles that the service brings along: complete, honest about their sources, behind an operator's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from fakes.served import ROOT

from policy_service import bootstrap
from policy_service.adapters.packaged_profiles import packaged_profiles
from policy_service.domain.access import AccessMode, OnBreach
from policy_service.domain.charger import PROTOCOLS
from policy_service.domain.charger_profile import (
    NO_BUILT_IN_PROFILES,
    BuiltInProfiles,
    ChargerProfile,
    Fallback,
    driver_signal,
    on_breach,
)
from policy_service.domain.events import DriverSignal
from policy_service.engine.bundle_plan import bundle_plan
from policy_service.engine.compile import CompileContext, compile_plan
from policy_service.engine.unbundle_plan import unbundle_plan
from policy_service.language.load import load

if TYPE_CHECKING:
    from policy_service.engine.plan import Plan

BUILT_IN = packaged_profiles()
PROFILES = list(BUILT_IN.profiles.values())
SWITCHED = {
    "micro-ocpp": "Cst_FreeVendActive true/false A0000000",
    "abb-terra-ac": "FreevendEnabled true/false",
    "easee": "freecharging True/False FREEVEND",
    "zaptec-go": "FreeCharging true/false FREEVEND",
    "bender-ebee": "FreeCharging On/Off FREEVEND",
    "vestel-evc04": "FreeModeActive TRUE/FALSE VESTELFREEMODE",
    "wallbox": "AuthEnabled false/true NOAUTHORIZATION",
    "alfen-eve": "AuthorizationMethod Plug&Charge/RFID A0000000",
    "hager-witty": "HagerOcppFreeAccessEnabled true/false FREEVEND",
    "phoenix-charx": "FreeMode true/false",
    "grizzl-e": "StartChargingAfterConnect true/false",
    "open-ocpp": "PlugAndChargeId FREEVEND/ FREEVEND",
    "ocpp-2x": "Enabled false/true",
}
NOT_SWITCHED = {
    *("keba", "siemens", "alpitronic", "kempower", "heliox", "tritium", "delta", "chargepoint", "evbox"),
    *("schneider", "efacec", "phihong", "unknown"),
}
CONFIDENCES = {"documented", "source_code", "reported", "none"}
TREE = """
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: yard}
spec:
  timezone: Europe/London
  chargers: {ids: ["*"]}
  defaultMode: managed
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: yard}
spec:
  chargers:
    - {id: NAMED, profile: micro-ocpp, protocol: ocpp1.6}
    - {id: BARE}
"""
OWN = """
---
apiVersion: policy-service/v1
kind: ChargerProfile
metadata: {name: micro-ocpp}
spec:
  freevend: {key: Own_FreeVend, "on": "1", "off": "0", syntheticId: OWN-TOKEN}
"""


def plan_of(text: str, built_in: BuiltInProfiles = BUILT_IN) -> Plan:
    checked = load({"yard.yaml": text.encode()}, built_in=built_in)
    assert checked.tree is not None, checked.diagnostics
    plan = compile_plan(checked.tree, CompileContext(0, bootstrap.offline().holidays)).plan
    assert plan is not None
    return plan


def test_every_model_of_the_survey_has_a_profile() -> None:
    assert {profile.name for profile in PROFILES} == SWITCHED.keys() | NOT_SWITCHED


@pytest.mark.parametrize("name", SWITCHED)
def test_a_switch_is_as_the_survey_has_it(name: str) -> None:
    profile = BUILT_IN.profiles[name]
    for switch in profile.switches:
        values = (switch.setting(AccessMode.FREEVEND).value, switch.setting(AccessMode.MANAGED).value)
        assert [switch.key, "/".join(values), *profile.synthetic_ids] == SWITCHED[name].split(" ")
        assert switch.read_back
        assert switch.clear_cache
    assert profile.fallback is None
    assert profile.protocols
    assert all(profile.switch(protocol) for protocol in profile.protocols)
    assert not any(profile.switch(protocol) for protocol in set(PROTOCOLS) - set(profile.protocols))


@pytest.mark.parametrize("name", sorted(NOT_SWITCHED))
def test_a_model_without_a_public_key_falls_back(name: str) -> None:
    profile = BUILT_IN.profiles[name]
    assert profile.fallback is Fallback.ACCEPT_ALL_IN_FREEVEND
    assert not any(profile.switch(protocol) for protocol in PROTOCOLS)
    assert profile.confidence == "none"


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_a_profile_says_where_it_is_from_and_shuts_the_charger_offline(profile: ChargerProfile) -> None:
    assert profile.built_in
    assert profile.source
    assert profile.confidence in CONFIDENCES
    assert (profile.confidence == "none") is (not profile.switches)
    assert profile.on_breach is None
    assert on_breach(None, profile) is OnBreach.RECORD
    for protocol in profile.protocols or PROTOCOLS:
        settings = {each.name: each.value for each in profile.offline if each.speaks(protocol)}
        names = ("AllowOfflineTxForUnknownId", "LocalAuthorizeOffline", "LocalPreAuthorize")
        if protocol != "ocpp1.6":
            names = tuple(f"AuthCtrlr.{name}" for name in ("OfflineTxForUnknownIdEnabled", *names[1:]))
        assert settings == dict(zip(names, ("false", "true", "false"), strict=True))
    assert profile.identify.says_something is (profile.name != "unknown")
    for pattern in (profile.identify.vendor, profile.identify.model):
        assert pattern is None or re.compile(pattern)


def test_limits_of_lists_and_signals_of_denials_are_kept() -> None:
    limits = {each.name: each.local_list.max_entries for each in PROFILES if each.local_list.max_entries}
    assert limits == {"abb-terra-ac": 16, "micro-ocpp": 48, "alfen-eve": 782}
    keba = BUILT_IN.profiles["keba"].denial
    assert keba.led
    assert keba.buzzer
    assert keba.shows == "The light flashes orange and the tone falls."
    signals = {driver_signal(profile, protocol) for profile in PROFILES for protocol in PROTOCOLS}
    assert signals == {DriverSignal.STATUS_ONLY}


def test_the_guides_example_is_sound() -> None:
    guide = (ROOT / "docs" / "policy-guide.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    (example,) = (block for block in blocks if "ChargerProfile" in block)
    entry = plan_of(f"{TREE.replace('micro-ocpp', 'acme-one')}---\n{example}").chargers["NAMED"]
    assert entry.profile is not None
    assert entry.profile.place.line
    assert len(entry.profile.switches) == 2
    assert on_breach(None, entry.profile) is OnBreach.STOP


def test_ocpp_2_starts_transactions_when_a_vehicle_is_connected() -> None:
    (switch,) = BUILT_IN.profiles["ocpp-2x"].switches
    assert [(each.name, each.value) for each in switch.requires] == [("TxCtrlr.TxStartPoint", "EVConnected")]


def test_a_charger_may_name_a_built_in_profile_and_is_of_an_unknown_model_otherwise() -> None:
    chargers = plan_of(TREE).chargers
    assert chargers["NAMED"].profile == BUILT_IN.profiles["micro-ocpp"]
    assert chargers["NAMED"].sends_by_itself("A0000000")
    assert chargers["BARE"].profile == BUILT_IN.profiles["unknown"]


def test_an_operators_own_profile_replaces_the_built_in_one() -> None:
    entry = plan_of(TREE + OWN).chargers["NAMED"]
    assert entry.profile is not None
    assert not entry.profile.built_in
    assert entry.profile.place.line
    assert entry.sends_by_itself("OWN-TOKEN")
    assert not entry.sends_by_itself("A0000000")


def test_a_change_of_built_in_profiles_is_another_revision() -> None:
    other = BuiltInProfiles(BUILT_IN.profiles, "another")
    assert plan_of(TREE).revision == plan_of(TREE).revision
    assert plan_of(TREE).revision != plan_of(TREE, other).revision


def test_a_profile_that_is_neither_built_in_nor_written_is_a_finding() -> None:
    (found,) = load({"yard.yaml": TREE.encode()}, built_in=NO_BUILT_IN_PROFILES).diagnostics
    assert found.code == "PS104"
    (found,) = load({"yard.yaml": TREE.replace("micro-ocpp", "micro-ocp").encode()}, built_in=BUILT_IN).diagnostics
    assert (found.code, found.help) == ("PS104", "did you mean `micro-ocpp`?")


def test_a_charger_of_another_protocol_than_its_profile_is_warned_of_once() -> None:
    line = "    - {id: OTHER, profile: micro-ocpp, protocol: ocpp2.1}\n"
    checked = load({"yard.yaml": (TREE + line + line.replace("OTHER", "MORE")).encode()}, built_in=BUILT_IN)
    assert checked.tree is not None
    assert [(found.code, found.place.line) for found in checked.diagnostics] == [("PS115", 17)]


def test_a_bundle_carries_every_token_of_a_model_and_its_signal() -> None:
    two = """
---
apiVersion: policy-service/v1
kind: ChargerProfile
metadata: {name: two}
spec:
  freevend:
    - {key: Free, "on": "1", "off": "0", syntheticId: FIRST}
    - {component: Ctrlr, key: Free, "on": "1", "off": "0", idTagKey: Tag, idTag: second}
  denial: {undocumented: true}
"""
    plan = plan_of(TREE.replace("micro-ocpp", "two") + two)
    restored = unbundle_plan(bundle_plan(plan, plan.chargers.values(), 0, 500 * 86_400))
    for charger in ("NAMED", "BARE"):
        before, after = plan.chargers[charger], restored.chargers[charger]
        assert driver_signal(after.profile, "ocpp2.1") is driver_signal(before.profile, "ocpp2.1")
        for form in ("FIRST", "SECOND", "THIRD"):
            assert after.sends_by_itself(form) is before.sends_by_itself(form)
    assert restored.chargers["NAMED"].sends_by_itself("SECOND")


def test_the_policys_word_on_breaches_goes_before_the_profiles() -> None:
    stopping = ChargerProfile("model", on_breach=OnBreach.STOP)
    assert on_breach(None, stopping) is OnBreach.STOP
    assert on_breach(OnBreach.RECORD, stopping) is OnBreach.RECORD
    assert on_breach(OnBreach.STOP, None) is OnBreach.STOP
    policy = (
        plan_of(TREE.replace("defaultMode: managed", "defaultMode: managed\n  onBreach: stop")).chargers["BARE"].policy
    )
    assert policy is not None
    assert policy.on_breach is OnBreach.STOP
