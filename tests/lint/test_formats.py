"""Findings in the formats of other programs, against what those programs accept."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import jsonschema_rs
import pytest

from policy_service.entrypoints.cli.app import run

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
SARIF = json.loads((HERE / "schemas" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
for part, name in (("run", "language"), ("toolComponent", "language"), ("translationMetadata", "language")):
    # its pattern has a bracket too many, which the validator takes for no regular expression; we write no language
    SARIF["definitions"][part]["properties"].get(name, {}).pop("pattern", None)
CASES = sorted(str(path.relative_to(HERE)) for path in (HERE / "cases").glob("*/bad"))
NOW = ("--now", "2026-11-24T00:00:00Z")


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Check a tree of this folder in a format and return what is written."""
    monkeypatch.chdir(HERE)

    def checked(written: str, *paths: str) -> str:
        run(["check", *paths, "--format", written, *NOW])
        return capsys.readouterr().out

    return checked


@pytest.fixture
def moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy a tree with two findings of one rule, and stand beside it."""
    shutil.copytree(HERE / "cases" / "PS217" / "bad", tmp_path / "policies")
    depot = tmp_path / "policies" / "depot.yaml"
    line = next(line for line in depot.read_text().splitlines(keepends=True) if "sundays" in line)
    depot.write_text(depot.read_text() + line.replace("sundays", "mondays").replace("=SU", "=MO"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return depot


def entries(capsys: pytest.CaptureFixture[str], written: str, *more: str) -> Any:  # noqa: ANN401 - JSON
    capsys.readouterr()
    run(["check", "policies", "--format", written, *(more or NOW)])
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("case", [*CASES, "cases/PS217/good"])
def test_sarif_holds_to_its_schema(check: Callable[..., str], case: str) -> None:
    log = json.loads(check("sarif", case))
    jsonschema_rs.Draft7Validator(SARIF).validate(log)
    run = log["runs"][0]
    for result in run["results"]:
        rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        assert rule["shortDescription"]["text"]
    assert len(run["results"]) == len(json.loads(check("json", case))["diagnostics"])


def test_sarif_writes_addresses_not_paths(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a depot.yaml").write_text("kind: x\n", encoding="utf-8")
    run(["check", str(tmp_path), "--format", "sarif"])
    log = json.loads(capsys.readouterr().out)
    jsonschema_rs.Draft7Validator(SARIF).validate(log)
    uris = [each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in log["runs"][0]["results"]]
    assert any(uri.endswith("/a%20depot.yaml") for uri in uris)


def test_gitlab_has_its_fields_and_is_empty_when_clean(check: Callable[..., str]) -> None:
    assert json.loads(check("gitlab", "cases/PS217/good")) == []
    [entry] = json.loads(check("gitlab", "cases/PS212/bad"))
    assert set(entry) == {"description", "check_name", "fingerprint", "severity", "location"}
    assert (entry["check_name"], entry["severity"]) == ("PS212", "minor")
    assert entry["location"] == {"path": "cases/PS212/bad/depot.yaml", "lines": {"begin": 10}}
    severities = {json.loads(check("gitlab", case))[0]["severity"] for case in CASES}
    assert severities <= {"info", "minor", "major", "critical", "blocker"}


def test_gitlab_fingerprints_follow_a_line_that_moves(moved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = [entry["fingerprint"] for entry in entries(capsys, "gitlab")]
    assert len(set(before)) == 2
    head, _, tail = moved.read_text().partition("\n")
    moved.write_text(f"{head}\n# another line\n\n{tail}", encoding="utf-8")
    assert [entry["fingerprint"] for entry in entries(capsys, "gitlab")] == before


def test_gitlab_fingerprints_do_not_change_with_the_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(HERE / "cases" / "PS212" / "bad", tmp_path / "policies")
    monkeypatch.chdir(tmp_path)
    told: list[Any] = []
    for day in ("2026-11-24", "2026-11-25"):
        run(["check", "policies", "--format", "gitlab", "--output", f"{day}.json", "--now", f"{day}T00:00:00Z"])
        told += json.loads((tmp_path / f"{day}.json").read_text())
    assert told[0]["description"] != told[1]["description"]
    assert told[0]["fingerprint"] == told[1]["fingerprint"]


def test_equal_lines_are_told_apart(moved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (moved.parent / "policy-service.toml").write_text("", encoding="utf-8")
    block = "    - name: {}\n      mode: managed\n      rrule: FREQ=DAILY\n      from: 2026-01-01\n      start: {}:00\n"
    head = moved.read_text().partition("  windows:\n")[0]
    two = "".join(f"{block.format(name, hour)}      duration: PT1M\n" for name, hour in (("a", "08"), ("b", "09")))
    moved.write_text(f"{head}  windows:\n{two}", encoding="utf-8")
    found = entries(capsys, "gitlab")
    assert [entry["check_name"] for entry in found] == ["PS211", "PS211"]
    assert len({entry["fingerprint"] for entry in found}) == 2


def test_github_writes_a_command_a_line_with_everything_escaped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a,b:c%.yaml").write_text("kind: x\n", encoding="utf-8")
    run(["check", ".", "--format", "github"])
    lines = capsys.readouterr().out.splitlines()
    assert lines
    form = r"::(error|warning|notice) file=[^:,]+,line=\d+,col=\d+,endColumn=\d+,title=[^:,]+::[^\n]+"
    assert all(re.fullmatch(form, line) for line in lines)
    assert any("file=a%2Cb%3Ac%25.yaml," in line and "%0Ahelp: " in line for line in lines)


def test_github_says_nothing_of_what_is_clean(check: Callable[..., str]) -> None:
    assert check("github", "cases/PS217/good") == ""
    assert check("github", "cases/PS217/bad").startswith("::notice ")


@pytest.mark.parametrize("case", CASES)
def test_junit_counts_what_it_lists(check: Callable[..., str], case: str) -> None:
    root = ET.fromstring(check("junit", case))  # noqa: S314 - our own
    suite = root[0]
    failures = suite.findall("testcase/failure")
    told = json.loads(check("json", case))
    assert (root.tag, suite.tag) == ("testsuites", "testsuite")
    assert int(suite.get("failures", "")) == len(failures) == told["errors"] + told["warnings"]
    assert int(suite.get("tests", "")) == len(suite.findall("testcase"))


def test_junit_can_be_read_whatever_a_file_is_called(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / 'a<&">\x01.yaml').write_text("kind: <x>\n", encoding="utf-8")
    run(["check", str(tmp_path), "--format", "junit"])
    root = ET.fromstring(capsys.readouterr().out)  # noqa: S314 - our own
    assert 'a<&">\N{REPLACEMENT CHARACTER}.yaml' in str(root[0][-1].get("classname"))


def test_concise_is_a_line_a_finding(check: Callable[..., str]) -> None:
    assert check("concise", "cases/PS217/good") == ""
    assert re.fullmatch(
        r"cases/PS217/bad/depot\.yaml:10:\d+: info\[PS217\] .+; .+\n", check("concise", "cases/PS217/bad")
    )


@pytest.mark.parametrize("written", ["human", "concise", "json", "gitlab", "github", "sarif", "junit"])
def test_output_goes_into_a_file_and_a_line_tells_of_it(
    written: str, check: Callable[..., str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = check(written, "cases/PS217/bad")
    code = run(["check", "cases/PS217/bad", "--format", written, "--output", str(tmp_path / "out"), *NOW])
    assert code == 0
    assert capsys.readouterr().out == "1 note in 2 files; `policy-service rule PS217` says more\n"
    assert (tmp_path / "out").read_text(encoding="utf-8") == shown
    assert run(["check", "cases/PS217/bad", "--output", str(tmp_path / "no" / "out"), *NOW]) == 2
