"""A loop that is held up blames nobody else; who does not answer is not waited for."""

from __future__ import annotations

import asyncio
import time

import pytest

from policy_service.application.patiently import patiently

pytestmark = pytest.mark.anyio


async def test_who_does_not_answer_is_waited_for_so_long() -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        async with patiently(0.2):
            await asyncio.sleep(60)
    assert 0.2 <= time.monotonic() - began < 1


async def test_an_answer_that_came_while_the_loop_was_held_up_is_heard() -> None:
    async def hold_up() -> None:
        for _ in range(3):
            await asyncio.sleep(0)
            time.sleep(0.15)  # noqa: ASYNC251 - what holds a loop up

    holding = asyncio.create_task(hold_up())
    async with patiently(0.2):
        for _ in range(4):
            await asyncio.sleep(0.001)
    await holding


async def test_a_loop_that_is_held_up_for_good_does_not_wait_for_ever() -> None:
    async def hold_up() -> None:
        while True:
            await asyncio.sleep(0)
            time.sleep(0.05)  # noqa: ASYNC251 - as above

    holding = asyncio.create_task(hold_up())
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        async with patiently(0.05):
            await asyncio.sleep(60)
    assert time.monotonic() - began < 2
    holding.cancel()


async def test_nothing_is_left_of_waiting() -> None:
    before = asyncio.all_tasks()
    async with patiently(30):
        assert len(asyncio.all_tasks()) == len(before) + 1
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
