"""Answers of one turn of the loop leave at its end: together, in order, and not to who has gone."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from fakes.lines import Wire

from policy_service.entrypoints.http.hot.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conftest import Ways
    from fakes.lines import Reply

_BODY = json.dumps({"charger": "YARD-1", "identifier": "04A2B3C4D5E680"}).encode()
_HEAD = b"POST /v1/decide HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_REQUEST = _HEAD % len(_BODY) + _BODY
_NO_HTTP = b"\x00 is no request\r\n\r\n"


@pytest.mark.anyio
async def test_answers_leave_at_the_end_of_the_turn_in_their_order() -> None:
    outbox, one, other = Outbox(), Wire(), Wire()
    for wire, answer in ((one, b"1"), (other, b"2"), (one, b"3")):
        outbox.put(wire, answer)
    assert (one.written, other.written) == (b"", b"")
    await asyncio.sleep(0)
    assert (one.written, other.written) == (b"13", b"2")


@pytest.mark.anyio
async def test_each_turn_lets_its_own_leave() -> None:
    outbox, wire = Outbox(), Wire()
    for answer in (b"1", b"2"):
        outbox.put(wire, answer)
        await asyncio.sleep(0)
    assert wire.written == b"12"


@pytest.mark.anyio
async def test_what_has_left_does_not_leave_again() -> None:
    outbox, wire = Outbox(), Wire()
    outbox.put(wire, b"1")
    outbox.flush()
    assert wire.written == b"1"
    outbox.put(wire, b"2")
    await asyncio.sleep(0)
    assert wire.written == b"12"


@pytest.mark.anyio
async def test_nothing_leaves_to_who_has_gone_and_the_others_do_not_suffer() -> None:
    outbox, gone, there = Outbox(), Wire(), Wire()
    outbox.put(gone, b"1")
    outbox.put(there, b"2")
    gone.close()
    await asyncio.sleep(0)
    assert (gone.written, there.written) == (b"", b"2")


@pytest.mark.parametrize("pieces", [(_REQUEST, _NO_HTTP), (_REQUEST + _NO_HTTP,)], ids=["apart", "at once"])
def test_what_is_no_http_is_refused_after_the_answer_to_what_came_before(three: Ways, pieces: Sequence[bytes]) -> None:
    three.exchange("protocol", [_REQUEST])  # its head is known from here on
    assert [reply.status for reply in three.exchange("protocol", pieces, 2)] == [200, 400]


def test_an_answer_leaves_before_the_service_ends_its_connection(three: Ways) -> None:
    async def ended() -> Sequence[Reply]:
        line = three.line("protocol")
        line.send(_REQUEST)
        line.protocol.shutdown()
        found = await line.replies(1)
        await line.end()
        return found

    assert [reply.status for reply in three.run(ended())] == [200]
