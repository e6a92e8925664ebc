"""Keys for tests: made by the real command on the state directory of a service."""

from __future__ import annotations

import asyncio
import subprocess
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from fakes.launched import launched

from policy_service.bootstrap.key_commands import key_commands
from policy_service.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from policy_service.application.commands.manage_keys import WantedKey

BOOTSTRAP = "a-bootstrap-key-of-the-tests"


def keys(state: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run ``policy-service keys``."""
    with TemporaryFile("w+") as out, TemporaryFile("w+") as err:
        code = launched(out, err, "keys", *arguments, settings={"state_dir": state, **settings}).wait(60)
        told = [(stream.seek(0), stream.read())[1] for stream in (out, err)]
    return subprocess.CompletedProcess(["keys", *arguments], code, *told)


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
