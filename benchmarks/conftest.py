"""Benchmarks print ratios to a floor measured in the same run: machines are noisy, ratios less so."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from figures import Table

sys.path.append(str(Path(__file__).parents[1] / "tests"))  # the servers of the tests serve here as well

_TABLE = pytest.StashKey[Table]()
_OUT = Path(".benchmarks")


def pytest_configure(config: pytest.Config) -> None:
    """Start an empty table of results."""
    config.stash[_TABLE] = Table()


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Recorder:
    """Take a figure into the table that closes the run."""
    return Recorder(request.config.stash[_TABLE], request.node.nodeid)


class Recorder:
    """Collects rows of what was measured, the figure and its bound."""

    def __init__(self, table: Table, by: str) -> None:
        """Append to the run's table, as measured by a benchmark."""
        self._table, self._by = table, by

    def __call__(self, what: str, figure: str, bound: str = "", **ratios: float | None) -> None:
        """Add one row; ratios are told in the JSON as numbers of their own."""
        self._table.add(what, figure, bound, by=self._by, ratios=ratios)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table, and keep it as JSON and Markdown beside the benchmarks' cache."""
    table = config.stash[_TABLE]
    if table.rows:
        terminalreporter.section("figures")
        terminalreporter.write_line(table.markdown())
        table.save(_OUT)
