"""A process of the simulated week: ``python clocked.py CLOCK WIRE UP_AT serve|scheduler|csms …``.

It goes by the clock in a file, and heeds who moves it, at the other end of a wire; ``UP_AT`` is when it has started, by
that clock, however long the computer took.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from held_loop import Follows, HeldLoop, hold_for_databases
from simulated_time import SharedClock, SharedTime

if TYPE_CHECKING:
    from policy_service.settings import Settings

sys.path.append(str(Path(__file__).parents[2] / "demo"))  # where the reference CSMS lies


def serve(shared: SharedTime, waits: Follows) -> int:
    """Run the service."""
    from uvicorn import config  # noqa: PLC0415 - each process imports its own

    from policy_service.entrypoints.http.server import run_server  # noqa: PLC0415
    from policy_service.settings import Settings  # noqa: PLC0415

    loops: dict[str, object] = config.LOOP_FACTORIES  # type: ignore[assignment] - it takes what is no name as it is
    loops["uvloop"] = lambda **_options: partial(HeldLoop, waits)
    return run_server(Settings(), shared)


def schedule(shared: SharedTime, waits: Follows) -> int:
    """Run the scheduler alone."""
    from policy_service.bootstrap import wiring  # noqa: PLC0415
    from policy_service.settings import Settings  # noqa: PLC0415

    settings = Settings()
    wiring.prepare(settings)
    with asyncio.Runner(loop_factory=partial(HeldLoop, waits)) as runner:
        runner.run(_scheduling(settings, shared))
    return 0


async def _scheduling(settings: Settings, shared: SharedTime) -> None:
    from policy_service.bootstrap import wiring  # noqa: PLC0415

    async with wiring.scheduling(settings, shared):
        await asyncio.Event().wait()


def manage(shared: SharedTime, waits: Follows, service: str, port: str, state: str) -> int:
    """Run the reference CSMS."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    loop = HeldLoop(waits)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(_csms(SharedClock(shared, loop), service, int(port), Path(state)))
    return 0


async def _csms(clock: SharedClock, service: str, port: int, state: Path) -> None:
    from csms import serving  # noqa: PLC0415

    async with serving(service, port=port, state_dir=state, clock=clock):
        await asyncio.Event().wait()


PROCESSES = {"serve": serve, "scheduler": schedule, "csms": manage}


def main(clock: str, wire: str, up_at: str, kind: str, *words: str) -> int:
    """Run a process; return its exit code."""
    shared = SharedTime(Path(clock))
    waits = Follows(shared, socket.socket(fileno=int(wire)))
    waits.select(float(up_at) - shared.run_s())
    time.monotonic = shared.run_s  # before the service is imported, which goes by it
    hold_for_databases()
    return PROCESSES[kind](shared, waits, *words)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
