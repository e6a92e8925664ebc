"""Tokens and PINs leave no trace: in no line of the CSMS, of the libraries below it, of the service, in no event."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from chargers import Token, plugged_in
from fakes.served import ROOT
from wired_depot import CARD, MAC, PIN, STRANGER, VERSIONS, told, wire

if TYPE_CHECKING:
    from csms import Csms
    from wired_depot import Depot

pytestmark = pytest.mark.anyio
SECRETS = (CARD, MAC, PIN, STRANGER, WRONG := Token("55512345", "KeyCode"))


async def _present_all(version: str, url: str, charger_id: str) -> None:
    async with plugged_in(version, url, charger_id) as charger:
        for token in SECRETS:
            await charger.authorize(token)
            await charger.begin(token)
            await charger.end(0, "DeAuthorized")
    async with wire(version, url, charger_id) as websocket:
        for token in SECRETS:
            await told(websocket, f'[2, "1", "Authorize", {{"idTag": ["{token.text}"], "idToken": "{token.text}"}}]')
            await told(websocket, f'[2, "1", "BootNotification", {{"idTag": "{token.text}"}}]')
            await told(websocket, f'[2, "1", "{token.text}", {{}}]')


def _seen_in(text: str) -> list[str]:
    return [token.text for token in SECRETS if token.text in text.upper()]


@pytest.mark.parametrize("version", VERSIONS)
async def test_nothing_is_logged_however_much_is_logged(
    csms: Csms, depot: Depot, version: str, caplog: pytest.LogCaptureFixture
) -> None:
    others = [logging.getLogger(name) for name in ("websockets.client", "ocpp")]  # the chargers' own, in this process
    for other in others:
        other.disabled = True
    try:
        with caplog.at_level(logging.DEBUG):
            await _present_all(version, csms.url, charger_id := depot.managed())
    finally:
        for other in others:
            other.disabled = False
    assert f"{charger_id}: Authorize access_denied, unknown_identifier" in caplog.text
    assert _seen_in(caplog.text) == []
    assert _seen_in(depot.service.log()) == []
    assert _seen_in(depot.service.client.get("/v1/events", params={"charger": charger_id}).text) == []


async def test_the_csms_as_a_program_prints_none(depot: Depot) -> None:
    command = [sys.executable, str(ROOT / "demo" / "csms.py"), "--port", "0", "--service", depot.service.url]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    assert process.stdout is not None
    listening = (await process.stdout.readline()).decode()
    try:
        for version in VERSIONS:
            await _present_all(version, listening.split()[-1], depot.managed())
    finally:
        process.terminate()
    printed = (await process.stdout.read()).decode()
    assert await process.wait() == 0, printed
    assert "access_denied" in printed
    assert "malformed" in printed
    assert _seen_in(printed) == []
