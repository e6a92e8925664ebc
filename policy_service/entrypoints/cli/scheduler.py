"""``scheduler``: tells chargers their modes beside a service that leaves it to others, on the same database."""

from __future__ import annotations

import asyncio
import inspect
import re
import signal
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import typer

from policy_service.entrypoints.cli.exit_codes import ExitCode
from policy_service.entrypoints.cli.given_settings import settings_of
from policy_service.entrypoints.cli.setting_flags import setting_flags

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from policy_service.settings import Settings

app = typer.Typer(rich_markup_mode=None, add_completion=False)
_OF_DECIDING = re.compile(
    "port|unix_socket|workers|max_body_bytes|hot_path|shutdown_grace|scheduler|reports"
    "|(pin|spool|record|enrol|ocpi|cache|snapshot)_.*"
)
"""Settings of a service that decides. They are taken all the same: both processes may be given the same."""


def scheduler(**flags: str | bool | None) -> None:
    """Tell chargers their modes in time, and nothing else: give the service --scheduler apart, and both the same.

    Any number may run: one at a time works, and another takes over within seconds. It stops on Ctrl-C or SIGTERM.
    At --scheduler-port it answers /metrics, /health/live and /health/ready.
    """
    settings = settings_of({name: value for name, value in flags.items() if value is not None}, "scheduler")
    from policy_service.bootstrap import wiring  # noqa: PLC0415 - --help needs no database

    wiring.prepare(settings)
    try:
        asyncio.run(_until_told(_schedule(settings)))
    except wiring.BrokenTreeError as error:
        typer.echo(wiring.rendered(error.state, settings.policies), err=True, nl=False)
        raise typer.Exit(ExitCode.FINDINGS if error.state.unreadable is None else ExitCode.USAGE) from None
    except wiring.StartError as error:
        typer.echo(str(error), err=True)
        unreachable = isinstance(error, wiring.NoDatabaseError)
        raise typer.Exit(ExitCode.UNREACHABLE if unreachable else ExitCode.USAGE) from None


async def _schedule(settings: Settings) -> None:
    """Tell chargers their modes until cancelled."""
    from policy_service.bootstrap import wiring  # noqa: PLC0415 - as above

    async with AsyncExitStack() as stack:
        scheduling = await stack.enter_async_context(wiring.scheduling(settings))
        if settings.scheduler_port is not None:
            from policy_service.entrypoints.http.scheduler_port import answering  # noqa: PLC0415 - most have no port

            await stack.enter_async_context(answering(scheduling, settings))
        await asyncio.Event().wait()


async def _until_told(work: Coroutine[None, None, None]) -> None:
    """Work until a signal."""
    task = asyncio.ensure_future(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    await asyncio.wait((task,))
    if not task.cancelled():
        task.result()


scheduler.__signature__ = inspect.Signature(setting_flags(unused=_OF_DECIDING))  # type: ignore[attr-defined]  # what typer reads flags from
app.command(epilog="\b\nExample:\n  policy-service scheduler --policies policies")(scheduler)
