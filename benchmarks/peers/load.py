"""Puts a load on a server with wrk: so many connections, one request at a time on each, as fast as answers come."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from load_figures import Figures

from peers.measure import DisagreementError, disagreement
from peers.processes import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from peers.peer import Asking
    from peers.questions import Question

_SCRIPT = Path(__file__).with_name("load.lua")
_LAST_WORDS_S = 30
_WARMING, _COUNTING = "warming", "counting"


def compare(name: str, asking: Asking, questions: Sequence[Question]) -> None:
    """Ask every question twice: the first time warms up, the second time counts.

    Raises DisagreementError where an answer differs from what is expected.
    """
    connection = http.client.HTTPConnection(LOOPBACK, asking.port, timeout=30)
    try:
        for turn in (_WARMING, _COUNTING):
            for question in questions:
                connection.request("POST", asking.path, asking.body(question), asking.headers)
                response = connection.getresponse()
                said = response.read()
                agreed = response.status == http.client.OK and asking.allowed(said) is question.allowed
                if turn is _COUNTING and not agreed:
                    raise DisagreementError(disagreement(name, question))
    finally:
        connection.close()


def written(asking: Asking, questions: Sequence[Question], place: Path) -> Path:
    """Write the requests down for wrk."""
    head = [asking.path, *(f"{name}: {value}" for name, value in asking.headers.items()), ""]
    place.write_text("\n".join([*head, *(asking.body(question) for question in questions)]) + "\n", encoding="utf-8")
    return place


def put(asking: Asking, requests: Path, wrk: Path, *, connections: int, seconds: int) -> Figures:
    """Put the load on and return what it has seen."""
    command = [wrk, "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s"]
    target = [f"http://{LOOPBACK}:{asking.port}", "--", str(requests)]
    libraries = os.environ | {"LD_LIBRARY_PATH": str(wrk.parent)}
    done = subprocess.run(  # noqa: S603 - the load generator that this package has fetched
        [*map(str, command), "--script", str(_SCRIPT), *target],
        capture_output=True,
        text=True,
        check=True,
        env=libraries,
        timeout=seconds + _LAST_WORDS_S,
    )
    return Figures(**json.loads(done.stdout.splitlines()[-1]))
