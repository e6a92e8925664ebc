"""The reference CSMS ends sessions as the policy wants: at a switch, a while after it, and those nobody allowed."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest
from csms import serving
from fakes.served import serving as serving_policies
from firmware import Habits
from models import MODELS
from simulated import simulated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fakes.served import Served
    from simulated import SimulatedCharger

pytestmark = pytest.mark.anyio
EACH_VERSION = ["wallbox 1.6", "ocpp-2x 2.0.1", "ocpp-2x 2.1"]
AN_HOUR_S = 3_600
POLICY = """
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {{name: {name}}}
spec:
  timezone: UTC
  chargers: {{ids: ["{name}-*"]}}
  defaultMode: {mode}
  onBreach: {breach}
  windows: [{windows}]
---
"""
ALL_DAY = "{{name: shut, mode: managed, start: '00:00', duration: P1D, from: 2026-01-05, rrule: FREQ=DAILY{sessions}}}"
AT_THE_SWITCH = {
    "kept": "",
    "stopped": ", runningSessions: stop",
    "later": ", runningSessions: {stopAfter: PT1H}",
}
ON_BREACH = {"recorded": "record", "ended": "stop"}


class HandClock:
    """The machine's clock, put forward by hand."""

    def __init__(self) -> None:
        """Show the time."""
        self.ahead_s = 0.0

    def now(self) -> float:
        return time.time() + self.ahead_s

    async def sleep(self, seconds: float) -> None:
        due = self.now() + seconds
        while self.now() < due:  # noqa: ASYNC110 - the clock may be put forward meanwhile
            await asyncio.sleep(0.05)


def tree(*, shut: bool) -> str:
    """Return the policies: those of ``AT_THE_SWITCH`` open, or shut by a window of all day."""
    switching = [
        POLICY.format(
            name=name, mode="freevend", breach="record", windows=ALL_DAY.format(sessions=sessions) if shut else ""
        )
        for name, sessions in AT_THE_SWITCH.items()
    ]
    shut_ones = [
        POLICY.format(name=name, mode="managed", breach=breach, windows="") for name, breach in ON_BREACH.items()
    ]
    chargers = [
        f"    - {{id: {name}-{number}, profile: {MODELS[model].profile}, protocol: ocpp{MODELS[model].version}}}\n"
        for name in (*AT_THE_SWITCH, *ON_BREACH)
        for number, model in enumerate(EACH_VERSION)
    ]
    inventory = "apiVersion: policy-service/v1\nkind: ChargerInventory\nmetadata: {name: yard}\nspec:\n  chargers:\n"
    return "".join((*switching, *shut_ones, inventory, *chargers))


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "yard.yaml").write_text(tree(shut=False))
    with serving_policies(tmp_path / "policies", tmp_path / "state") as served:
        yield served


async def until(holds: Callable[[], object], *, within: float = 60) -> None:
    """Wait on this loop until it holds."""
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110 - nobody says when it does
            await asyncio.sleep(0.05)


def shut(tmp_path: Path) -> None:
    new = tmp_path / "yard.new"
    new.write_text(tree(shut=True))
    new.replace(tmp_path / "policies" / "yard.yaml")


def to_end(kept: Path) -> set[str]:
    """Return the chargers at which sessions are to end."""
    file = kept / "endings"
    return {each["charger"] for each in json.loads(file.read_text()).values()} if file.exists() else set()


def state(yard: Served, charger: str) -> str | None:
    return yard.client.get(f"/v1/chargers/{charger}/reported").raise_for_status().json()["state"]


@pytest.mark.parametrize(("number", "model"), list(enumerate(EACH_VERSION)), ids=EACH_VERSION)
async def test_running_sessions_end_at_a_switch_as_the_window_wants(
    yard: Served, tmp_path: Path, number: int, model: str
) -> None:
    clock = HandClock()
    async with (
        serving(yard.url, clock=clock) as csms,
        simulated(MODELS[model], csms.url, f"kept-{number}", is_open=True) as kept,
        simulated(MODELS[model], csms.url, f"stopped-{number}", is_open=True) as stopped,
        simulated(MODELS[model], csms.url, f"later-{number}", is_open=True) as later,
    ):
        chargers = kept, stopped, later
        for charger in chargers:
            await charger.connected()
            assert await charger.plug_in()
        await until(lambda: all(state(yard, charger.id) == "in_sync" for charger in chargers))
        shut(tmp_path)
        await until(lambda: not any(charger.freevend for charger in chargers))
        await until(lambda: not stopped.charging)
        await until(lambda: all(state(yard, charger.id) == "in_sync" for charger in chargers))
        assert (kept.charging, later.charging) == (True, True)
        clock.ahead_s = AN_HOUR_S
        await until(lambda: not later.charging)
        assert kept.charging
    assert not csms.sessions.incidents


@pytest.mark.parametrize(("number", "model"), list(enumerate(EACH_VERSION)), ids=EACH_VERSION)
async def test_a_restart_of_the_csms_forgets_no_session_that_is_to_end(
    yard: Served, tmp_path: Path, number: int, model: str
) -> None:
    clock = HandClock()
    async with AsyncExitStack() as yard_stands:
        chargers: list[SimulatedCharger] = []
        async with serving(yard.url, clock=clock, state_dir=tmp_path) as csms:
            for name in ("later", "stopped", "kept"):
                one = simulated(MODELS[model], csms.url, f"{name}-{number}", is_open=True)
                chargers.append(await yard_stands.enter_async_context(one))
            later, stopped, kept = chargers
            for charger in chargers:
                await charger.connected()
                assert await charger.plug_in()
            await until(lambda: all(state(yard, charger.id) == "in_sync" for charger in chargers))
            stopped.lose_network()
            shut(tmp_path)
            await until(lambda: not later.freevend and not kept.freevend)
            await until(lambda: state(yard, stopped.id) == "pending_offline")
            await until(lambda: {stopped.id, later.id} <= to_end(tmp_path))
            await until(lambda: state(yard, later.id) == "in_sync")
            later.lose_network()
        clock.ahead_s = AN_HOUR_S
        async with serving(yard.url, clock=clock, state_dir=tmp_path, port=int(csms.url.rpartition(":")[2])):
            stopped.regain_network()
            await until(lambda: not stopped.charging)
            assert later.charging
            later.regain_network()
            await until(lambda: not later.charging)
            await until(lambda: not {stopped.id, later.id} & to_end(tmp_path))
            assert kept.charging


@pytest.mark.parametrize(("number", "model"), list(enumerate(EACH_VERSION)), ids=EACH_VERSION)
async def test_a_session_that_nobody_allowed_is_ended_where_the_policy_wants_that(
    yard: Served, caplog: pytest.LogCaptureFixture, number: int, model: str
) -> None:
    liar = Habits(lies=True)
    with caplog.at_level(logging.INFO, logger="csms"):
        async with (
            serving(yard.url) as csms,
            simulated(MODELS[model], csms.url, f"ended-{number}", habits=liar, is_open=True) as ended,
            simulated(MODELS[model], csms.url, f"recorded-{number}", habits=liar, is_open=True) as recorded,
        ):
            for charger in (recorded, ended):
                await charger.connected()
                await charger.plug_in()
            await until(lambda: f"{ended.id}: session" in caplog.text and "is to end" in caplog.text)
            await until(lambda: not ended.charging)
            ends = [each.getMessage() for each in caplog.records if each.getMessage().endswith("is to end")]
            assert [line.partition(":")[0] for line in ends] == [ended.id]
            breaches = yard.client.get("/v1/events", params={"type": "access.breach"}).raise_for_status().json()
            assert {event["charger"] for event in breaches["events"]} == {recorded.id, ended.id}
