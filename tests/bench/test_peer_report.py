"""The report of the comparison tells ratios within the run, and every bound that is missed."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from peers.peer import Asking, Engine, Loaded, Server
from peers.report import ENGINE, SERVICE, EngineFigure, Goal, Report, ServerFigure, as_json, as_markdown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peers.depots import Yard


@contextmanager
def nothing(_yard: Yard) -> Iterator[Loaded]:
    yield Loaded(lambda question: (question,), bool, bool)


@contextmanager
def nobody(_yard: Yard) -> Iterator[Asking]:
    yield Asking(1, "/", {}, str, bool, 1)


def engine(name: str, *, is_peer: bool = True) -> Engine:
    return Engine(name, "", f"{name} at its best", f"what {name} lacks", nothing, is_peer=is_peer)


def server(name: str) -> Server:
    return Server(name, lambda: "1.0", f"{name} at its best", f"what {name} lacks", nobody, is_peer=name != SERVICE)


@pytest.fixture
def report() -> Report:
    return Report(
        machine="a machine",
        load_generator="a generator",
        policies="Some policies.",
        versions={"zen": "2.1", "Cerbos": "0.55"},
        skipped={"OPA": "it comes by `go`, which is not installed"},
        engines=[engine("floor", is_peer=False), engine(ENGINE, is_peer=False), engine("zen")],
        servers=[server(SERVICE), server("Cerbos")],
        in_process=[
            EngineFigure("floor", 1, 200),
            EngineFigure(ENGINE, 1, 500),
            EngineFigure("zen", 1, 400),
            EngineFigure("floor", 1000, 200),
            EngineFigure(ENGINE, 1000, 500),
            EngineFigure("zen", 1000, 60_000),
        ],
        over_http=[
            ServerFigure(SERVICE, 1, 16, 30_000, 0.4, 1.0, 0, 180),
            ServerFigure("Cerbos", 1, 16, 5_000, 2.0, 2.5, 0, 120),
        ],
    )


def test_a_bound_is_kept_from_its_value_on() -> None:
    assert Goal("", 5.0, 5.0).holds
    assert not Goal("", 4.99, 5.0).holds


def test_only_peers_are_raced_and_each_bound_is_judged(report: Report) -> None:
    assert report.goals() == [
        Goal("in process, 1 window: ahead of zen", 0.8, 1.0),
        Goal("in process, 1,000 windows: ahead of zen", 120.0, 100.0),
        Goal("over HTTP, 1 window, 16 connections: Cerbos, throughput", 6.0, 5.0),
        Goal("over HTTP, 1 window, 16 connections: Cerbos, p99", 2.5, 3.0),
    ]
    assert [goal.holds for goal in report.goals()] == [False, True, True, False]


def test_the_page_tells_ratios_misses_versions_and_who_was_left_out(report: Report) -> None:
    page = as_markdown(report)
    assert "| zen | 0.40 (0.80 x) | 60.00 (120 x) |" in page
    assert "| in process, 1 window: ahead of zen | 0.80 x | ≥ 1.00 x | **missed** |" in page
    assert "| Cerbos | 1 | 16 | 5,000 | 2.000 | 2.500 | 0 | 120 |" in page
    assert "| Cerbos | 0.55 | Cerbos at its best | what Cerbos lacks |" in page
    assert "- OPA: it comes by `go`, which is not installed" in page


def test_a_peer_without_a_figure_at_a_size_has_an_empty_cell(report: Report) -> None:
    shorter = report._replace(in_process=[each for each in report.in_process if each.nanoseconds != 60_000])
    assert "| zen | 0.40 (0.80 x) |  |" in as_markdown(shorter)


def test_a_part_without_figures_is_left_out(report: Report) -> None:
    page = as_markdown(report._replace(over_http=[], skipped={}))
    headings = [line for line in page.splitlines() if line.startswith("### ")]
    assert headings == ["### In process", "### Bounds", "### How each is used, and what it cannot express"]


def test_json_says_the_same(report: Report) -> None:
    told = json.loads(json.dumps(as_json(report)))
    assert told["versions"] == {"zen": "2.1", "Cerbos": "0.55"}
    assert told["in_process"][2] == {"name": "zen", "windows": 1, "nanoseconds": 400, "ratio": 0.8}
    assert told["goals"][0] == {
        "what": "in process, 1 window: ahead of zen",
        "factor": 0.8,
        "bound": 1.0,
        "holds": False,
    }
    assert told["skipped"] == report.skipped
