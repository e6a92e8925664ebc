"""``doctor``: what stands in the way of working on policies here, or of running the service."""

from __future__ import annotations

import os
import platform
import shutil
import stat
import sys
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer
from rich.text import Text

import policy_service
from policy_service import bootstrap
from policy_service.domain.diagnostic import Severity
from policy_service.engine.zone import ZONE_DATA_VERSION
from policy_service.entrypoints.certificate import validity
from policy_service.entrypoints.cli.console import can_draw, out, out_json
from policy_service.entrypoints.cli.exit_codes import ExitCode
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.findings import plural
from policy_service.entrypoints.cli.option_groups import grouped
from policy_service.entrypoints.cli.policy_tree import FixedClock, default_directory, loaded, read_directory
from policy_service.entrypoints.cli.service_calls import Connection

if TYPE_CHECKING:
    from collections.abc import Iterator

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_SOON = timedelta(days=14)
_STYLES = {"well": "green", "note": "yellow", "ill": "bold red"}


class State(StrEnum):
    """How one thing stands."""

    WELL = "well"
    NOTE = "note"
    """Something does without it."""
    ILL = "ill"


class Examined(NamedTuple):
    """One thing that was looked at, and what to do where it is not well."""

    what: str
    state: State
    told: str
    help: str | None = None


@app.command(epilog="\b\nExamples:\n  policy-service doctor\n  policy-service doctor --service")
@grouped
def doctor(
    *,
    service: Annotated[bool, typer.Option("--service", help="Ask the running service as well.")] = False,
    connection: Connection,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Look for what stands in the way: releases, data, policies, git, key file, certificate, the service where asked.

    Exits 1 where anything is ill. Nothing is changed, and no secret is shown.
    """
    found = list(_examined(connection, service=service))
    if as_json:
        out_json({"examined": [each._asdict() for each in found]})
    else:
        for each in found:
            out(Text.assemble((f"{each.state!s:5}", _STYLES[each.state]), f" {each.what}: {each.told}"))
            if each.help and each.state is not State.WELL:
                out(f"      help: {each.help}")
    if any(each.state is State.ILL for each in found):
        raise typer.Exit(ExitCode.FINDINGS)


def _examined(connection: Connection, *, service: bool) -> Iterator[Examined]:
    yield Examined("policy-service", State.WELL, f"{policy_service.__version__} on Python {platform.python_version()}")
    yield Examined("time zone data", State.WELL, f"{ZONE_DATA_VERSION}, pinned")
    yield Examined("public holidays", State.WELL, bootstrap.offline().holidays.version)
    yield _terminal()
    yield _git()
    yield _policies(default_directory())
    if connection.key_file is not None:
        yield _key_file(connection.key_file)
    if certificate := os.environ.get("POLICY_SERVICE_TLS_CERT_FILE"):
        yield _certificate(Path(certificate))
    if service:
        yield _service(connection)


def _terminal() -> Examined:
    if can_draw(sys.stdout.encoding):
        return Examined("output", State.WELL, sys.stdout.encoding)
    return Examined("output", State.NOTE, f"{sys.stdout.encoding}: drawn with ASCII", "set PYTHONUTF8=1")


def _git() -> Examined:
    path = shutil.which("git")
    if path is None:
        return Examined("git", State.NOTE, "not found", "`diff` needs it to compare revisions")
    return Examined("git", State.WELL, path)


def _policies(directory: Path) -> Examined:
    what = f"policies in {directory}"
    try:
        state = loaded(read_directory(directory), FixedClock()).state
    except CommandError as error:
        return Examined(what, State.ILL, error.message, error.hint)
    errors = sum(each.severity is Severity.ERROR for each in state.diagnostics)
    warnings = len(state.diagnostics) - errors
    told = f"{plural(errors, 'error')}, {plural(warnings, 'warning')}"
    if state.plan is None:
        return Examined(what, State.ILL, told, f"see `policy-service check {directory}`")
    return Examined(what, State.WELL, f"{plural(len(state.plan.chargers), 'charger')}, {told}")


def _key_file(path: Path) -> Examined:
    what = f"key file {path}"
    try:
        mode = path.stat().st_mode
        readable = os.access(path, os.R_OK)
    except OSError as error:
        return Examined(what, State.ILL, error.strerror or "not found", "make a key with `policy-service keys create`")
    if not readable:
        return Examined(what, State.ILL, "cannot be read", "check its rights")
    if mode & _OTHERS:
        return Examined(what, State.NOTE, f"others may read it ({stat.filemode(mode)})", f"chmod 600 {path}")
    return Examined(what, State.WELL, "yours alone")


def _certificate(path: Path) -> Examined:
    what, now = f"certificate {path}", datetime.now(UTC)
    try:
        read = validity(path)
    except (OSError, ValueError) as error:
        return Examined(what, State.ILL, f"cannot be read ({type(error).__name__})", "give a chain in PEM")
    if trouble := read.trouble(now):
        return Examined(what, State.ILL, trouble, "clients refuse it: renew it, and restart the service")
    if read.ends - now < _SOON:
        return Examined(what, State.NOTE, str(read), "renew it, and restart the service")
    return Examined(what, State.WELL, str(read))


def _service(connection: Connection) -> Examined:
    what = f"service at {connection.url}"
    try:
        ready = connection.calls().get("/health/ready")
    except CommandError as error:
        return Examined(what, State.ILL, error.message, error.hint)
    if ready["status"] != "ready":
        return Examined(what, State.NOTE, f"{ready['status']}: {'; '.join(ready['problems'])}")
    return Examined(what, State.WELL, f"ready, {ready['revision']}")
