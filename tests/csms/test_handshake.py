"""Who may connect to the reference CSMS, and by which version it speaks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

if TYPE_CHECKING:
    from csms import Csms

pytestmark = pytest.mark.anyio
FAULT = {"connectorId": 1, "errorCode": "GroundFailure", "status": "Faulted"}


async def _status(url: str, *protocols: str) -> int:
    with pytest.raises(InvalidStatus) as refused:
        await connect(url, subprotocols=[Subprotocol(each) for each in protocols] or None)
    return refused.value.response.status_code


@pytest.mark.parametrize(
    ("offered", "spoken"),
    [
        (["ocpp1.6"], "ocpp1.6"),
        (["ocpp2.0.1"], "ocpp2.0.1"),
        (["ocpp2.1"], "ocpp2.1"),
        (["ocpp1.6", "ocpp2.0.1"], "ocpp2.0.1"),
        (["ocpp1.6", "ocpp2.0.1", "ocpp2.1", "ocpp9"], "ocpp2.1"),
    ],
)
async def test_the_newest_version_that_a_charger_offers_is_spoken(csms: Csms, offered: list[str], spoken: str) -> None:
    async with connect(f"{csms.url}/SHUT-1", subprotocols=[Subprotocol(each) for each in offered]) as websocket:
        assert websocket.subprotocol == spoken


async def test_other_versions_are_refused(csms: Csms) -> None:
    assert await _status(f"{csms.url}/SHUT-1", "ocpp1.5") == 400
    assert await _status(f"{csms.url}/SHUT-1") == 400


@pytest.mark.parametrize("path", ["", "/", "/a%0Ab", "/a%20b", f"/{'a' * 49}", "/%00", "/a/"])
async def test_what_is_no_charger_id_is_refused(csms: Csms, path: str) -> None:
    assert await _status(csms.url + path, "ocpp1.6") == 404


@pytest.mark.parametrize("path", ["/ocpp/depot/SHUT-1", "/SHUT-1?x=1", "/SHUT%2D1"])
async def test_the_id_is_the_end_of_the_path(csms: Csms, path: str) -> None:
    async with connect(csms.url + path, subprotocols=[Subprotocol("ocpp1.6")]) as websocket:
        await websocket.send(json.dumps([2, "1", "StatusNotification", FAULT]))
        await websocket.recv()
    assert [incident.charger for incident in csms.sessions.incidents] == ["SHUT-1"]
