"""What a start costs before it does anything: the modules that it needs, and no search for garbage in them."""

from __future__ import annotations

import json
import subprocess
import sys

_LOADED = """
import gc, json, sys
collected = []
gc.callbacks.append(lambda phase, about: collected.append(about["generation"]) if phase == "start" else None)
import policy_service.entrypoints.http.server
print(json.dumps([collected, gc.isenabled(), gc.get_freeze_count() > 0, list(sys.modules)]))
"""
_NEEDLESS = (
    "alembic",
    "asyncpg",
    "attr",
    "fastapi",
    "holidays",
    "httpx2",
    "joserfc",
    "opentelemetry.sdk",
    "policy_service.client",
    "policy_service.entrypoints.cli",
    "policy_service.lint",
    "pygments",
    "redis",
    "rich",
    "rule_engine",
    "sqlalchemy.orm",
    "starlette",
)
"""What only some settings, some policies or other commands need, or nothing before the first decision."""


def test_modules_of_the_server_load_without_being_gone_through_and_without_what_not_every_start_needs() -> None:
    command = [sys.executable, "-c", _LOADED]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - our own
    collected, enabled, frozen, modules = json.loads(result.stdout)
    assert 2 not in collected, "everything was gone through"
    assert (enabled, frozen) == (True, True)
    assert [name for name in modules if any(f"{name}.".startswith(f"{each}.") for each in _NEEDLESS)] == []
