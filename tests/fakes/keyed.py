"""Keys for tests: made by the real command on the state directory of a service."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from policy_service.bootstrap.key_commands import key_commands
from policy_service.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from policy_service.application.commands.manage_keys import WantedKey

BOOTSTRAP = "a-bootstrap-key-of-the-tests"


def keys(state: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run ``policy-service keys``."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("POLICY_SERVICE_")}
    variables = {f"POLICY_SERVICE_{name.upper()}": value for name, value in settings.items()}
    return subprocess.run(  # noqa: S603 - our own interpreter and our own code
        [sys.executable, "-m", "policy_service", "keys", *arguments],
        env=clean | {"POLICY_SERVICE_STATE_DIR": str(state)} | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def made(state: Path, name: str, *scopes: str, **more: str) -> str:
    """Make a key and return its text."""
    flags = [part for scope in scopes for part in ("--scope", scope)]
    flags += [part for flag, value in more.items() for part in (f"--{flag}", value)]
    ended = keys(state, "create", "--name", name, *flags)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.removesuffix("\n")


def bootstrap_file(folder: Path, text: str = BOOTSTRAP) -> Path:
    """Write a file with a bootstrap key."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "bootstrap.key"
    file.write_text(text + "\n")
    return file


def bearer(key: str) -> dict[str, str]:
    """Return the header that brings a key."""
    return {"Authorization": f"Bearer {key}"}


def stored(state: Path, *wanted: WantedKey) -> list[str]:
    """Make keys without the command, which costs a process each; return their texts."""

    async def make() -> list[str]:
        async with key_commands(Settings(state_dir=state), make=True) as store:
            return [(await store.manage.create(each, by="tests")).text for each in wanted]

    return asyncio.run(make())
