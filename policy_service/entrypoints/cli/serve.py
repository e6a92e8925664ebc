"""``serve``: the service, every setting of which is a flag."""

from __future__ import annotations

import inspect

import typer

from policy_service.entrypoints.cli.failure import demand_one
from policy_service.entrypoints.cli.given_settings import settings_of
from policy_service.entrypoints.cli.setting_flags import setting_flags

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_ADDRESS = frozenset({"host", "port"})
"""Flags in whose place a Unix socket stands. Variables of all may be set: `scheduler` listens at HOST all the same."""


def serve(**flags: str | bool | None) -> None:
    """Run the service. Every flag is also an environment variable, POLICY_SERVICE_ and its name; the flag wins.

    It stops on Ctrl-C or SIGTERM. A policy tree that cannot be put in force is told with all its mistakes.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    both = "--unix-socket and --host or --port both say where to listen"
    demand_one(both, "unix_socket" in given, not _ADDRESS.isdisjoint(given))
    settings = settings_of(given, "serve")
    from policy_service.entrypoints.http.server import run_server  # noqa: PLC0415 - --help needs no web framework

    raise typer.Exit(run_server(settings))


serve.__signature__ = inspect.Signature(setting_flags())  # type: ignore[attr-defined]  # what typer reads flags from
app.command(epilog="\b\nExample:\n  policy-service serve --policies policies --port 8080")(serve)
