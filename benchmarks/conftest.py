"""Benchmarks print ratios to a floor measured in the same run: machines are noisy, ratios less so."""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

sys.path.append(str(Path(__file__).parents[1] / "tests"))  # the servers of the tests serve here as well

_RESULTS = pytest.StashKey[list[dict[str, str]]]()


def pytest_configure(config: pytest.Config) -> None:
    """Start an empty table of results."""
    config.stash[_RESULTS] = []


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Iterator[Recorder]:
    """Take a figure into the table that closes the run."""
    return Recorder(request.config.stash[_RESULTS])


class Recorder:
    """Collects rows of what was measured, the figure and its bound."""

    def __init__(self, rows: list[dict[str, str]]) -> None:
        """Append to the run's rows."""
        self._rows = rows

    def __call__(self, what: str, figure: str, bound: str = "") -> None:
        """Add one row."""
        self._rows.append({"what": what, "figure": figure, "bound": bound})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table, and keep it as JSON and Markdown beside the benchmarks' cache."""
    rows = config.stash[_RESULTS]
    if not rows:
        return
    header = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    lines = ["| what | figure | bound |", "|---|---|---|"]
    lines += [f"| {row['what']} | {row['figure']} | {row['bound']} |" for row in rows]
    terminalreporter.section(f"figures ({header})")
    terminalreporter.write_line("\n".join(lines))
    out = Path(".benchmarks")
    out.mkdir(exist_ok=True)
    (out / "figures.md").write_text(f"{header}\n\n" + "\n".join(lines) + "\n")
    (out / "figures.json").write_text(json.dumps({"machine": header, "figures": rows}, indent=2))
