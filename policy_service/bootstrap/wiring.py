"""The service, wired: every port with its adapter, and what keeps it current."""

from __future__ import annotations

import asyncio
import os
import shutil
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import structlog

from policy_service.adapters.system_clock import SystemClock
from policy_service.application.commands.reload_policies import BrokenTreeError
from policy_service.application.ports import StoreUnavailableError
from policy_service.bootstrap.transitions import open_scheduling
from policy_service.bootstrap.use_cases import build
from policy_service.engine.zone import use_pinned_zone_data
from policy_service.language.render import render

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Sequence
    from pathlib import Path

    from policy_service.application.plan_holder import PlanState
    from policy_service.application.ports import Clock
    from policy_service.application.service import Service
    from policy_service.bootstrap.stores import Work
    from policy_service.bootstrap.transitions import Scheduling
    from policy_service.bootstrap.use_cases import Built
    from policy_service.settings import Settings

__all__ = [
    "BrokenTreeError",
    "StartError",
    "ended",
    "forget_worker",
    "kept_up",
    "prepare",
    "rehearse",
    "rendered",
    "running",
    "scheduling",
    "share_metrics",
]

_PAUSE_S = 1.0
"""How long work in the background rests after it has failed."""
_log = structlog.get_logger("policy_service.bootstrap")


class StartError(Exception):
    """The service cannot start; the message says what to do about it."""


class NoDatabaseError(StartError):
    """The service cannot start, as its database cannot be reached."""


def prepare(settings: Settings) -> None:
    """Set the process up: zone data and logs."""
    use_pinned_zone_data()
    from policy_service.adapters.telemetry import configure_logs  # noqa: PLC0415 - see share_metrics()

    configure_logs(settings.log_level, settings.log_format)


def share_metrics(settings: Settings) -> None:
    """Let the worker processes to come put their metrics together; what a run before left is wiped.

    The variable is read when prometheus_client is first imported, so in the workers, and not in this process.
    """
    directory = settings.state_dir / "metrics"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)


def forget_worker(pid: int) -> None:
    """Let the gauges of a worker that has ended no longer count; what it counted stays."""
    from policy_service.adapters.telemetry import forget_gauges_of  # noqa: PLC0415 - see share_metrics()

    forget_gauges_of(pid)


def rendered(state: PlanState, policies: Path) -> str:
    """Return the diagnostics of a tree that cannot be served, as text; ``policies`` is its directory."""
    if state.unreadable is not None:
        hint = "--policies or POLICY_SERVICE_POLICIES names the directory of the policy files"
        return f"error: {state.unreadable}: {policies}\n  help: {hint}\n"
    return render(state.diagnostics, state.sources)


async def rehearse(settings: Settings) -> None:
    """Bring everything up and down again once, before worker processes do. Raises BrokenTreeError and StartError."""
    async with running(settings):
        pass


@asynccontextmanager
async def running(settings: Settings, clock: Clock | None = None) -> AsyncGenerator[Service]:
    """Build the service, keep it current while the context is open, and flush what waits on leaving.

    ``clock`` is what tells the time instead of the machine. Raises BrokenTreeError and StartError.
    """
    async with AsyncExitStack() as stack:
        built = await _opened(settings, stack, clock or SystemClock())
        await built.service.reload.start(built.stores.remembered)
        stack.push_async_callback(ended, [asyncio.create_task(kept_up(work)) for work in built.background])
        yield built.service


@asynccontextmanager
async def scheduling(settings: Settings, clock: Clock | None = None) -> AsyncGenerator[Scheduling]:
    """Tell chargers their modes while the context is open, and nothing else. Raises BrokenTreeError and StartError."""
    async with AsyncExitStack() as stack:
        with _told():
            opened = await open_scheduling(settings, stack, clock or SystemClock())
        stack.push_async_callback(ended, [asyncio.create_task(kept_up(work)) for work in opened.background])
        yield opened


async def _opened(settings: Settings, stack: AsyncExitStack, clock: Clock) -> Built:
    with _told():
        built = await build(settings, stack, clock)
        await built.stores.watch.look()
        await built.door.open(settings)
    return built


@contextmanager
def _told() -> Generator[None]:
    """Say what to do about what stands in the way of a start."""
    try:
        yield
    except StoreUnavailableError as error:
        message = f"error: {error}; see POLICY_SERVICE_DATABASE_URL"
        raise NoDatabaseError(message) from error
    except ValueError as error:
        message = f"error: {error}"
        raise StartError(message) from error
    except OSError as error:
        message = f"error: the state directory cannot be used ({type(error).__name__}); see POLICY_SERVICE_STATE_DIR"
        raise StartError(message) from error


async def kept_up(work: Work, *, pause_s: float = _PAUSE_S) -> None:
    """Run work that never ends by itself; should a defect end it, say so and begin it anew.

    A service that went on with policies or a registry that nobody keeps current would look as sound as ever.
    """
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - whatever it was, the work has to go on
            name = getattr(getattr(work, "func", work), "__name__", "")
            told = {"error.type": type(error).__qualname__}
            _log.error("work in the background failed and begins anew", work=name, exc_info=error, **told)
        await asyncio.sleep(pause_s)


async def ended(tasks: Sequence[asyncio.Task[None]], *, pause_s: float = _PAUSE_S) -> None:
    """End all work at once; it is told again, should some library have kept that to itself."""
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=pause_s)
