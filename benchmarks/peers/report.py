"""What was found, as Markdown for people and JSON for programs: ratios first, since machines differ."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from peers.peer import Engine, Server

ENGINE, SERVICE = "policy-service, engine", "policy-service"
"""The rows that the others are compared with."""
AHEAD_AT_ONE, AHEAD_AT_A_THOUSAND = 1.0, 100.0
AHEAD_IN_RATE, AHEAD_IN_P99 = 5.0, 3.0
BY_HTTP = ("Cerbos", "OPA")
"""The servers that the bounds over HTTP are about."""
_ONE, _A_THOUSAND = 1, 1_000
_IN_PROCESS = "Microseconds of processor time an answer, and how often policy-service's engine answers meanwhile."


class EngineFigure(NamedTuple):
    """Nanoseconds of processor time an answer."""

    name: str
    windows: int
    nanoseconds: float


class ServerFigure(NamedTuple):
    """What a server did under so many connections; ``rate`` in answers a second."""

    name: str
    windows: int
    connections: int
    rate: float
    p50_ms: float
    p99_ms: float
    failed: int
    rss_mb: float


class Goal(NamedTuple):
    """A bound, what was found, and whether it holds; ``factor`` is how far policy-service is ahead."""

    what: str
    factor: float
    bound: float

    @property
    def holds(self) -> bool:
        """Tell whether the bound is kept."""
        return self.factor >= self.bound


class Report(NamedTuple):
    """A whole run."""

    machine: str
    load_generator: str
    policies: str
    versions: Mapping[str, str]
    skipped: Mapping[str, str]
    engines: Sequence[Engine]
    servers: Sequence[Server]
    in_process: Sequence[EngineFigure]
    over_http: Sequence[ServerFigure]

    def all(self) -> list[Engine | Server]:
        """Return everybody who took part."""
        return [*self.engines, *self.servers]

    def goals(self) -> list[Goal]:
        """Return every bound that this run can say something about."""
        return [*_goals_in_process(self), *_goals_over_http(self)]


def machine() -> str:
    """Say what the run took place on."""
    cpu = next((line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "")
    cores = sum(line.startswith("processor") for line in _lines("/proc/cpuinfo"))
    load = " ".join(next(iter(_lines("/proc/loadavg")), "unknown").split()[:3])
    parts = (cpu, f"{cores} cores", f"{platform.system()} {platform.release()}", f"Python {platform.python_version()}")
    return ", ".join([*filter(None, parts), f"load average before {load}"])


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def _goals_in_process(report: Report) -> Iterable[Goal]:
    peers = {engine.name for engine in report.engines if engine.is_peer}
    ours = {figure.windows: figure.nanoseconds for figure in report.in_process if figure.name == ENGINE}
    bounds = {_ONE: AHEAD_AT_ONE, _A_THOUSAND: AHEAD_AT_A_THOUSAND}
    for figure in report.in_process:
        if figure.name in peers and figure.windows in bounds and figure.windows in ours:
            what = f"in process, {_count(figure.windows)}: ahead of {figure.name}"
            yield Goal(what, figure.nanoseconds / ours[figure.windows], bounds[figure.windows])


def _goals_over_http(report: Report) -> Iterable[Goal]:
    ours = {(each.windows, each.connections): each for each in report.over_http if each.name == SERVICE}
    for figure in report.over_http:
        mine = ours.get((figure.windows, figure.connections))
        if figure.name in BY_HTTP and mine is not None:
            where = f"over HTTP, {_count(figure.windows)}, {figure.connections} connections: {figure.name}"
            yield Goal(f"{where}, throughput", mine.rate / figure.rate, AHEAD_IN_RATE)
            yield Goal(f"{where}, p99", figure.p99_ms / mine.p99_ms, AHEAD_IN_P99)


def as_json(report: Report) -> dict[str, object]:
    """Return the run as a value for JSON."""
    return {
        "machine": report.machine,
        "load_generator": report.load_generator,
        "policies": report.policies,
        "versions": dict(report.versions),
        "skipped": dict(report.skipped),
        "in_process": [figure._asdict() | {"ratio": _ratio(report, figure)} for figure in report.in_process],
        "over_http": [figure._asdict() for figure in report.over_http],
        "goals": [goal._asdict() | {"holds": goal.holds} for goal in report.goals()],
        "peers": {each.name: {"idiom": each.idiom, "lacks": each.lacks} for each in report.all()},
    }


def as_markdown(report: Report) -> str:
    """Return the run as a page; a part that this run has no figures for is left out."""
    left_out = "\n".join(f"- {name}: {reason}" for name, reason in report.skipped.items())
    parts = [f"{report.machine}.\n\n{report.policies} Over HTTP the load comes from {report.load_generator}."]
    if report.in_process:
        parts.append(f"### In process\n\n{_IN_PROCESS}\n\n{_engine_table(report)}")
    if report.over_http:
        parts.append(f"### Over HTTP\n\n{_server_table(report)}")
    if report.goals():
        parts.append(f"### Bounds\n\n{_goal_table(report)}")
    parts.append(f"### How each is used, and what it cannot express\n\n{_idiom_table(report)}")
    if left_out:
        parts.append(f"### Left out\n\n{left_out}")
    return "\n\n".join(parts) + "\n"


def _engine_table(report: Report) -> str:
    sizes = sorted({figure.windows for figure in report.in_process})
    found = {(figure.name, figure.windows): figure for figure in report.in_process}
    rows = [
        [engine.name, *(_cell(report, found.get((engine.name, size))) for size in sizes)] for engine in report.engines
    ]
    return _table(["", *map(_count, sizes)], rows)


def _cell(report: Report, figure: EngineFigure | None) -> str:
    if figure is None:
        return ""
    ratio = _ratio(report, figure)
    return f"{figure.nanoseconds / 1000:,.2f}" + ("" if ratio is None else f" ({_times(ratio)})")


def _ratio(report: Report, figure: EngineFigure) -> float | None:
    """Return a figure in answers of policy-service's engine, at the same size."""
    same = (each for each in report.in_process if each.name == ENGINE and each.windows == figure.windows)
    ours = next(same, None)
    return None if ours is None else figure.nanoseconds / ours.nanoseconds


def _server_table(report: Report) -> str:
    head = ["", "windows", "connections", "answers a second", "p50 ms", "p99 ms", "failed", "RSS MB"]
    rows = [
        [
            each.name,
            f"{each.windows:,}",
            str(each.connections),
            f"{each.rate:,.0f}",
            f"{each.p50_ms:.3f}",
            f"{each.p99_ms:.3f}",
            str(each.failed),
            f"{each.rss_mb:.0f}",
        ]
        for each in report.over_http
    ]
    return _table(head, rows)


def _goal_table(report: Report) -> str:
    rows = [
        [goal.what, _times(goal.factor), f"≥ {_times(goal.bound)}", "kept" if goal.holds else "**missed**"]
        for goal in report.goals()
    ]
    return _table(["", "found", "bound", ""], rows)


def _idiom_table(report: Report) -> str:
    rows = [[each.name, report.versions.get(each.name, ""), each.idiom, each.lacks] for each in report.all()]
    return _table(["", "version", "used as", "cannot express"], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _count(windows: int) -> str:
    return "1 window" if windows == 1 else f"{windows:,} windows"


def _times(factor: float) -> str:
    return f"{factor:,.0f} x" if factor >= 10 else f"{factor:.2f} x"  # noqa: PLR2004 - where decimals say no more
