"""The clock of the simulated week: work takes none of its time, and waiting exactly what is waited for."""

from __future__ import annotations

import asyncio
import random
import time
from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from held_loop import Follows, HeldLoop
from simulated_time import MONDAY, SharedTime

if TYPE_CHECKING:
    import socket
    from asyncio import StreamReader, StreamWriter
    from pathlib import Path

    from conducting import Conductor

pytestmark = pytest.mark.anyio
EXACTLY_S = 1e-5
"""A timer's instant is rounded up to the microsecond."""


def follow(clock: Path, wire: socket.socket, port: Future[int]) -> None:
    """Answer requests at a port as another process would: after work, of the loop and of a thread, and a delay."""

    async def answer(reader: StreamReader, writer: StreamWriter) -> None:
        async for line in reader:
            work_s, delay_s = map(float, line.split())
            time.sleep(work_s)  # noqa: ASYNC251 - it is at work
            await asyncio.to_thread(time.sleep, work_s)
            await asyncio.sleep(delay_s)
            writer.write(line)
        writer.close()
        over.set()

    async def serve() -> None:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port.set_result(server.sockets[0].getsockname()[1])
            await over.wait()

    over = asyncio.Event()
    waits = Follows(SharedTime(clock), wire)
    with asyncio.Runner(loop_factory=lambda: HeldLoop(waits)) as runner:
        runner.run(serve())
    wire.close()


async def test_an_answer_takes_its_delay_and_not_the_work_of_it(conductor: Conductor) -> None:
    rng, port = random.Random(1), Future[int]()  # noqa: S311 - no secret
    _, wire = conductor.starts("answers", 0.0)
    thread = Thread(target=follow, args=(conductor.path, wire, port), daemon=True)
    thread.start()
    with conductor.going():
        reader, writer = await asyncio.open_connection("127.0.0.1", await asyncio.wrap_future(port))
        for _ in range(50):
            work_s, delay_s = rng.uniform(0, 0.02), rng.choice([0.0, 0.001, 0.2, 30.0])
            began = conductor.run_s
            writer.write(f"{work_s} {delay_s}\n".encode())
            async with asyncio.timeout(delay_s + 2 * EXACTLY_S):
                await reader.readline()
            assert conductor.run_s - began == pytest.approx(delay_s, abs=EXACTLY_S)
        writer.write(b"0.02 1.0\n")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0 - 2 * EXACTLY_S):
                await reader.readline()
        await reader.readline()
        writer.close()
        await asyncio.to_thread(thread.join)


async def test_a_leap_brings_dates_nearer_and_no_delay(conductor: Conductor) -> None:
    began = conductor.run_s
    with conductor.going():
        dates = [asyncio.create_task(conductor.clock.sleep(seconds)) for seconds in (3600.0, 10.0, 5.0)]
        delay = asyncio.create_task(asyncio.sleep(2.0))
        await asyncio.sleep(1.0)
        await conductor.leap_to(MONDAY + 9.5)
        assert [date.done() for date in dates] == [False, False, True]
        await dates[1]
        assert conductor.clock.now() == pytest.approx(MONDAY + 10, abs=EXACTLY_S)
        assert conductor.run_s - began == pytest.approx(1.5, abs=EXACTLY_S)
        assert not delay.done()
        await delay
        assert conductor.run_s - began == pytest.approx(2.0, abs=EXACTLY_S)
        await dates[0]
        assert conductor.clock.now() == pytest.approx(MONDAY + 3600, abs=EXACTLY_S)
