"""Simulated chargers obey orders as their models do: configuration, lists, caches, restarts, and their bad habits."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from chargers import Token
from firmware import GOOD, Habits
from models import MODELS, Model
from orders import OrderFailedError, statuses, variables
from simulated import simulated
from wired_depot import CARD, STRANGER

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from csms import Csms
    from simulated import SimulatedCharger
    from wired_depot import Depot

pytestmark = pytest.mark.anyio
SWITCHED = [name for name, model in MODELS.items() if model.switch]
EACH_VERSION = ["wallbox 1.6", "ocpp-2x 2.0.1", "ocpp-2x 2.1"]


@pytest.fixture(autouse=True)
def nothing_of_its_own_accord(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the CSMS from bringing chargers into their modes: they get no other orders than the test's."""
    monkeypatch.setattr("switching.Switching.need", lambda *_: None)


async def until(holds: Callable[[], object], *, within: float = 60) -> None:
    """Wait on this loop until it holds."""
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110 - nobody says when it does
            await asyncio.sleep(0.02)


@asynccontextmanager
async def connected(
    csms: Csms, name: str, charger_id: str, habits: Habits = GOOD, *, is_open: bool = False
) -> AsyncGenerator[SimulatedCharger]:
    async with simulated(MODELS[name], csms.url, charger_id, habits=habits, is_open=is_open) as charger:
        await charger.connected()
        yield charger


def write(model: Model, name: str, value: str) -> tuple[str, dict[str, Any]]:
    if model.version == "1.6":
        return "ChangeConfiguration", {"key": name, "value": value}
    return "SetVariables", {"setVariableData": [{**_variable(name), "attributeValue": value}]}


def read(model: Model, name: str) -> tuple[str, dict[str, Any]]:
    if model.version == "1.6":
        return "GetConfiguration", {"key": [name]}
    return "GetVariables", {"getVariableData": [_variable(name)]}


def local_list(
    model: Model, version: int, kind: str, *tokens: str, status: str | None = "Accepted"
) -> tuple[str, dict[str, Any]]:
    if model.version == "1.6":
        info = {} if status is None else {"idTagInfo": {"status": status}}
        entries: list[dict[str, Any]] = [{"idTag": token, **info} for token in tokens]
        return "SendLocalList", {"listVersion": version, "updateType": kind, "localAuthorizationList": entries}
    info = {} if status is None else {"idTokenInfo": {"status": status}}
    entries = [{"idToken": {"idToken": token, "type": "ISO14443"}, **info} for token in tokens]
    told = {"versionNumber": version, "updateType": kind}
    return "SendLocalList", {**told, "localAuthorizationList": entries} if entries else told


def _variable(name: str) -> dict[str, Any]:
    component, _, variable = name.partition(".")
    return {"component": {"name": component}, "variable": {"name": variable}}


async def turn(csms: Csms, charger: SimulatedCharger, *, freevend: bool) -> list[str]:
    """Order a charger into a mode; return the last order's statuses."""
    model, station = charger.model, csms.stations[charger.id]
    for name, value in model.needs.items():
        await station.order(*write(model, name, value))
    value = model.on if freevend else model.off
    return statuses(await station.order(*write(model, model.switch or "", value)))


@pytest.mark.parametrize("name", SWITCHED)
async def test_each_model_is_switched_by_its_own_key_and_says_so(csms: Csms, depot: Depot, name: str) -> None:
    async with connected(csms, name, depot.freevend()) as charger:
        model, station = charger.model, csms.stations[charger.id]
        assert not charger.freevend
        assert await turn(csms, charger, freevend=True) == ["Accepted"]
        assert charger.freevend
        assert variables(await station.order(*read(model, model.switch or ""))) == {model.switch: model.on}
        assert await charger.plug_in(), "nobody is asked for anything"
        await charger.plug_out()
        assert await turn(csms, charger, freevend=False) == ["Accepted"]
        assert not charger.freevend
        assert not await charger.plug_in()
    assert [freevend for _, freevend in charger.modes] == [False, True, False]
    assert [each.result for each in csms.sessions.ended] == ["completed"]


async def test_a_model_without_a_switch_stays_as_it_is(csms: Csms, depot: Depot) -> None:
    async with connected(csms, "keba 1.6", depot.managed()) as charger:
        station = csms.stations[charger.id]
        assert statuses(await station.order(*write(charger.model, "FreeMode", "true"))) == ["NotSupported"]
        answer = await station.order("GetConfiguration", {"key": ["FreeMode"]})
        assert answer == {"configurationKey": [], "unknownKey": ["FreeMode"]}
        assert not await charger.plug_in(STRANGER)
        assert await charger.plug_in(CARD)


@pytest.mark.parametrize("name", EACH_VERSION)
async def test_a_charger_tells_all_of_its_configuration(csms: Csms, depot: Depot, name: str) -> None:
    async with connected(csms, name, depot.managed()) as charger:
        station = csms.stations[charger.id]
        if charger.model.version == "1.6":
            assert variables(await station.order("GetConfiguration", {})) == charger.firmware.settings
        else:
            answer = await station.order("GetBaseReport", {"requestId": 7, "reportBase": "FullInventory"})
            assert statuses(answer) == ["Accepted"]
            await until(lambda: station.reported)
            assert station.reported == charger.firmware.settings


@pytest.mark.parametrize("name", EACH_VERSION)
async def test_what_a_charger_does_not_know_or_will_not_have_is_refused(csms: Csms, depot: Depot, name: str) -> None:
    async with connected(csms, name, depot.managed()) as charger:
        model, station = charger.model, csms.stations[charger.id]
        unknown = {"1.6": "NotSupported"}.get(model.version, "UnknownComponent")
        assert statuses(await station.order(*write(model, "No.Such", "1"))) == [unknown]
        assert statuses(await station.order(*write(model, model.switch or "", "perhaps"))) == ["Rejected"]
        assert statuses(await station.order(*write(model, charger.firmware.names.entries, "9"))) == ["Rejected"]
        with pytest.raises(OrderFailedError, match="NotImplemented"):
            await station.order("TriggerMessage", {"requestedMessage": "Heartbeat"})


@pytest.mark.parametrize("name", EACH_VERSION)
async def test_a_liar_accepts_and_stays_where_it_is(csms: Csms, depot: Depot, name: str) -> None:
    async with connected(csms, name, depot.managed(), habits=Habits(lies=True), is_open=True) as charger:
        assert await turn(csms, charger, freevend=False) == ["Accepted"]
        answer = await csms.stations[charger.id].order(*read(charger.model, charger.model.switch or ""))
        assert variables(answer) == {charger.model.switch: charger.model.on}
        assert charger.freevend


@pytest.mark.parametrize("name", EACH_VERSION)
async def test_a_change_that_needs_a_restart_waits_for_it(csms: Csms, depot: Depot, name: str) -> None:
    async with connected(csms, name, depot.managed(), habits=Habits(needs_reboot=True), is_open=True) as charger:
        assert await turn(csms, charger, freevend=False) == ["RebootRequired"]
        assert charger.freevend
        kind = "Soft" if charger.model.version == "1.6" else "OnIdle"
        assert statuses(await csms.stations[charger.id].order("Reset", {"type": kind})) == ["Accepted"]
        await until(lambda: charger.boots == 2)
        assert not charger.freevend


async def test_one_that_forgets_comes_back_as_it_left_the_factory(csms: Csms, depot: Depot) -> None:
    async with connected(csms, "wallbox 1.6", depot.managed(), habits=Habits(forgets=True), is_open=True) as charger:
        await turn(csms, charger, freevend=False)
        assert not charger.freevend
        charger.restart()
        await until(lambda: charger.boots == 2 and charger.online)
        assert charger.freevend


@pytest.mark.parametrize("name", EACH_VERSION)
async def test_local_lists_are_taken_in_as_the_specifications_say(csms: Csms, depot: Depot, name: str) -> None:
    async with connected(csms, name, depot.managed()) as charger:
        model, firmware, station = charger.model, charger.firmware, csms.stations[charger.id]

        async def told(version: int, kind: str, *tokens: str, status: str | None = "Accepted") -> list[str]:
            return statuses(await station.order(*local_list(model, version, kind, *tokens, status=status)))

        assert await told(3, "Full", "AA", "BB") == ["Accepted"]
        assert await told(4, "Differential", "CC") == ["Accepted"]
        assert await told(4, "Differential", "DD") == ["VersionMismatch"]
        assert await told(5, "Differential", "AA", status=None) == ["Accepted"]
        assert firmware.listed == {"bb": "Accepted", "cc": "Accepted"}
        assert list((await station.order("GetLocalListVersion", {})).values()) == [5]
        assert await told(6, "Differential", *(f"E{number}" for number in range(51))) == ["Failed"], "too much at once"
        assert await told(6, "Differential", *(f"E{number}" for number in range(50))) == ["Accepted"]
        assert await told(7, "Differential", *(f"F{number}" for number in range(50))) == ["Failed"], "over the cap"
        assert (firmware.list_version, len(firmware.listed)) == (6, 52)
        assert await told(8, "Full") == ["Accepted"]
        assert firmware.listed == {}


@pytest.mark.parametrize("habits", [GOOD, Habits(keeps_cache=True)])
@pytest.mark.parametrize("name", EACH_VERSION)
async def test_whom_a_charger_remembers_charges_unasked_until_it_is_told_to_forget(
    csms: Csms, depot: Depot, name: str, habits: Habits
) -> None:
    async with connected(csms, name, depot.managed(), habits=habits) as charger:
        model, firmware, station = charger.model, charger.firmware, csms.stations[charger.id]
        await station.order(*write(model, firmware.names.offline_unknown, "false"))
        assert await charger.plug_in(CARD)
        await charger.plug_out()
        charger.lose_network()
        assert await charger.plug_in(CARD), "it is remembered"
        await charger.plug_out()
        assert not await charger.plug_in(STRANGER)
        charger.regain_network()
        await charger.connected()
        station = csms.stations[charger.id]
        assert statuses(await station.order("ClearCache", {})) == ["Rejected" if habits.keeps_cache else "Accepted"]
        charger.lose_network()
        assert await charger.plug_in(CARD) is habits.keeps_cache
    assert {each.result for each in csms.sessions.ended} == {"completed"}


@pytest.mark.parametrize("name", EACH_VERSION)
async def test_a_session_is_ended_from_afar(csms: Csms, depot: Depot, name: str) -> None:
    async with connected(csms, name, depot.managed()) as charger:
        assert await charger.plug_in(CARD)
        station = csms.stations[charger.id]
        assert statuses(await station.order(*station.stopping("1"))) == ["Rejected"]
        (running,) = csms.sessions.of(station.id)
        assert statuses(await station.order(*station.stopping(running))) == ["Accepted"]
        await until(lambda: csms.sessions.ended)
        assert not charger.charging
    assert [(each.result, each.reason) for each in csms.sessions.ended] == [("completed", "Remote")]


async def test_a_slow_network_brings_messages_late_and_whole(csms: Csms, depot: Depot) -> None:
    async with connected(csms, "easee 1.6", depot.managed(), habits=Habits(latency_s=0.3)) as charger:
        began = asyncio.get_running_loop().time()
        assert await turn(csms, charger, freevend=True) == ["Accepted"]
        assert asyncio.get_running_loop().time() - began >= 0.3


async def test_a_charger_that_goes_answers_no_order(csms: Csms, depot: Depot) -> None:
    async with connected(csms, "easee 1.6", depot.managed()) as charger:
        charger.firmware.habits = Habits(latency_s=30)
        order = asyncio.create_task(csms.stations[charger.id].order("ClearCache", {}))
        await asyncio.sleep(0)
        charger.lose_network()
        with pytest.raises(OrderFailedError, match="Gone"):
            await order
        await until(lambda: charger.id not in csms.stations)


def test_the_models_are_many() -> None:
    assert len({model.profile for model in MODELS.values() if model.switch}) >= 12
    assert {model.version for model in MODELS.values()} == {"1.6", "2.0.1", "2.1"}
    assert Token("", "NoAuthorization").text == ""
