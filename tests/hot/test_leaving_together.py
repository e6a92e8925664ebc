"""Answers of one turn of the loop leave at its end: together, in order, and not to who has gone."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from fakes.lines import Wire

from policy_service.entrypoints.http.gathered import MOST_BYTES, Gathered, Outbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conftest import Ways
    from fakes.lines import Reply

_BODY = json.dumps({"charger": "YARD-1", "identifier": "04A2B3C4D5E680"}).encode()
_HEAD = b"POST /v1/decide HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_REQUEST = _HEAD % len(_BODY) + _BODY
_NO_HTTP = b"\x00 is no request\r\n\r\n"


@pytest.mark.anyio
async def test_what_is_written_in_a_turn_leaves_at_its_end_in_its_order() -> None:
    outbox, wires = Outbox(), (Wire(), Wire())
    one, other = (Gathered(wire, outbox) for wire in wires)
    for transport, written in ((one, b"1"), (other, b"2"), (one, b"3")):
        transport.write(written)
    assert [wire.pieces for wire in wires] == [[], []]
    await asyncio.sleep(0)
    assert [wire.pieces for wire in wires] == [[b"13"], [b"2"]]


@pytest.mark.anyio
async def test_each_turn_lets_its_own_leave() -> None:
    wire = Wire()
    transport = Gathered(wire, Outbox())
    for written in (b"1", b"2"):
        transport.write(written)
        await asyncio.sleep(0)
    assert wire.pieces == [b"1", b"2"]


@pytest.mark.anyio
async def test_much_leaves_at_once_and_what_follows_after_it() -> None:
    wire = Wire()
    transport = Gathered(wire, Outbox())
    transport.write(b"x" * MOST_BYTES)
    assert wire.pieces == []
    transport.write(b"y")
    assert wire.written == b"x" * MOST_BYTES + b"y"
    transport.write(b"z")
    await asyncio.sleep(0)
    assert wire.pieces[1:] == [b"z"]


@pytest.mark.anyio
async def test_everything_leaves_before_a_connection_closes() -> None:
    wire = Wire()
    transport = Gathered(wire, Outbox())
    transport.write(b"1")
    transport.close()
    assert (wire.written, wire.closed) == (b"1", True)
    await asyncio.sleep(0)
    assert wire.pieces == [b"1"]


@pytest.mark.anyio
async def test_nothing_leaves_to_who_has_gone_and_the_others_do_not_suffer() -> None:
    outbox, gone, there = Outbox(), Wire(), Wire()
    Gathered(gone, outbox).write(b"1")
    Gathered(there, outbox).write(b"2")
    gone.close()
    await asyncio.sleep(0)
    assert (gone.written, there.written) == (b"", b"2")


@pytest.mark.parametrize("way", ["protocol", "asgi", "off"])
def test_head_and_body_of_an_answer_leave_as_one(three: Ways, way: str) -> None:
    async def answered() -> Sequence[bytes]:
        line = three.line(way)
        line.send(_REQUEST)
        await line.replies(1)
        await line.end()
        return line.wire.pieces

    assert len(three.run(answered())) == 1


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
