"""Every operation under generated requests, valid and not: what is described is what is answered."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from fakes.keyed import BOOTSTRAP, bootstrap_file
from fakes.served import POLICIES, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.served import Served

_DOORS = "^/(access|ocpi|v1/citrineos|v1/ocpp)/"
_JUDGED = "/(import|degraded|diff|summary)$|/webhooks"
_SPANS = "^/v1/(events|audit|adherence|transitions|transitions/events|chargers/[^/]+/schedule)$"
_ELSEWHERE = f"/stream$|{_JUDGED}|{_SPANS}|{_DOORS}"
_FIRST = "^/v1/[a-e]"
_CONFIG = "phases.stateful.checks.positive_data_acceptance.enabled = false\n"
"""In sequences of requests the tool at times calls a body valid that it has made invalid, as objects among the values
of variables; what is valid is to be accepted in the other phases all the same. All other checks are on by default: a
``--checks all`` among the flags would outweigh this line."""
_FLAGS = ["--max-examples", "6", "--mode", "all", "--seed", "1", "--no-color"]


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve with a key: the description asks for one."""
    key = bootstrap_file(tmp_path_factory.mktemp("key"))
    with serving(POLICIES, tmp_path_factory.mktemp("state"), bootstrap_key_file=key) as service:
        yield service


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("operations", "more"),
    [
        # A stream ends when its listener goes: tests/http/test_event_stream.py listens.
        (["--include-path-regex", _FIRST, "--exclude-path-regex", _ELSEWHERE], []),
        (["--exclude-path-regex", f"{_FIRST}|{_ELSEWHERE}"], []),
        (["--include-path-regex", _DOORS], []),
        # A span may not end before it begins, which no schema says either: tests/http/test_spans.py holds it.
        (["--include-path-regex", _SPANS], ["--exclude-checks", "positive_data_acceptance"]),
        # Lines at fault are reported with 200, so a body that breaks the pattern is no request to refuse;
        # an atomic import of generated lines is refused with 422, though the pattern allows them. What clients tell of
        # must have happened lately, policies that are compared have to be sound, and which filters a webhook may have
        # depends on its feed, and time zones are those of the tz database: no schema says so.
        (
            ["--include-path-regex", _JUDGED],
            ["--exclude-checks", "negative_data_rejection,positive_data_acceptance"],
        ),
    ],
    ids=["the first half", "the second half", "other doors", "spans", "imports and what clients tell"],
)
def test_no_request_fails_the_description(
    keyed: Served, tmp_path: Path, operations: list[str], more: list[str]
) -> None:
    (tmp_path / "schemathesis.toml").write_text(_CONFIG)
    command = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "run",
        f"{keyed.url}/openapi.json",
        *_FLAGS,
        "--header",
        f"Authorization: Bearer {BOOTSTRAP}",
        *operations,
        *more,
    ]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False)  # noqa: S603 - our own tool
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    tested = re.search(r"(\d+) generated", ran.stdout)
    assert tested is not None
    assert int(tested.group(1)) > 50
