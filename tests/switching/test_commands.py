"""Commands to chargers: valid by the official schemas, in order, and enough to bring any model into either mode."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_charger import SimulatedCharger

from policy_service.adapters.packaged_profiles import packaged_profiles
from policy_service.domain.access import AccessMode
from policy_service.domain.charger import PROTOCOLS
from policy_service.domain.charger_command import Command, CommandSequence
from policy_service.domain.charger_profile import ChargerProfile, Fallback, FreevendSwitch, Reboot, Setting
from policy_service.engine.switching import commands_to

BUILT_IN = packaged_profiles().profiles
FREEVEND, MANAGED = AccessMode.FREEVEND, AccessMode.MANAGED
DIRECTORY = {"ocpp1.6": "v16", "ocpp2.0.1": "v201", "ocpp2.1": "v21"}
EVERY = [
    pytest.param(profile, protocol, wanted, reported, id=f"{profile.name}-{protocol}-{reported}-{wanted}")
    for profile in BUILT_IN.values()
    for protocol in PROTOCOLS
    for wanted in AccessMode
    for reported in (None, *AccessMode)
]


@cache
def _validator(protocol: str, action: str) -> Any:  # noqa: ANN401 - the library's own
    name = f"{action}.json" if protocol == "ocpp1.6" else f"{action}Request.json"
    schema = resources.files("ocpp").joinpath(DIRECTORY[protocol], "schemas", name).read_text(encoding="utf-8-sig")
    return jsonschema_rs.validator_for(json.loads(schema))


def _valid(protocol: str, sequence: CommandSequence) -> None:
    for command in (*sequence.commands, *(() if sequence.reset is None else (sequence.reset,))):
        _validator(protocol, command.action).validate(command.payload)


def _mode(profile: ChargerProfile, protocol: str, charger: SimulatedCharger) -> AccessMode:
    """Tell the mode that a model is in by what it keeps; a model without a switch asks always."""
    switch = profile.switch(protocol)
    if switch is None:
        return MANAGED
    on = switch.setting(FREEVEND)
    ready = all(charger.settings.get(each.name) == each.value for each in switch.requires)
    return FREEVEND if ready and charger.settings.get(on.name) == on.value else MANAGED


@pytest.mark.parametrize(("profile", "protocol", "wanted", "reported"), EVERY)
def test_what_is_sent_is_valid_and_leads_to_the_mode(
    profile: ChargerProfile, protocol: str, wanted: AccessMode, reported: AccessMode | None
) -> None:
    sequence = commands_to(profile, protocol, wanted, reported)
    _valid(protocol, sequence)
    switch = profile.switch(protocol)
    assert sequence.supported is (switch is not None)
    assert sequence.fallback is (None if switch else Fallback.ACCEPT_ALL_IN_FREEVEND)
    if reported is wanted:
        assert [each.action for each in sequence.commands if each.expect is None] == []
        return
    charger = SimulatedCharger()
    for command in sequence.commands:
        charger.take(command)
    assert _mode(profile, protocol, charger) is (wanted if switch else MANAGED)
    assert charger.cached is (wanted is FREEVEND)
    for setting in profile.offline:
        kept = wanted is MANAGED and setting.speaks(protocol)
        assert (charger.settings.get(setting.name) == setting.value) is kept
    if switch is not None and wanted is FREEVEND and switch.id_tag_key is not None and switch.id_tag is not None:
        assert charger.settings[Setting(switch.id_tag_key, "", switch.component).name] == switch.id_tag


def _sent(sequence: CommandSequence) -> list[tuple[str, Any, Any]]:
    return [(command.action, command.payload, command.expect) for command in sequence.commands]


def _change(key: str, value: str) -> tuple[str, Any, Any]:
    return "ChangeConfiguration", {"key": key, "value": value}, None


def _set(component: str, name: str, value: str) -> tuple[str, Any, Any]:
    data = {"component": {"name": component}, "variable": {"name": name}, "attributeValue": value}
    return "SetVariables", {"setVariableData": [data]}, None


SHUT_1_6 = [
    _change("AllowOfflineTxForUnknownId", "false"),
    _change("LocalAuthorizeOffline", "true"),
    _change("LocalPreAuthorize", "false"),
    ("ClearCache", {}, None),
]
SHUT_2 = [
    _set("AuthCtrlr", "OfflineTxForUnknownIdEnabled", "false"),
    _set("AuthCtrlr", "LocalAuthorizeOffline", "true"),
    _set("AuthCtrlr", "LocalPreAuthorize", "false"),
    ("ClearCache", {}, None),
]


def test_the_order_in_ocpp_1_6() -> None:
    profile = BUILT_IN["micro-ocpp"]
    assert _sent(commands_to(profile, "ocpp1.6", FREEVEND)) == [
        _change("Cst_FreeVendIdTag", "A0000000"),
        _change("Cst_FreeVendActive", "true"),
        ("GetConfiguration", {"key": ["Cst_FreeVendActive"]}, {"Cst_FreeVendActive": "true"}),
    ]
    assert _sent(commands_to(profile, "ocpp1.6", MANAGED)) == [
        _change("Cst_FreeVendActive", "false"),
        ("GetConfiguration", {"key": ["Cst_FreeVendActive"]}, {"Cst_FreeVendActive": "false"}),
        *SHUT_1_6,
    ]


@pytest.mark.parametrize("protocol", ["ocpp2.0.1", "ocpp2.1"])
def test_the_order_in_ocpp_2(protocol: str) -> None:
    profile = BUILT_IN["ocpp-2x"]
    asked = {"getVariableData": [{"component": {"name": "AuthCtrlr"}, "variable": {"name": "Enabled"}}]}
    assert _sent(commands_to(profile, protocol, FREEVEND)) == [
        _set("TxCtrlr", "TxStartPoint", "EVConnected"),
        _set("AuthCtrlr", "Enabled", "false"),
        ("GetVariables", asked, {"AuthCtrlr.Enabled": "false"}),
    ]
    assert _sent(commands_to(profile, protocol, MANAGED)) == [
        _set("AuthCtrlr", "Enabled", "true"),
        ("GetVariables", asked, {"AuthCtrlr.Enabled": "true"}),
        *SHUT_2,
    ]


@pytest.mark.parametrize(("protocol", "shut"), [("ocpp1.6", SHUT_1_6), ("ocpp2.0.1", SHUT_2), ("ocpp2.1", SHUT_2)])
def test_a_model_that_cannot_be_switched_is_kept_shut(protocol: str, shut: list[Any]) -> None:
    for reported in (None, FREEVEND):
        assert _sent(commands_to(BUILT_IN["keba"], protocol, MANAGED, reported)) == shut
    assert not commands_to(BUILT_IN["keba"], protocol, MANAGED, MANAGED).commands
    for reported in (None, FREEVEND, MANAGED):
        assert not commands_to(BUILT_IN["keba"], protocol, FREEVEND, reported).commands


@pytest.mark.parametrize("mode", list(AccessMode))
def test_a_charger_in_its_mode_is_only_asked_to_prove_it(mode: AccessMode) -> None:
    (proof,) = commands_to(BUILT_IN["wallbox"], "ocpp1.6", mode, mode).commands
    assert proof.action == "GetConfiguration"
    assert proof.expect == {"AuthEnabled": "false" if mode is FREEVEND else "true"}


@pytest.mark.parametrize(
    ("protocol", "own", "written"),
    [
        ("ocpp1.6", (), "FREE"),
        ("ocpp1.6", ("OWN-1", "OWN-2"), "OWN-1"),
        ("ocpp1.6", ("X" * 21, "OWN-2"), "OWN-2"),
        ("ocpp1.6", ("X" * 21,), "FREE"),
        ("ocpp2.1", ("X" * 37, "X" * 36), "X" * 36),
    ],
)
def test_a_token_of_the_charger_goes_before_its_models(protocol: str, own: tuple[str, ...], written: str) -> None:
    component = None if protocol == "ocpp1.6" else "Ctrlr"
    profile = ChargerProfile(
        "model", switches=(FreevendSwitch("Free", "1", "0", component, id_tag_key="Tag", id_tag="FREE"),)
    )
    first = commands_to(profile, protocol, FREEVEND, own_tokens=own).commands[0]
    assert written in json.dumps(first.payload)


def test_a_token_that_is_not_the_models_to_choose_is_left_alone() -> None:
    sequence = commands_to(BUILT_IN["abb-terra-ac"], "ocpp1.6", FREEVEND, own_tokens=("TACW22-0013",))
    assert "TACW22-0013" not in repr(sequence)


@pytest.mark.parametrize(
    ("protocol", "component", "reset"), [("ocpp1.6", None, "Soft"), ("ocpp2.0.1", "Ctrlr", "OnIdle")]
)
def test_a_reboot_comes_before_the_proof_where_it_is_always_needed(
    protocol: str, component: str | None, reset: str
) -> None:
    def actions(reboot: Reboot) -> tuple[list[str], Command | None]:
        switch = FreevendSwitch("Free", "1", "0", component, reboot=reboot)
        sequence = commands_to(ChargerProfile("model", switches=(switch,)), protocol, MANAGED)
        assert sequence.reboot is reboot
        return [command.action.removesuffix("Configuration") for command in sequence.commands], sequence.reset

    proof, write = ("Get", "Change") if protocol == "ocpp1.6" else ("GetVariables", "SetVariables")
    assert actions(Reboot.NEVER) == ([write, proof, "ClearCache"], None)
    asked = Command("Reset", {"type": reset})
    assert actions(Reboot.WHEN_ASKED) == ([write, proof, "ClearCache"], asked)
    assert actions(Reboot.ALWAYS) == ([write, "ClearCache", "Reset", proof], asked)


def test_what_a_model_cannot_do_is_not_asked_of_it() -> None:
    switch = FreevendSwitch("Free", "1", "0", read_back=False, clear_cache=False)
    profile = ChargerProfile("model", switches=(switch,))
    sequence = commands_to(profile, "ocpp1.6", MANAGED)
    assert [command.action for command in sequence.commands] == ["ChangeConfiguration"]
    assert not sequence.readable
    assert commands_to(profile, "ocpp1.6", MANAGED, MANAGED).commands == ()


NAMES = st.text("abcXYZ._-09", min_size=1, max_size=50)
VALUES = st.text(max_size=500)
COMPONENTS = st.none() | NAMES
SETTINGS = st.builds(Setting, NAMES, VALUES, COMPONENTS)


@st.composite
def _profiles(draw: st.DrawFn) -> ChargerProfile:
    """Draw any profile that the format accepts: at most a switch for each OCPP, what it requires of the same."""
    switches = [
        FreevendSwitch(
            key=draw(NAMES),
            on=draw(VALUES),
            off=draw(VALUES),
            component=component,
            id_tag_key=draw(COMPONENTS),
            id_tag=draw(st.none() | st.text("AB01", min_size=1, max_size=20)),
            requires=tuple(Setting(draw(NAMES), draw(VALUES), component) for _ in range(draw(st.integers(0, 2)))),
            read_back=draw(st.booleans()),
            clear_cache=draw(st.booleans()),
            reboot=draw(st.sampled_from(Reboot)),
        )
        for component in draw(st.sampled_from([(), (None,), ("Ctrlr",), (None, "Ctrlr")]))
    ]
    offline = draw(st.lists(SETTINGS, max_size=4))
    protocols = draw(st.sets(st.sampled_from(PROTOCOLS)))
    return ChargerProfile("any", protocols=tuple(protocols), switches=tuple(switches), offline=tuple(offline))


@given(
    profile=_profiles(),
    protocol=st.sampled_from(PROTOCOLS),
    wanted=st.sampled_from(AccessMode),
    reported=st.none() | st.sampled_from(AccessMode),
    own=st.lists(st.text(max_size=60), max_size=2),
)
def test_whatever_a_profile_says_what_is_sent_is_valid(
    profile: ChargerProfile, protocol: str, wanted: AccessMode, reported: AccessMode | None, own: list[str]
) -> None:
    sequence = commands_to(profile, protocol, wanted, reported, own)
    _valid(protocol, sequence)
    written = [command for command in sequence.commands if command.action in {"ChangeConfiguration", "SetVariables"}]
    assert not (written and reported is wanted)
    switch = profile.switch(protocol)
    if switch is None:
        assert not sequence.supported
        return
    target = switch.setting(wanted)
    values = [_written(command) for command in written]
    assert (target.name, target.value) in values or reported is wanted
    proofs = [command.expect for command in sequence.commands if command.expect]
    assert proofs == ([{target.name: target.value}] if switch.read_back else [])


def _written(command: Command) -> tuple[str, str]:
    if command.action == "ChangeConfiguration":
        return command.payload["key"], command.payload["value"]
    (data,) = command.payload["setVariableData"]
    return f"{data['component']['name']}.{data['variable']['name']}", data["attributeValue"]
