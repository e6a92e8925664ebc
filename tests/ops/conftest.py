"""The real promtool, and the metrics of a real service."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from fakes.served import POLICIES, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.served import Served

_HELP = """promtool is needed to test the alert rules, and could neither be found nor fetched: {why}
On Debian and Ubuntu: apt-get install prometheus; elsewhere it comes with Prometheus' releases."""


@pytest.fixture(scope="session")
def promtool(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the program: the system's, or one that Debian's package holds, which is unpacked and not installed."""
    if found := shutil.which("promtool"):
        return found
    home = tmp_path_factory.mktemp("promtool")
    home.chmod(0o777)  # apt fetches as a user of its own
    for lists in (["true"], ["apt-get", "--quiet=2", "update"]):
        _run(lists, home)
        fetched = _run(["apt-get", "--quiet=2", "download", "prometheus"], home)
        if packages := list(home.glob("prometheus_*.deb")):
            _run(["dpkg-deb", "--extract", str(packages[0]), "."], home)
            return str(home / "usr/bin/promtool")
    pytest.fail(_HELP.format(why=fetched))


def _run(words: list[str], home: Path) -> str:
    try:
        done = subprocess.run(words, cwd=home, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603
    except OSError as error:
        return str(error)
    return done.stdout + done.stderr


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve the shipped policies."""
    with serving(POLICIES, tmp_path_factory.mktemp("state")) as node:
        yield node
