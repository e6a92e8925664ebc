"""1,000 policies over 100,000 chargers, from files: whole commands that check them, and ask 1,000 cases."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
import yard

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Recorder

_POLICIES, _CHARGERS, _WINDOWS, _CASES = 1000, 100_000, 5, 1000
_ROUNDS = 3
_MOST_SECONDS_TO_CHECK = 10.0
_MOST_SECONDS_TO_TEST = 3.0
_NOW = "2026-11-23T00:00:00Z"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of the large tree, with a PolicyTest that asks once of each policy."""
    directory = tmp_path_factory.mktemp("tree")
    for name, text in {**yard.files(_POLICIES, _CHARGERS, _WINDOWS), "tests.json": _tests()}.items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text)
    return directory


def _tests() -> bytes:
    cases = [
        {
            "name": f"case {number}",
            "charger": f"P{number % _POLICIES}-000001",
            "vehicle": "unknown",
            "at": "2026-11-21T12:00:00Z",
            "expect": {"outcome": "allowed", "mode": "freevend"},
        }
        for number in range(_CASES)
    ]
    document = {
        "apiVersion": "policy-service/v1",
        "kind": "PolicyTest",
        "metadata": {"name": "saturdays"},
        "spec": {"cases": cases},
    }
    return json.dumps(document).encode()


def test_a_large_tree_is_soon_checked(tree: Path, record: Recorder) -> None:
    """Reading, compiling, every rule of lint, and the report, in a process of its own."""
    told, seconds = _run("check", str(tree), "--now", _NOW, "--format", "json")
    assert json.loads(told)["errors"] == 0
    record(
        "check of 1,000 policies, 100,000 chargers, every rule, read from files",
        f"{seconds:.1f} s",
        f"≤ {_MOST_SECONDS_TO_CHECK:.0f} s",
    )
    assert seconds <= _MOST_SECONDS_TO_CHECK


def test_a_thousand_cases_are_soon_asked(tree: Path, record: Recorder) -> None:
    """A case of each policy, from the start of the process to its end: the tree is read and compiled in it."""
    told, seconds = _run("test", str(tree), "--junit", str(tree.parent / "junit.xml"))
    assert told.startswith(f"{_CASES} passed")
    record(
        "test of 1,000 cases among 1,000 policies, 100,000 chargers, read from files",
        f"{seconds:.1f} s",
        f"≤ {_MOST_SECONDS_TO_TEST:.0f} s",
    )
    assert seconds <= _MOST_SECONDS_TO_TEST


def _run(*arguments: str) -> tuple[str, float]:
    """Run a command some times; return what it says, and the seconds of the quickest: others use the machine, too."""
    took: list[float] = []
    told = ""
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        done = subprocess.run(  # noqa: S603 - our own
            [sys.executable, "-m", "policy_service", *arguments], check=True, capture_output=True, text=True
        )
        took.append(time.perf_counter() - start)
        told = done.stdout
    return told, min(took)
