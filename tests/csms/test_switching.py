"""The reference CSMS brings simulated chargers into the mode of their policy, and reports what it has seen."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from csms import serving
from fakes.served import serving as serving_policies
from firmware import GOOD, Habits
from models import MODELS
from simulated import simulated
from wired_depot import CARD, STRANGER

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator

    from csms import Csms
    from fakes.served import Served
    from simulated import SimulatedCharger

pytestmark = pytest.mark.anyio
SWITCHED = [name for name, model in MODELS.items() if model.switch]
EACH_VERSION = ["wallbox 1.6", "ocpp-2x 2.0.1", "ocpp-2x 2.1"]
SPARE = 8
"""Chargers of each model in either mode."""
POLICIES = """
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: shut}
spec: {timezone: UTC, chargers: {labels: {mode: managed}}, defaultMode: managed, allow: [{class: own}]}
---
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: open}
spec: {timezone: UTC, chargers: {labels: {mode: freevend}}, defaultMode: freevend}
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: yard}
spec:
  chargers:
"""


class Yard:
    """A served yard with chargers of every model, of which each test takes fresh ones."""

    def __init__(self, service: Served) -> None:
        """Let the service know one vehicle."""
        self.service = service
        self._numbers = count()
        self._taken: dict[tuple[str, str], int] = {}
        record = {"identifier": CARD.text, "type": "rfid", "class": "own", "vehicle": "bus", "fleet": "yard"}
        service.client.put(f"/v1/identifiers/{1:032x}", json=record).raise_for_status()

    def take(self, name: str, mode: str) -> str:
        number = self._taken.get((name, mode), 0)
        self._taken[name, mode] = number + 1
        return _id(name, mode, number)

    def override(self, charger: str, mode: str) -> str:
        until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        asked = {"chargers": {"ids": [charger]}, "mode": mode, "until": until, "reason": "test"}
        return str(self.service.client.post("/v1/overrides", json=asked).raise_for_status().json()["id"])

    def state(self, charger: str) -> str | None:
        reply = self.service.client.get(f"/v1/chargers/{charger}/reported")
        return reply.raise_for_status().json()["state"]

    def evidence(self, charger: str) -> dict[str, Any]:
        reply = self.service.client.get(f"/v1/chargers/{charger}/reported")
        reported = reply.raise_for_status().json()["reported"]
        return {} if reported is None else dict(reported["evidence"])


def _id(name: str, mode: str, number: int) -> str:
    return f"{list(MODELS).index(name)}-{mode[0]}{number}"


def _inventory() -> str:
    lines = [
        f"    - {{id: {_id(name, mode, number)}, profile: {model.profile}, protocol: ocpp{model.version}, "
        f"labels: {{mode: {mode}}}}}\n"
        for name, model in MODELS.items()
        for mode in ("managed", "freevend")
        for number in range(SPARE)
    ]
    return "".join(lines)


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    root = tmp_path_factory.mktemp("yard")
    (root / "policies").mkdir()
    (root / "policies" / "yard.yaml").write_text(POLICIES + _inventory())
    with serving_policies(root / "policies", root / "state") as served:
        yield Yard(served)


@pytest.fixture
async def csms(yard: Yard) -> AsyncIterator[Csms]:
    async with serving(yard.service.url) as running:
        yield running


async def until(holds: Callable[[], object], *, within: float = 60) -> None:
    """Wait on this loop until it holds."""
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110 - nobody says when it does
            await asyncio.sleep(0.05)


@asynccontextmanager
async def standing(
    csms: Csms, yard: Yard, name: str, mode: str, habits: Habits = GOOD
) -> AsyncGenerator[SimulatedCharger]:
    """Let a charger of a model stand there, which comes from the factory in the other mode than it should be in."""
    charger_id = yard.take(name, mode)
    async with simulated(MODELS[name], csms.url, charger_id, habits=habits, is_open=mode == "managed") as charger:
        await charger.connected()
        yield charger


@pytest.mark.parametrize("mode", ["managed", "freevend"])
@pytest.mark.parametrize("name", SWITCHED)
async def test_each_model_is_brought_into_its_mode_on_boot(csms: Csms, yard: Yard, name: str, mode: str) -> None:
    async with standing(csms, yard, name, mode) as charger:
        await until(lambda: yard.state(charger.id) == "in_sync")
        assert charger.freevend is (mode == "freevend")
        if mode == "managed":
            assert not await charger.plug_in(STRANGER)
            assert await charger.plug_in(CARD)
            assert charger.firmware.settings[charger.firmware.names.offline_unknown] == "false"
        else:
            assert await charger.plug_in()
        evidence = yard.evidence(charger.id)
        assert evidence["status"] == "Accepted"
        assert list(evidence["variables"]) == [charger.model.switch]
    await until(lambda: charger.id not in csms.stations)


@pytest.mark.parametrize("name", EACH_VERSION)
async def test_it_is_switched_whenever_the_policy_says_so(csms: Csms, yard: Yard, name: str) -> None:
    async with standing(csms, yard, name, "managed") as charger:
        await until(lambda: yard.state(charger.id) == "in_sync")
        assert not charger.freevend
        yard.override(charger.id, "freevend")
        await until(lambda: charger.freevend)
        assert await charger.plug_in()
        await until(lambda: yard.state(charger.id) == "in_sync")
    assert not csms.sessions.incidents


@pytest.mark.parametrize("name", EACH_VERSION)
async def test_what_needs_a_restart_is_restarted_once(csms: Csms, yard: Yard, name: str) -> None:
    async with standing(csms, yard, name, "managed", Habits(needs_reboot=True)) as charger:
        await until(lambda: yard.state(charger.id) == "in_sync")
        assert (charger.freevend, charger.boots) == (False, 2)


async def test_what_forgets_is_told_again_on_every_boot(csms: Csms, yard: Yard) -> None:
    async with standing(csms, yard, "easee 1.6", "managed", Habits(forgets=True)) as charger:
        for boots in (1, 2, 3):
            await until(lambda boots=boots: charger.boots == boots and not charger.freevend)
            charger.restart()
            assert charger.freevend
        await until(lambda: yard.state(charger.id) == "in_sync" and not charger.freevend)


@pytest.mark.parametrize("name", EACH_VERSION)
async def test_a_liar_is_found_out_and_tried_again(csms: Csms, yard: Yard, name: str) -> None:
    async with standing(csms, yard, name, "managed", Habits(lies=True)) as charger:
        await until(lambda: "variables" in yard.evidence(charger.id))
        assert yard.state(charger.id) == "switching"
        assert yard.evidence(charger.id)["variables"] == {charger.model.switch: charger.model.on}
        charger.firmware.habits = GOOD
        await until(lambda: yard.state(charger.id) == "in_sync")
        assert not charger.freevend
    assert not csms.sessions.incidents


async def test_a_model_without_a_switch_is_unsupported_and_admits_all_in_freevend(csms: Csms, yard: Yard) -> None:
    async with standing(csms, yard, "keba 1.6", "freevend") as charger:
        await until(lambda: yard.state(charger.id) == "unsupported")
        assert await charger.plug_in(STRANGER)
        await charger.plug_out()
        yard.override(charger.id, "managed")
        await until(lambda: charger.firmware.settings[charger.firmware.names.offline_unknown] == "false")
        assert not await charger.plug_in(STRANGER)
        assert await charger.plug_in(CARD)
        assert yard.state(charger.id) == "unsupported"


async def test_one_that_is_offline_at_the_switch_gets_there_when_it_is_back(csms: Csms, yard: Yard) -> None:
    async with standing(csms, yard, "zaptec-go 1.6", "freevend") as charger:
        await until(lambda: yard.state(charger.id) == "in_sync")
        charger.lose_network()
        await until(lambda: charger.id not in csms.stations)
        yard.override(charger.id, "managed")
        await until(lambda: yard.state(charger.id) == "pending_offline")
        assert charger.freevend, "it keeps its mode"
        charger.regain_network()
        await until(lambda: not charger.freevend)
        await until(lambda: yard.state(charger.id) == "in_sync")
        assert charger.boots == 1


async def test_one_that_hangs_keeps_no_other_waiting(csms: Csms, yard: Yard) -> None:
    async with standing(csms, yard, "wallbox 1.6", "freevend") as slow:
        await until(lambda: yard.state(slow.id) == "in_sync")
        slow.firmware.habits = Habits(latency_s=600)
        async with standing(csms, yard, "wallbox 1.6", "freevend") as other:
            await until(lambda: yard.state(other.id) == "in_sync")
            yard.override(slow.id, "managed")
            yard.override(other.id, "managed")
            await until(lambda: not other.freevend, within=20)
        assert slow.freevend


async def test_no_line_and_no_evidence_names_a_token(csms: Csms, yard: Yard, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="csms"):
        async with standing(csms, yard, "micro-ocpp 1.6", "freevend") as charger:
            await until(lambda: yard.state(charger.id) == "in_sync")
            assert await charger.plug_in()
            assert "A0000000" not in caplog.text
            assert "A0000000" not in str(yard.evidence(charger.id))
            assert f"{charger.id}: should be freevend, is freevend" in caplog.text
