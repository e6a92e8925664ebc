"""Decide over HTTP against two floors: a bare ASGI echo of an equal reply on uvicorn, and a constant without parsing.

Every caller brings a key, everything is counted, and one question in ten is denied, on the disk before the answer.
Floors and service take turns; each figure is the median of its rounds.
"""

from __future__ import annotations

import os
import statistics
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import fleet
import nodes
import pytest
from fakes.served import POLICIES
from floors import floor
from full_load import load, write

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from conftest import Recorder
    from full_load import Figures, Target
    from nodes import Node, Question

_VEHICLES = int(os.environ.get("POLICY_SERVICE_BENCH_IDENTIFIERS", "1000000"))
_ASKED = 100_000
"""Distinct questions over the yard, drawn at random from all of its chargers and vehicles; the process holds them."""
_CACHE = 200_000
"""Vehicles that a process holds at most."""
_SECONDS = float(os.environ.get("POLICY_SERVICE_BENCH_SECONDS", "1"))
_ROUNDS = int(os.environ.get("POLICY_SERVICE_BENCH_ROUNDS", "5"))
_MOST_MB = 400
_MODES = ("protocol", "asgi", "off")
_LEAST = {
    ("shipped", "protocol"): 1.7,
    ("shipped", "asgi"): 0.65,
    ("random", "protocol"): 1.4,
    ("random", "asgi"): 0.55,
}
"""Throughput in echoes at 16 connections, one worker, TCP."""
_BOUND_AT = 16


class _Setup(NamedTuple):
    """How the service and its floors are met."""

    mode: str
    workers: int = 1
    unix: bool = False
    sync: str = "always"
    """``interval``: a denial is in its file before its answer, which outlives every kill but no power cut."""

    def __str__(self) -> str:
        """Name it in a row of the table."""
        workers = "one worker" if self.workers == 1 else f"{self.workers} workers"
        written = "" if self.sync == "always" else f", SPOOL_SYNC={self.sync}"
        return f"{self.mode}, {workers}, {'Unix socket' if self.unix else 'TCP'}{written}"


class _Rounds(NamedTuple):
    """What service and floors did in turn."""

    service: Sequence[Figures]
    echo: Sequence[Figures]
    constant: Sequence[Figures]

    def ratio(self, field: str, to: str = "echo") -> float:
        """Return the median over rounds of a figure of the service in those of a floor."""
        pairs = zip(self.service, getattr(self, to), strict=True)
        return statistics.median(getattr(ours, field) / getattr(theirs, field) for ours, theirs in pairs)


@pytest.mark.parametrize(
    ("setup", "connections"),
    [
        *((_Setup(mode), (1, 16, 64)) for mode in _MODES),
        (_Setup("protocol", sync="interval"), (1, 16, 64)),
        *((_Setup(mode, unix=True), (16,)) for mode in ("protocol", "asgi")),
        *((_Setup(mode, workers=2), (16, 64)) for mode in ("protocol", "asgi")),
    ],
    ids=str,
)
def test_the_shipped_policies(setup: _Setup, connections: Sequence[int], tmp_path: Path, record: Recorder) -> None:
    """A thousand vehicles at twenty chargers."""
    with nodes.node(POLICIES, tmp_path / "state", **_settings(setup, tmp_path)) as node:
        node.bring_in(nodes.shipped_fleet())
        questions = nodes.shipped_questions()
        for _ in range(setup.workers * 2):
            node.warm(questions)
        _measure(record, "shipped", setup, node, questions, connections, tmp_path)


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bring a million vehicles into the registry of a yard of 100,000 chargers; return the yard's folder."""
    folder = tmp_path_factory.mktemp("yard")
    policies = nodes.yard_of(nodes.CHARGERS, folder / "policies")
    with nodes.node(policies, folder / "state", scheduler="apart") as node:
        node.bring_in(fleet.ndjson(_VEHICLES))
    return folder


@pytest.mark.parametrize("setup", [_Setup("protocol"), _Setup("protocol", sync="interval"), _Setup("asgi")], ids=str)
def test_random_keys(setup: _Setup, registered: Path, tmp_path: Path, record: Recorder) -> None:
    """100,000 chargers and a million vehicles, asked about in no order; a scheduler of its own tells the chargers."""
    settings = _settings(setup, tmp_path)
    with nodes.node(registered / "policies", registered / "state", scheduler="apart", **settings) as node:
        questions = nodes.yard_questions(_ASKED, _VEHICLES)
        node.warm(questions)
        _measure(record, "random", setup, node, questions, (16,), tmp_path)


def test_the_memory_of_a_worker(registered: Path, record: Recorder) -> None:
    """With 100,000 chargers and a million vehicles, when its cache is full."""
    with nodes.node(registered / "policies", registered / "state", scheduler="apart") as node:
        node.warm(nodes.yard_questions(_CACHE * 2, _VEHICLES))
        mb = nodes.rss_mb(node.target.pid)
    what = f"RSS of a worker, {nodes.CHARGERS:,} chargers, {_VEHICLES:,} vehicles, cache full"
    record(what, f"{mb:.0f} MB", f"≤ {_MOST_MB} MB", mb=mb)
    assert mb <= _MOST_MB


def _settings(setup: _Setup, folder: Path) -> dict[str, object]:
    told: dict[str, object] = {"hot_path": setup.mode, "workers": setup.workers, "spool_sync": setup.sync}
    return told | ({"unix_socket": folder / "node"} if setup.unix else {})


def _measure(
    record: Recorder,
    keys: str,
    setup: _Setup,
    node: Node,
    questions: Sequence[Question],
    connections: Sequence[int],
    folder: Path,
) -> None:
    file = write(nodes.requests(questions), folder / "requests")
    with _floors(node.reply(questions[1]), setup, folder) as (echo, constant):
        measured = {count: _turns(node, echo, constant, file, count) for count in connections}
    bound = _LEAST.get((keys, setup.mode)) if setup == _Setup(setup.mode) else None
    held = [
        _recorded(record, f"{keys} keys, {setup}, {count} connections", rounds, bound if count == _BOUND_AT else None)
        for count, rounds in measured.items()
    ]
    assert all(held)


@contextmanager
def _floors(reply: bytes, setup: _Setup, folder: Path) -> Iterator[tuple[Target, Target]]:
    at = {kind: folder / kind if setup.unix else None for kind in ("echo", "constant")}
    with (
        floor("echo", reply, workers=setup.workers, path=at["echo"]) as echo,
        floor("constant", reply, workers=setup.workers, path=at["constant"]) as constant,
    ):
        yield echo, constant


def _turns(node: Node, echo: Target, constant: Target, file: Path, connections: int) -> _Rounds:
    """Let service and floors take turns; what the first turn meets is not warm yet and does not count."""
    found: dict[Target, list[Figures]] = {node.target: [], echo: [], constant: []}
    for turn in range(_ROUNDS + 1):
        for target, figures in found.items():
            node.quiet()
            seen = load(target, file, connections=connections, seconds=_SECONDS)
            assert not seen.failed
            if turn:
                figures.append(seen)
    return _Rounds(found[node.target], found[echo], found[constant])


def _recorded(record: Recorder, what: str, rounds: _Rounds, least: float | None) -> bool:
    """Take the figures into the table, and tell whether they hold."""
    rate, p50, p99 = (rounds.ratio(field) for field in ("rate", "p50_ms", "p99_ms"))
    distance = rounds.ratio("rate", "constant")
    ours, theirs = (statistics.median(each.rate for each in side) for side in (rounds.service, rounds.echo))
    told = f"{rate:.2f} x echo ({ours:,.0f} to {theirs:,.0f} a second), {distance:.2f} x constant"
    bound = "" if least is None else f"≥ {least} x" + ("; p99 ≤ 1 x" if least >= 1 else "")
    took = statistics.median(each.p99_ms for each in rounds.service)
    record(
        f"decide over HTTP, {what}",
        f"{told}; p50 {p50:.2f} x, p99 {p99:.2f} x ({took:.2f} ms)",
        bound,
        rate=rate,
        p50=p50,
        p99=p99,
        rate_to_constant=distance,
    )
    return least is None or (rate >= least and (least < 1 or p99 <= 1))
