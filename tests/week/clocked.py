"""A process of the simulated week, told the time by its clock: ``python clocked.py serve|scheduler|csms CLOCK …``."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path

from simulated_time import SharedClock, SharedTime, tell_the_time

sys.path.append(str(Path(__file__).parents[2] / "demo"))  # where the reference CSMS lies


def serve(clock: str) -> int:
    """Run the service."""
    from policy_service.entrypoints.http.server import run_server  # noqa: PLC0415 - each process imports its own
    from policy_service.settings import Settings  # noqa: PLC0415

    return run_server(Settings(), SharedTime(Path(clock)))


def schedule(clock: str, seen: str) -> int:
    """Run the scheduler alone; what time it got round to last stands in the file ``seen``."""
    from policy_service.bootstrap import wiring  # noqa: PLC0415
    from policy_service.settings import Settings  # noqa: PLC0415

    settings = Settings()
    wiring.prepare(settings)

    async def scheduling() -> None:
        time = SharedTime(Path(clock))
        telling = asyncio.create_task(tell_the_time(time, SharedTime(Path(seen))))
        await wiring.schedule(settings, time)
        telling.cancel()

    asyncio.run(scheduling())
    return 0


def manage(clock: str, service: str, port: str, state: str) -> int:
    """Run the reference CSMS."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    asyncio.run(_csms(clock, service, int(port), Path(state)))
    return 0


async def _csms(clock: str, service: str, port: int, state: Path) -> None:
    from csms import serving  # noqa: PLC0415

    async with serving(service, port=port, state_dir=state, clock=SharedClock(Path(clock))):
        await asyncio.Event().wait()


PROCESSES = {"serve": serve, "scheduler": schedule, "csms": manage}

if __name__ == "__main__":
    sys.exit(PROCESSES[sys.argv[1]](*sys.argv[2:]))
