"""The comparison: everybody loaded with the same policies, compared answer by answer, then timed in turns."""

from __future__ import annotations

import gc
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from peers import load
from peers.depots import yard
from peers.measure import Contestant, best_of, contestant
from peers.peer import UnavailableError
from peers.processes import rss_mb
from peers.questions import questions
from peers.report import EngineFigure, ServerFigure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from load_figures import Figures

    from peers.depots import Yard
    from peers.line_up import LineUp
    from peers.peer import Asking
    from peers.questions import Question

_BEGAN = perf_counter()
_WARM_UP_S = 1
_COMPARED = 1_000
"""Questions whose answers over HTTP are compared."""


class Extent(NamedTuple):
    """How much is asked of everybody."""

    windows: Sequence[int]
    """Windows a depot, one comparison each."""
    chargers: int
    questions: int
    rounds: int
    connections: Sequence[int]
    seconds: int
    """For how long a load over HTTP lasts."""


def say(text: str) -> None:
    """Tell how far the run is; what it found goes to standard output alone."""
    sys.stderr.write(f"{perf_counter() - _BEGAN:6.0f} s  {text}\n")
    sys.stderr.flush()


def in_process(line_up: LineUp, extent: Extent) -> Iterator[EngineFigure]:
    """Time every engine at every size."""
    for windows in extent.windows:
        made = yard(windows, extent.chargers)
        asked = questions(made, extent.questions)
        with ExitStack() as stack:
            ready: list[Contestant] = []
            for engine in line_up.engines:
                say(f"in process, {windows} windows: {engine.name} is loaded and compared")
                ready.append(contestant(engine.name, stack.enter_context(engine.load(made)), asked))
            say(f"in process, {windows} windows: timed in {extent.rounds} rounds")
            gc.collect()
            gc.freeze()
            nanoseconds = best_of(ready, extent.rounds)
            gc.unfreeze()
        yield from (EngineFigure(name, windows, took) for name, took in nanoseconds.items())


def over_http(line_up: LineUp, extent: Extent, wrk: Path) -> Iterator[ServerFigure]:
    """Put loads on every server at every size. All are up, and one at a time is asked."""
    for windows in extent.windows:
        made = yard(windows, extent.chargers)
        asked = questions(made, extent.questions)
        with ExitStack() as stack:
            place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            loads = list(_up(line_up, made, asked, place, stack))
            for target in loads:
                load.put(target.asking, target.requests, wrk, connections=max(extent.connections), seconds=_WARM_UP_S)
            for connections in extent.connections:
                yield from _in_turns(loads, windows, connections, extent, wrk)


class _Target(NamedTuple):
    """A server that is up, and the requests for it."""

    name: str
    asking: Asking
    requests: Path


def _up(line_up: LineUp, made: Yard, asked: Sequence[Question], place: Path, stack: ExitStack) -> Iterator[_Target]:
    for server in line_up.servers:
        say(f"over HTTP, {len(made.depots[0].windows)} windows: {server.name} is started and compared")
        try:
            asking = stack.enter_context(server.serve(made))
        except UnavailableError as error:
            line_up.skipped[server.name] = str(error)
            say(f"  skipped: {error}")
            continue
        load.compare(server.name, asking, asked[:_COMPARED])
        yield _Target(server.name, asking, load.written(asking, asked, place / server.name))


def _in_turns(
    loads: Sequence[_Target], windows: int, connections: int, extent: Extent, wrk: Path
) -> Iterator[ServerFigure]:
    rounds: dict[str, list[Figures]] = {target.name: [] for target in loads}
    for _ in range(extent.rounds):
        for target in loads:
            figures = load.put(target.asking, target.requests, wrk, connections=connections, seconds=extent.seconds)
            rounds[target.name].append(figures)
            told = f"{figures.rate:,.0f} a second, p99 {figures.p99_ms:.2f} ms"
            say(f"  {target.name}, {connections} connections: {told}")
    for target in loads:
        yield _middle(target.name, windows, connections, rounds[target.name], rss_mb(target.asking.pid))


def _middle(name: str, windows: int, connections: int, rounds: Sequence[Figures], rss: float) -> ServerFigure:
    """Return the medians over the rounds; failures are counted over all of them."""
    return ServerFigure(
        name,
        windows,
        connections,
        median(figures.rate for figures in rounds),
        median(figures.p50_ms for figures in rounds),
        median(figures.p99_ms for figures in rounds),
        sum(figures.failed for figures in rounds),
        rss,
    )
