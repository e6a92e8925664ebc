from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from policy_service.entrypoints.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from ended import Ended


def test_passing_cases_are_told_in_a_line(cli: Callable[..., Ended]) -> None:
    ended = cli("test", "trees/sound")
    assert ended.code == 0
    assert re.fullmatch(r"2 passed: 2 cases of 1 test in \d+\.\d\d s\n", ended.out)


def test_a_failure_comes_with_its_explanation(cli: Callable[..., Ended], golden: Callable[[str, str], None]) -> None:
    ended = cli("test", "trees/failing")
    assert ended.code == ExitCode.FINDINGS
    golden("test-failing.txt", re.sub(r"\d+\.\d\d s", "0.00 s", ended.out))


def test_cases_as_json(cli: Callable[..., Ended]) -> None:
    ended = cli("test", "trees/failing", "--json")
    assert ended.code == ExitCode.FINDINGS
    told = json.loads(ended.out)
    assert (told["passed"], told["failed"]) == (1, 1)
    assert told["cases"][0]["mismatches"][0] == {"key": "outcome", "expected": "allowed", "actual": "access_denied"}


def test_cases_are_chosen_by_a_word(cli: Callable[..., Ended]) -> None:
    assert cli("test", "trees/failing", "-k", "BY DAY").code == ExitCode.OK
    assert cli("test", "trees/failing", "-k", "tall").code == ExitCode.FINDINGS


def test_no_case_is_an_error_only_where_asked(cli: Callable[..., Ended]) -> None:
    assert cli("test", "trees/sound", "-k", "nothing of the kind").code == ExitCode.OK
    assert cli("test", "trees/sound", "-k", "nothing of the kind", "--fail-on-empty").code == ExitCode.NOTHING_TESTED
