"""Runs the command line inside this process, and one service for the commands that ask it."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest
from ended import HERE, Ended

from policy_service.entrypoints.cli.app import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

START_S = 60


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Run a command in the folder of these tests; ``stdin`` is what it reads."""
    monkeypatch.chdir(HERE)
    monkeypatch.setenv("COLUMNS", "100")
    for name in [name for name in os.environ if name.startswith("POLICY_SERVICE_")]:
        monkeypatch.delenv(name)

    def ended(*arguments: str, stdin: str | bytes = "") -> Ended:
        monkeypatch.setattr(
            "sys.stdin",
            io.TextIOWrapper(io.BytesIO(stdin.encode() if isinstance(stdin, str) else stdin), encoding="utf-8"),
        )
        code = run(arguments)
        told = capsys.readouterr()
        return Ended(code, told.out, told.err)

    return ended


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare a text with the file of that name; UPDATE_GOLDEN=1 writes it anew."""

    def compare(name: str, text: str) -> None:
        path = HERE / "golden" / name
        if os.environ.get("UPDATE_GOLDEN"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return compare


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run the service on the sound tree and give its address."""
    with _serving("sound", tmp_path_factory.mktemp("state")) as url:
        yield url


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run the service on a tree of two zones and a locked policy."""
    with _serving("mixed", tmp_path_factory.mktemp("state")) as url:
        yield url


@contextmanager
def _serving(tree: str, state: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "policy_service", "serve", "--port", str(port), "--policies", f"trees/{tree}"]
    with (state / "log").open("wb") as log:
        process = subprocess.Popen([*command, "--state-dir", str(state)], cwd=HERE, stdout=log, stderr=log)  # noqa: S603 - our own
        url = f"http://127.0.0.1:{port}"
        try:
            _await(url, process, state / "log")
            yield url
        finally:
            process.terminate()
            process.wait(20)


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"{url}/health/ready") as answer:  # noqa: S310 - loopback
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    pytest.fail(log.read_text(encoding="utf-8"))
