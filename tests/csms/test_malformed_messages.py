"""What chargers send that no schema allows: an answer always, a denial where access was asked for, and no CALLERROR."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from chargers import plugged_in
from wired_depot import CARD, STRANGER, VERSIONS, VERSIONS_2, told, valid, wire

if TYPE_CHECKING:
    from csms import Csms
    from wired_depot import Depot

pytestmark = pytest.mark.anyio
DENIED = {
    "1.6": {"idTagInfo": {"status": "Invalid"}},
    **{each: {"idTokenInfo": {"status": "Invalid"}} for each in VERSIONS_2},
}
TOKEN = {"idToken": CARD.text, "type": "ISO14443"}
NO_PAYLOADS = ["null", "[]", "[1]", "0", '"text"', "true", "{}", "NaN", '{"a": NaN}', '{"a": 1e999}']
ODD_VALUES = [
    "null",
    "7",
    "true",
    "[]",
    "{}",
    '""',
    '"\\ud800"',
    '"\\u0000"',
    '" "',
    "12345678901234567890123",
    f'"{"0" * 300}"',
]
SAID_16 = {"connectorId": 1, "idTag": CARD.text, "meterStart": 0, "timestamp": "2026-11-24T11:15:00Z"}
SAID_2 = {"eventType": "Started", "timestamp": "2026-11-24T11:15:00Z", "triggerReason": "Authorized", "seqNo": 0,
          "transactionInfo": {"transactionId": "4711"}, "idToken": TOKEN}  # fmt: skip


def _spoilt(whole: dict[str, Any], *names: str) -> list[str]:
    """Return payloads with one member left out, or with an odd value."""
    without = [json.dumps({name: value for name, value in whole.items() if name != left_out}) for left_out in names]
    marked = [json.dumps({**whole, name: "ODD"}) for name in names]
    return without + [payload.replace('"ODD"', odd) for payload in marked for odd in ODD_VALUES]


AUTHORIZE_16 = [*NO_PAYLOADS, *_spoilt({"idTag": CARD.text}, "idTag")]
AUTHORIZE_2 = [
    *NO_PAYLOADS,
    *_spoilt({"idToken": TOKEN}, "idToken"),
    *(f'{{"idToken": {payload}}}' for payload in _spoilt(TOKEN, "idToken")),
]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_malformed_authorize_is_denied(csms: Csms, depot: Depot, version: str) -> None:
    async with wire(version, csms.url, depot.managed()) as websocket:
        for number, payload in enumerate(AUTHORIZE_16 if version == "1.6" else AUTHORIZE_2):
            answer = await told(websocket, f'[2, "{number}", "Authorize", {payload}]')
            assert answer[:2] == [3, str(number)], payload
            info = valid(version, "Authorize", answer[2]).popitem()[1]
            assert info["status"] != "Accepted", payload
        assert await told(websocket, '[2, "none", "Authorize"]') == [3, "none", DENIED[version]]
        assert await told(websocket, '[2, 7, "Authorize", {}]') == [3, 7, DENIED[version]]


async def test_a_malformed_start_of_1_6_is_denied_with_a_transaction(csms: Csms, depot: Depot) -> None:
    async with wire("1.6", csms.url, depot.managed()) as websocket:
        payloads = [*NO_PAYLOADS, *_spoilt(SAID_16, "idTag", "timestamp")]
        for number, payload in enumerate(payloads):
            answer = await told(websocket, f'[2, "{number}", "StartTransaction", {payload}]')
            assert valid("1.6", "StartTransaction", answer[2])["idTagInfo"]["status"] != "Accepted", payload
        assert len(csms.sessions.running) == len(payloads)
        assert all(session.denied for session in csms.sessions.running.values())


@pytest.mark.parametrize("version", VERSIONS_2)
async def test_a_malformed_start_of_2_is_denied_and_a_session_that_runs_is_not_cut(
    csms: Csms, depot: Depot, version: str
) -> None:
    async with wire(version, csms.url, depot.managed()) as websocket:
        for payload in [*NO_PAYLOADS, *_spoilt(SAID_2, "timestamp", "transactionInfo", "eventType")]:
            answer = await told(websocket, f'[2, "1", "TransactionEvent", {payload}]')
            assert valid(version, "TransactionEvent", answer[2]) == DENIED[version], payload
        runs = [
            {**SAID_2, "eventType": "Updated", "triggerReason": "MeterValuePeriodic"},
            {**SAID_2, "eventType": "Ended"},
        ]
        for event in runs:
            for payload in _spoilt(event, "timestamp"):
                answer = await told(websocket, f'[2, "1", "TransactionEvent", {payload}]')
                assert valid(version, "TransactionEvent", answer[2]) == {}, payload


@pytest.mark.parametrize("version", VERSIONS)
async def test_meter_values_of_any_shape_do_no_harm(csms: Csms, depot: Depot, version: str) -> None:
    if version == "1.6":
        starts = [f'[2, "1", "StartTransaction", {payload}]' for payload in _spoilt(SAID_16, "meterStart")]
    else:
        odd = [
            *ODD_VALUES,
            '{"value": 1, "unitOfMeasure": {"multiplier": 99999999}}',
            '{"value": "1"}',
            '{"value": 1e308}',
        ]
        shapes = [*ODD_VALUES, *(f'[{{"sampledValue": [{each}]}}]' for each in odd), '[{"sampledValue": {}}]']
        whole = [json.dumps({**SAID_2, "meterValue": "ODD"}).replace('"ODD"', shape) for shape in shapes]
        starts = [f'[2, "1", "TransactionEvent", {payload}]' for payload in whole]
    async with wire(version, csms.url, depot.managed()) as websocket:
        answers = [await told(websocket, start) for start in starts]
    assert {answer[0] for answer in answers} == {3}


@pytest.mark.parametrize("version", VERSIONS_2)
async def test_no_charger_writes_lines_of_its_own_into_the_log(
    csms: Csms, depot: Depot, version: str, caplog: pytest.LogCaptureFixture
) -> None:
    lines = (
        {"transactionId": "1\nforged", "stoppedReason": "Local"},
        {"transactionId": "2", "stoppedReason": "Loc\nforged"},
    )
    with caplog.at_level(logging.INFO, logger="csms"):
        async with wire(version, csms.url, depot.managed()) as websocket:
            for info in lines:
                ended = json.dumps({**SAID_2, "eventType": "Ended", "transactionInfo": info})
                answer = await told(websocket, f'[2, "1\\nforged", "TransactionEvent", {ended}]')
                assert valid(version, "TransactionEvent", answer[2]) == {"idTokenInfo": {"status": "Accepted"}}
    assert "forged" not in caplog.text
    assert [session.reason for session in csms.sessions.ended] == ["Other"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_what_is_no_message_does_not_end_the_connection(csms: Csms, depot: Depot, version: str) -> None:
    async with wire(version, csms.url, depot.managed()) as websocket:
        for noise in (
            "",
            "{",
            "[]",
            "{}",
            "null",
            "[2]",
            '[2, "1"]',
            '[2, "1", 7, {}]',
            '[3, "1", {}]',
            '[9, "1"]',
            "9" * 5000,
        ):
            await websocket.send(noise)
        answer = await told(websocket, '[2, "after", "Nonsense", {}]')
        while answer[1] != "after":
            answer = json.loads(await websocket.recv())
        assert answer[:3] == [4, "after", "NotImplemented"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_driver_is_served_after_all_that(csms: Csms, depot: Depot, version: str) -> None:
    async with plugged_in(version, csms.url, depot.managed()) as charger:
        assert (await charger.authorize(CARD)).accepted
        assert not (await charger.authorize(STRANGER)).accepted
