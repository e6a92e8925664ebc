"""The service is stopped while chargers are connected: the depot's bundle answers, and the service hears of it."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from chargers import plugged_in
from csms import serving
from fakes.served import eventually
from fakes.served import serving as serving_policies
from wired_depot import CARD, MAC, STRANGER, TREE, VERSIONS, Depot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from csms import Csms
    from fakes.served import Served

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]
STATUS = {"1.6": "Invalid", "2.0.1": "Unknown", "2.1": "Unknown"}


async def _until(holds: Callable[[], object], *, within: float = 60) -> None:
    """Wait on this loop until it holds."""
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110 - nobody says when it does
            await asyncio.sleep(0.05)


def _vehicles_in_bundles(service: Served) -> int:
    reply = service.client.get("/v1/bundle")
    return len(reply.json()["registry"]["vehicles"]) if reply.status_code == 200 else 0


def _two_denials(depot: Depot, charger: str) -> bool:
    return len(depot.denials(charger)) == 2


async def _a_day_without_the_service(csms: Csms, version: str, managed: str, freevend: str) -> None:
    async with plugged_in(version, csms.url, managed) as charger:
        await charger.boot()
        assert (await charger.authorize(MAC)).accepted
        assert (await charger.authorize(STRANGER)).status == STATUS[version]
        assert (await charger.begin(CARD)).accepted
        assert (await charger.progress(4_000)).accepted
        assert (await charger.end(9_000)).accepted
        assert (await charger.begin(STRANGER)).status == STATUS[version]
        assert (await charger.end(0, "DeAuthorized")).accepted
    async with plugged_in(version, csms.url, freevend) as charger:
        assert (await charger.begin(STRANGER)).accepted
        assert (await charger.end(5_000)).accepted


async def test_chargers_do_not_notice_and_denials_are_recorded_once_it_is_back(tmp_path: Path) -> None:
    policies, state, kept = tmp_path / "policies", tmp_path / "state", tmp_path / "kept"
    policies.mkdir()
    (policies / "depot.yaml").write_text(TREE)
    with serving_policies(policies, state) as service:
        depot = Depot(service)
        port = urlsplit(service.url).port
        chargers = [(version, depot.managed(), depot.freevend()) for version in VERSIONS]
        eventually(lambda: _vehicles_in_bundles(service) == 2, within=60)  # no PIN is in one
        async with serving(service.url, bundle_label="depot:wired", state_dir=kept) as csms:
            await _until(lambda: csms.policy.bundle)
            service.stop()
            began = time.monotonic()
            for version, managed, freevend in chargers:
                await _a_day_without_the_service(csms, version, managed, freevend)
            assert time.monotonic() - began < 60
            results = [session.result for session in csms.sessions.ended]
            assert results == ["completed", "denied", "completed"] * len(VERSIONS)
            assert not csms.sessions.incidents
            assert csms.policy.untold > 0
            written = b"".join(path.read_bytes() for path in kept.rglob("*") if path.is_file())
            assert written
            assert not any(token.text.encode() in written for token in (CARD, MAC, STRANGER))
            with serving_policies(policies, state, port=port) as returned:
                await _until(lambda: csms.policy.untold == 0, within=150)  # it rests up to a minute between tries
                back = Depot(returned)
                for _, managed, _ in chargers:
                    eventually(partial(_two_denials, back, managed), within=60)
                    assert {reason for _, reason in back.denials(managed)} == {"unknown_identifier"}
