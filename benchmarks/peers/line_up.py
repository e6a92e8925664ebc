"""Who takes part. A peer that cannot is named with its reason, and the others go on."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, NamedTuple

from peers.peer import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from peers.peer import Engine, Server

ENGINES = (
    "floor",
    "engine",
    "whole_decide",
    "zen_expression",
    "cel_program",
    "rego",
    "cedar",
    "rule_engine_rules",
    "casbin_enforcer",
)
SERVERS = ("service", "cerbos", "opa", "fastapi_rules")


class LineUp(NamedTuple):
    """Who takes part in which version, and who does not and why."""

    engines: Sequence[Engine]
    servers: Sequence[Server]
    versions: dict[str, str]
    skipped: dict[str, str]


def line_up(engines: Iterable[str] = ENGINES, servers: Iterable[str] = SERVERS) -> LineUp:
    """Import the modules of these names and fetch what they need."""
    skipped: dict[str, str] = {}
    versions: dict[str, str] = {}
    found: list[Engine] = []
    for name in engines:
        try:
            engine: Engine = import_module(f"peers.in_process.{name}").PEER
            if engine.distribution:
                versions[engine.name] = version(engine.distribution)
        except (ImportError, PackageNotFoundError) as error:
            skipped[name] = f"not installed: {error}"
        else:
            found.append(engine)
    serving: list[Server] = []
    for name in servers:
        server: Server = import_module(f"peers.over_http.{name}").PEER
        try:
            versions[server.name] = server.version()
        except UnavailableError as error:
            skipped[server.name] = str(error)
        else:
            serving.append(server)
    return LineUp(found, serving, versions, skipped)
