"""A vehicle at the fence becomes a known one from its denial, with what grants ask for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx2
import pytest
from fakes.served import serving

from policy_service.entrypoints.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ended import Ended

TREE = """
apiVersion: policy-service/v1
kind: Attributes
metadata: {name: attributes}
spec: {vehicle: {kind: string, height_m: number, electric: boolean, line: string}}
---
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: depot}
spec:
  timezone: UTC
  chargers: {ids: [GATE]}
  defaultMode: managed
  allow: [{class: own, when: 'vehicle.kind == "bus" and vehicle.height_m < 4 and vehicle.electric'}]
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: depot}
spec: {chargers: [{id: GATE}]}
"""
WHO = ("--vehicle", "bus-17", "--fleet", "north")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("enrol")
    (folder / "policies").mkdir()
    (folder / "policies" / "depot.yaml").write_text(TREE)
    with serving(folder / "policies", folder / "state") as served:
        yield served.url


def asked(url: str, identifier: str) -> dict[str, str]:
    """Ask for a card at the gate."""
    return httpx2.post(f"{url}/v1/decide", json={"charger": "GATE", "identifier": identifier}).json()  # type: ignore[no-any-return]  # JSON


def test_it_may_charge_at_once_with_what_grants_ask_for(cli: Callable[..., Ended], url: str) -> None:
    denied = asked(url, "04A1B2C3D4E5F6")
    assert denied["reason"] == "unknown_identifier"
    having = ("--attribute", "kind=bus", "--attribute", "height_m=3.9", "--attribute", "electric=true")
    ended = cli("enrol", denied["decision_id"], *WHO, *having, "--attribute", 'line="12"', "--json", "--url", url)
    assert ended.code == 0, ended.err
    told = {"kind": "bus", "height_m": 3.9, "electric": True, "line": "12"}
    assert json.loads(ended.out)["attributes"] == told
    assert "04A1B2C3D4E5F6" not in ended.out
    assert asked(url, "04A1B2C3D4E5F6")["outcome"] == "allowed"
    assert cli("enrol", denied["decision_id"], *WHO, "--url", url).code == ExitCode.REFUSED


def test_one_without_them_is_known_and_refused_all_the_same(cli: Callable[..., Ended], url: str) -> None:
    denied = asked(url, "04A1B2C3D4E5F7")
    ended = cli("enrol", denied["decision_id"], "--vehicle", "bus-18", "--fleet", "north", "--url", url)
    assert ended.out.startswith("bus-18 of north is known now (record ")
    assert asked(url, "04A1B2C3D4E5F7")["reason"] == "not_granted"


@pytest.mark.parametrize("text", ["kind", "=bus"])
def test_an_attribute_has_a_name_and_a_value(cli: Callable[..., Ended], text: str) -> None:
    ended = cli("enrol", "019b2c1e-7a00-7000-8000-3f9d2c41aa07", *WHO, "--attribute", text)
    assert (ended.code, ended.err.splitlines()[0]) == (ExitCode.USAGE, "error: an attribute is NAME=VALUE")


def test_what_is_no_longer_kept_is_not_offered_to_be_enrolled(cli: Callable[..., Ended], url: str) -> None:
    denied = asked(url, "04FEEDBEEF0011")
    enrol = f"enrol {denied['decision_id']}"
    assert enrol in cli("why", "--event", denied["decision_id"], "--url", url).out
    assert cli("enrol", denied["decision_id"], *WHO, "--url", url).code == ExitCode.OK
    ended = cli("why", "--event", denied["decision_id"], "--url", url)
    assert "to admit import it, if it is still unknown: its identifier is no longer kept to be enrolled" in ended.out
    assert enrol not in ended.out
