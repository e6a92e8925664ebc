"""What the CSMS keeps of sessions, whatever chargers write into their messages."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import httpx2
import pytest
from csms import Csms
from sessions import Sessions, readings_wh

from policy_service.client import PolicyClient

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.anyio


async def never_denied(charger: str, transaction_id: str) -> bool:
    return not (charger or transaction_id)


@pytest.mark.parametrize("value", [10**400, -(10**400), math.inf, math.nan, "7", None, [7]])
def test_a_reading_that_no_meter_has_is_none(value: object) -> None:
    assert readings_wh([{"sampledValue": [{"value": value}, {"value": 7}]}]) == [7.0]


async def test_sessions_that_nobody_ends_are_bounded() -> None:
    sessions = Sessions(never_denied)
    for number in range(10_500):
        sessions.session("NTH-01", str(number))
    assert len(sessions.running) == 10_000
    assert ("NTH-01", "10499") in sessions.running
    assert ("NTH-01", "0") not in sessions.running


@pytest.mark.parametrize("body", ["<html>", "[]", "null", "{}", json.dumps({"denied": "yes"})])
async def test_an_answer_that_cannot_be_read_makes_no_denial(body: str) -> None:
    answer: Callable[[httpx2.Request], httpx2.Response] = lambda _: httpx2.Response(200, text=body)  # noqa: E731 - as short as it can be
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer), base_url="http://service") as service:
        assert await Csms(PolicyClient(), service).was_denied("NTH-01", "1") is False
