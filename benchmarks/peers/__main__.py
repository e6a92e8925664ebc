"""``python -m peers``: policy-service beside other engines and servers, in one run; see docs/performance-peers.md."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from peers import line_up, provisions
from peers.measure import DisagreementError
from peers.peer import UnavailableError
from peers.report import Report, as_json, as_markdown, machine
from peers.run import Extent, in_process, over_http, say
from policy_service.engine.zone import use_pinned_zone_data

_OUT = Path(".benchmarks")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-peers", description=__doc__)
    parser.add_argument("--json", action="store_true", help="write JSON to standard output instead of Markdown")
    parser.add_argument("--windows", default="1,100,1000", metavar="N,N", help="windows a depot (default: %(default)s)")
    parser.add_argument("--chargers", type=int, default=100_000, metavar="N", help="chargers (default: %(default)s)")
    parser.add_argument("--questions", type=int, default=10_000, metavar="N", help="that differ (default: %(default)s)")
    parser.add_argument("--connections", default="1,16", metavar="N,N", help="over HTTP (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="of which the median counts")
    parser.add_argument("--seconds", type=int, default=3, metavar="N", help="that a load lasts (default: %(default)s)")
    parser.add_argument("--engines", default=",".join(line_up.ENGINES), metavar="NAME,NAME", help="in process")
    parser.add_argument("--servers", default=",".join(line_up.SERVERS), metavar="NAME,NAME", help="over HTTP")
    return parser.parse_args()


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _names(text: str) -> list[str]:
    return [part for part in text.split(",") if part]


def main() -> None:
    """Compare, and write what was found to standard output and into .benchmarks."""
    given = _arguments()
    use_pinned_zone_data()
    before = machine()
    say("fetching what is not here yet; the first time this takes minutes")
    taking_part = line_up.line_up(_names(given.engines), _names(given.servers))
    for name, reason in taking_part.skipped.items():
        say(f"skipped: {name}: {reason}")
    windows, connections = _numbers(given.windows), _numbers(given.connections)
    extent = Extent(windows, given.chargers, given.questions, given.rounds, connections, given.seconds)
    engines = list(in_process(taking_part, extent)) if taking_part.engines else []
    servers, generator = [], "nothing"
    try:
        wrk = provisions.wrk() if taking_part.servers else None
    except UnavailableError as error:
        taking_part.skipped["everything over HTTP"] = f"no load generator: {error}"
    else:
        if wrk is not None:
            generator = "wrk, one thread, one request at a time on each connection"
            servers = list(over_http(taking_part, extent, wrk))
    policies = (
        f"Three depots of {' or '.join(map(str, windows))} windows each, {given.chargers:,} chargers, "
        "2,000 vehicles known and 200 unknown; a tenth is denied, three tenths fall outside every window."
    )
    report = Report(
        before,
        generator,
        policies,
        taking_part.versions,
        taking_part.skipped,
        taking_part.engines,
        taking_part.servers,
        engines,
        servers,
    )
    _write(report, as_json_text=given.json)


def _write(report: Report, *, as_json_text: bool) -> None:
    _OUT.mkdir(exist_ok=True)
    page, data = as_markdown(report), json.dumps(as_json(report), indent=2, ensure_ascii=False) + "\n"
    (_OUT / "peers.md").write_text(page, encoding="utf-8")
    (_OUT / "peers.json").write_text(data, encoding="utf-8")
    sys.stdout.write(data if as_json_text else page)


if __name__ == "__main__":
    try:
        main()
    except DisagreementError as disagreement:
        sys.exit(f"error: {disagreement}")
