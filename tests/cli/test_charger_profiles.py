"""``charger-profiles`` at the command line: without a service, in words and in JSON, with exit codes that mean it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from policy_service.adapters.packaged_profiles import packaged_profiles
from policy_service.entrypoints.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ended import Ended

OWN = """
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: yard}
spec:
  timezone: UTC
  chargers: {ids: ["*"]}
  defaultMode: managed
---
apiVersion: policy-service/v1
kind: ChargerProfile
metadata: {name: acme, title: Acme One}
spec:
  freevend: {key: AcmeFree, "on": "1", "off": "0"}
  identify: {keys: [AcmeFree]}
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: yard}
spec: {chargers: [{id: A-1, profile: acme}, {id: A-2, profile: acme}, {id: B-1}]}
"""


def configuration(*keys: str) -> str:
    return json.dumps({"configurationKey": [{"key": key, "readonly": False} for key in keys]})


@pytest.fixture
def own(tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "yard.yaml").write_text(OWN)
    return ("--policies", str(tmp_path))


def test_built_in_profiles_are_listed_without_any_policies(cli: Callable[..., Ended]) -> None:
    ended = cli("charger-profiles", "list")
    assert ended.code == 0
    heading, *lines = ended.out.splitlines()
    assert heading.split() == ["name", "model", "from", "protocols", "switch", "confidence", "chargers"]
    assert [line.split()[0] for line in lines] == sorted(packaged_profiles().profiles)


def test_own_profiles_and_their_chargers_are_listed(cli: Callable[..., Ended], own: tuple[str, str]) -> None:
    listed = json.loads(cli("charger-profiles", "list", "--json", *own).out)["charger_profiles"]
    found = {profile["name"]: (profile["origin"], profile["chargers"]) for profile in listed}
    assert found["acme"] == ("own", 2)
    assert found["unknown"] == ("built_in", 1)
    assert len(found) == len(packaged_profiles().profiles) + 1


@pytest.mark.parametrize("name", ["keba", "alfen-eve", "ocpp-2x", "unknown"])
def test_a_profile_is_shown(cli: Callable[..., Ended], golden: Callable[[str, str], None], name: str) -> None:
    ended = cli("charger-profiles", "show", name)
    assert ended.code == 0
    golden(f"charger-profiles-{name}.txt", ended.out)
    shown = json.loads(cli("charger-profiles", "show", name, "--json").out)
    assert (shown["name"], shown["verified"]) == (name, "simulators")


def test_a_profile_that_is_not_there_is_told_with_the_nearest(cli: Callable[..., Ended]) -> None:
    ended = cli("charger-profiles", "show", "kebba")
    assert ended.code == ExitCode.USAGE
    assert "did you mean `keba`?" in ended.err


@pytest.mark.parametrize(
    ("keys", "boot", "code", "told"),
    [
        (("AuthEnabled", "AuthDisabledIdTag"), None, ExitCode.OK, "wallbox (Wallbox): it reports AuthEnabled"),
        (("HeartbeatInterval",), ("KEBA AG", "P30"), ExitCode.OK, "keba (KEBA): it reports KEBA AG, P30"),
        (("HeartbeatInterval",), None, ExitCode.FINDINGS, "no profile fits"),
        (("HeartbeatInterval",), ("ABB", "TAC"), ExitCode.FINDINGS, "but it does not report FreevendEnabled"),
        ((), ("Acme", "One"), ExitCode.FINDINGS, "no profile fits"),
        (("FreeMode", "FreevendEnabled"), None, ExitCode.FINDINGS, "2 profiles fit"),
    ],
)
def test_a_charger_is_identified_or_plainly_not(
    cli: Callable[..., Ended], keys: tuple[str, ...], boot: tuple[str, str] | None, code: ExitCode, told: str
) -> None:
    messages = [configuration(*keys)] if keys else []
    if boot is not None:
        messages.append(json.dumps({"chargePointVendor": boot[0], "chargePointModel": boot[1]}))
    ended = cli("charger-profiles", "identify", "-", stdin="\n".join(messages))
    assert ended.code == code, ended.err
    assert told in ended.out
    answer: dict[str, Any] = json.loads(
        cli("charger-profiles", "identify", "-", "--json", stdin="\n".join(messages)).out
    )
    assert (answer["profile"] is not None) is (code is ExitCode.OK)
    assert answer["reported"]["keys"] == len(keys)


def test_hints_say_what_is_missing(cli: Callable[..., Ended]) -> None:
    both = cli("charger-profiles", "identify", "-", stdin=configuration("FreeMode", "FreevendEnabled"))
    assert "add its BootNotification" in both.err
    bare = cli("charger-profiles", "identify", "-", stdin='{"chargePointVendor": "Acme"}')
    assert "give its answer to GetConfiguration" in bare.err


def test_an_own_profile_is_named(cli: Callable[..., Ended], own: tuple[str, str], tmp_path: Path) -> None:
    file = tmp_path / "answer.txt"
    file.write_text(configuration("AcmeFree"))
    ended = cli("charger-profiles", "identify", str(file), *own)
    assert (ended.code, ended.out) == (0, "acme (Acme One): it reports AcmeFree\n")


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"nonsense", "no JSON"), (b"{}", "nothing in the input"), (b"\xff", "not UTF-8"), (None, "cannot be read")],
)
def test_what_cannot_be_read_is_told(
    cli: Callable[..., Ended], tmp_path: Path, content: bytes | None, told: str
) -> None:
    file = tmp_path / "answer.json"
    if content is not None:
        file.write_bytes(content)
    ended = cli("charger-profiles", "identify", str(file))
    assert ended.code == ExitCode.USAGE
    assert told in ended.err


def test_broken_policies_are_told_with_their_findings(cli: Callable[..., Ended], tmp_path: Path) -> None:
    (tmp_path / "yard.yaml").write_text(OWN.replace('"off": "0"', '"off": "1"'))
    ended = cli("charger-profiles", "list", "--policies", str(tmp_path))
    assert ended.code == ExitCode.FINDINGS
    assert "PS014" in ended.err
