"""Access events followed by command, over restarts of the service."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest
from fakes.follower import WITHIN_S, following, started
from fakes.served import POLICIES, eventually, serving
from nightly import MELBOURNE, decided

from policy_service.entrypoints.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.served import Served


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(POLICIES, tmp_path_factory.mktemp("state")) as served:
        yield served


def _denied(node: Served, number: int, charger: str = "NTH-07") -> str:
    return decided(node, charger, f"04C4{number:010X}")


def test_events_are_followed_in_columns_until_ctrl_c(node: Served) -> None:
    _denied(node, 1)
    with following(node.url, "--charger", "NTH-08", "--outcome", "access_denied") as follower:
        _denied(node, 2)
        first = _denied(node, 3, "NTH-08")
        assert follower.wrote(2)[1].split()[-1] == first
        second = _denied(node, 4, "NTH-08")
        heading, *lines = follower.wrote(3)
        assert [line.split()[-1] for line in lines] == [first, second]
        assert {line.index("NTH-08") for line in lines} == {heading.index("charger")}
        assert {line[:25] for line in lines} == {MELBOURNE}
        assert follower.interrupt() == ExitCode.INTERRUPTED
        assert follower.err == ["following access events from now on; Ctrl-C ends that"]
        assert len(follower.out) == 3


def test_a_follower_whose_reader_goes_away_ends_quietly(node: Served) -> None:
    with started(node.url, "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stderr.readline().startswith("following access events")
        process.stdout.close()
        _denied(node, 1)
        assert (process.wait(WITHIN_S), process.stderr.read()) == (ExitCode.CLOSED_PIPE, "")


@pytest.mark.timeout(300)  # three starts of a service
def test_a_follower_outlives_the_service_and_neither_loses_nor_doubles_an_event(tmp_path: Path) -> None:
    with serving(POLICIES, tmp_path) as node:
        port = int(node.settings["PORT"])
        with following(node.url, "--json") as follower:
            told = [_denied(node, number) for number in range(3)]
            follower.wrote(3)
            told += [_denied(node, number) for number in range(3, 40)]
            node.process.kill()
            follower.says("waiting for the service")
            _answer_badly_once(port)
            with serving(POLICIES, tmp_path, port=port) as again:
                told += [_denied(again, number) for number in range(40, 60)]
                follower.says("the service is back; going on behind the last event")
                told += [_denied(again, number) for number in range(60, 63)]
                follower.wrote(len(told))
                again.stop()
                follower.says("waiting for the service", times=2)
            with serving(POLICIES, tmp_path, port=port) as third:
                told.append(_denied(third, 63))
                follower.wrote(len(told))
                assert follower.interrupt() == ExitCode.INTERRUPTED
            assert [json.loads(line)["decision_id"] for line in follower.out] == told
            assert not any("Traceback" in line for line in follower.err)


@pytest.mark.timeout(240)  # two starts of a service
def test_a_follower_says_where_events_are_missing(tmp_path: Path) -> None:
    with serving(POLICIES, tmp_path / "old") as node:
        port = int(node.settings["PORT"])
        with following(node.url, "--json") as follower:
            first = _denied(node, 1)
            follower.wrote(1)
            node.stop()
            follower.says("waiting for the service")
            with serving(POLICIES, tmp_path / "new", port=port) as again:
                follower.says("some events since the last one are missing here")
                second = _denied(again, 2)
                follower.wrote(2)
            assert [json.loads(line)["decision_id"] for line in follower.out] == [first, second]


def _answer_badly_once(port: int) -> None:
    """Be the gateway that answers while the service is gone, until somebody has asked it."""
    asked = threading.Event()

    class Gateway(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(502)
            self.send_header("Content-Length", "0")
            self.end_headers()
            asked.set()

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    with HTTPServer(("127.0.0.1", port), Gateway) as gateway:
        answering = threading.Thread(target=gateway.serve_forever, kwargs={"poll_interval": 0.05})
        answering.start()
        try:
            eventually(asked.is_set, within=WITHIN_S)
        finally:
            gateway.shutdown()
            answering.join()
