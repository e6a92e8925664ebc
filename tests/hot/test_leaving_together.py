"""Answers of one turn of the loop leave at its end: together, in order, and not to who has gone."""

from __future__ import annotations

import asyncio

import pytest
from fakes.lines import Wire

from policy_service.entrypoints.http.hot.outbox import Outbox

pytestmark = pytest.mark.anyio


async def test_answers_leave_at_the_end_of_the_turn_in_their_order() -> None:
    outbox, one, other = Outbox(), Wire(), Wire()
    for wire, answer in ((one, b"1"), (other, b"2"), (one, b"3")):
        outbox.put(wire, answer)
    assert (one.written, other.written) == (b"", b"")
    await asyncio.sleep(0)
    assert (one.written, other.written) == (b"13", b"2")


async def test_each_turn_lets_its_own_leave() -> None:
    outbox, wire = Outbox(), Wire()
    for answer in (b"1", b"2"):
        outbox.put(wire, answer)
        await asyncio.sleep(0)
    assert wire.written == b"12"


async def test_what_has_left_does_not_leave_again() -> None:
    outbox, wire = Outbox(), Wire()
    outbox.put(wire, b"1")
    outbox.flush()
    assert wire.written == b"1"
    outbox.put(wire, b"2")
    await asyncio.sleep(0)
    assert wire.written == b"12"


async def test_nothing_leaves_to_who_has_gone_and_the_others_do_not_suffer() -> None:
    outbox, gone, there = Outbox(), Wire(), Wire()
    outbox.put(gone, b"1")
    outbox.put(there, b"2")
    gone.close()
    await asyncio.sleep(0)
    assert (gone.written, there.written) == (b"", b"2")
