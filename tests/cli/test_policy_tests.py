from __future__ import annotations

import json
import re
import shutil
import time
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ended import HERE

from policy_service.entrypoints.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ended import Ended

MOST_SECONDS_FOR_1000 = 3.0
OPEN_DAY = {"policy": "depot", "kind": "window", "name": "open-day", "built_in": False}


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


def test_what_no_case_meets_is_told_with_its_place(cli: Callable[..., Ended]) -> None:
    ended = cli("test", "trees/sound", "--coverage")
    assert ended.code == ExitCode.OK
    assert "not covered  depot: window maintenance  trees/sound/depot.yaml:22:7" in ended.out
    told = json.loads(cli("test", "trees/sound", "--coverage", "--json").out)["coverage"]
    assert told["kinds"]["window"] == {"met": 2, "parts": 4}
    assert {**OPEN_DAY, "file": "trees/sound/depot.yaml", "line": 29} in told["missing"]


def test_grants_that_nobody_wrote_are_told_at_their_policy(cli: Callable[..., Ended]) -> None:
    ended = cli("test", "trees/clean", "--coverage")
    assert "not covered  depot: grant own (built in, without `allow`)  trees/clean/depot.yaml:4:18" in ended.out
    told = json.loads(cli("test", "trees/clean", "--coverage", "--json").out)["coverage"]["missing"]
    assert [(each["line"], each["built_in"]) for each in told if each["kind"] == "grant"] == [(4, True), (4, True)]


def test_too_little_coverage_has_an_exit_code_of_its_own(cli: Callable[..., Ended]) -> None:
    assert cli("test", "trees/sound", "--fail-under", "10").code == ExitCode.OK
    assert cli("test", "trees/sound", "--fail-under", "100").code == ExitCode.UNCOVERED
    assert cli("test", "../../policies", "--fail-under", "100").code == ExitCode.OK
    assert cli("test", "trees/failing", "--fail-under", "100").code == ExitCode.FINDINGS


def test_pages_show_the_text_with_what_is_not_covered(cli: Callable[..., Ended], tmp_path: Path) -> None:
    assert cli("test", "trees/sound", "--coverage-html", str(tmp_path / "pages")).code == ExitCode.OK
    index = (tmp_path / "pages/index.html").read_text(encoding="utf-8")
    assert '<a href="file-1.html">depot.yaml</a>' in index
    page = (tmp_path / "pages/file-1.html").read_text(encoding="utf-8")
    row = next(row for row in page.split("<tr ") if "- name: maintenance" in row)
    assert row.startswith('class="missed"')
    assert "not covered: window maintenance" in row
    assert "<script" not in page
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert cli("test", "trees/sound", "--coverage-html", str(tmp_path / "file")).code == ExitCode.USAGE


def test_a_report_for_pipelines(cli: Callable[..., Ended], tmp_path: Path) -> None:
    ended = cli("test", "trees/failing", "--junit", str(tmp_path / "report.xml"))
    assert ended.code == ExitCode.FINDINGS
    root = ET.parse(tmp_path / "report.xml").getroot()  # noqa: S314 - ours
    assert (root.get("tests"), root.get("failures")) == ("2", "1")
    case = next(case for case in root.iter("testcase") if case.get("name") == "a tall truck gets in (LDN-01)")
    failure = case.find("failure")
    assert failure is not None
    assert failure.get("message") == "outcome: expected allowed, got access_denied; window: expected None, got nights"
    assert "vehicle.height_m < 4.2" in str(failure.text)


def test_a_thousand_cases_are_asked_in_time(cli: Callable[..., Ended], tmp_path: Path) -> None:
    shutil.copytree(HERE / "trees/sound", tmp_path / "many")
    days = [f"{year}-{month:02}-{day:02}T{hour}:00" for year in (2026, 2027) for month in range(1, 13)
            for day in range(1, 22) for hour in ("12", "13")]  # fmt: skip
    document = {
        "apiVersion": "policy-service/v1",
        "kind": "PolicyTest",
        "metadata": {"name": "many"},
        "spec": {
            "cases": [
                {
                    "name": "by day",
                    "charger": "LDN-01",
                    "vehicle": "unknown",
                    "each": days[:1000],
                    "expect": {"outcome": "allowed"},
                }
            ]
        },
    }
    (tmp_path / "many/many.json").write_text(json.dumps(document), encoding="utf-8")
    began = time.process_time()
    ended = cli("test", str(tmp_path / "many"), "--coverage")
    assert "2 tests" in ended.out
    assert time.process_time() - began < MOST_SECONDS_FOR_1000


def test_time_is_frozen_where_a_case_names_none(cli: Callable[..., Ended], tmp_path: Path) -> None:
    shutil.copytree(HERE / "trees/sound", tmp_path / "frozen")
    case = {
        "name": "a stranger",
        "charger": "LDN-01",
        "vehicle": "unknown",
        "expect": {"outcome": "access_denied", "window": "nights"},
    }
    document = {
        "apiVersion": "policy-service/v1",
        "kind": "PolicyTest",
        "metadata": {"name": "frozen"},
        "spec": {"now": "2026-06-01T22:00:00+01:00", "cases": [case]},
    }
    (tmp_path / "frozen/frozen.json").write_text(json.dumps(document), encoding="utf-8")
    ended = cli("test", str(tmp_path / "frozen"), "-k", "a stranger", "--fail-on-empty")
    assert ended.code == ExitCode.OK, ended.out
    del document["spec"]["now"]  # type: ignore[attr-defined]
    (tmp_path / "frozen/frozen.json").write_text(json.dumps(document), encoding="utf-8")
    assert cli("test", str(tmp_path / "frozen")).code == ExitCode.FINDINGS
