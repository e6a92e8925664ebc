from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from ended import HERE

from policy_service.entrypoints.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ended import Ended

WARNING = """\
# yaml-language-server: $schema=schemas/access-policy.v1.json
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: depot, owner: ops}
spec:
  timezone: Europe/London
  chargers: {ids: ["*"]}
  defaultMode: freevend
  windows:
    - {name: nights, mode: managed, rrule: FREQ=DAILY, from: 2026-01-01, allDay: true, exdates: [2025-01-01]}
"""


def test_a_clean_tree_is_told_in_a_line(cli: Callable[..., Ended]) -> None:
    ended = cli("check", "trees/clean")
    assert (ended.code, ended.out) == (0, "1 file, 1 policy, 2 chargers: no findings\n")


def test_what_a_committed_link_leads_to_is_not_quoted(cli: Callable[..., Ended], tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tmp_path / "secret").write_text("password: hunter2")
    for name in ("depot.yaml", "policy-service.toml"):
        (tree / name).symlink_to("../secret")
        ended = cli("check", str(tree))
        assert ended.code == ExitCode.USAGE
        assert f"{name}` is a link that leads out of it" in " ".join(ended.err.split())
        assert "hunter2" not in ended.out + ended.err
        (tree / name).unlink()


def test_every_mistake_of_every_file_is_told_with_its_place(cli: Callable[..., Ended]) -> None:
    ended = cli("check", "trees/broken")
    assert ended.code == ExitCode.FINDINGS
    places = [line.split("--> ")[1] for line in ended.out.splitlines() if "--> " in line]
    assert places[:3] == [
        "trees/broken/chargers.json:5:85",
        "trees/broken/depot.yaml:5:13",
        "trees/broken/depot.yaml:16:7",
    ]
    assert "did you mean `Europe/London`?" in ended.out
    assert ended.out.endswith(f"{len(places)} errors in 2 files\n")


def test_findings_as_json_have_the_shape_of_the_http_api(cli: Callable[..., Ended]) -> None:
    ended = cli("check", "trees/broken", "--json")
    assert ended.code == ExitCode.FINDINGS
    told = json.loads(ended.out)
    assert (told["files"], told["errors"], told["warnings"]) == (2, len(told["diagnostics"]), 0)
    assert set(told["diagnostics"][0]) == {"code", "severity", "file", "line", "column", "message", "help"}
    assert cli("check", "trees/broken", "--format", "json").out == ended.out


def test_files_are_checked_together_as_one_tree(cli: Callable[..., Ended]) -> None:
    ended = cli("check", "trees/broken/depot.yaml", "trees/broken/chargers.json", "--json")
    assert json.loads(ended.out)["files"] == 2


def test_an_override_alone_is_told_that_there_is_no_policy(cli: Callable[..., Ended], tmp_path: Path) -> None:
    """By which clock it ends only the policies say, where it names no zone itself."""
    (tmp_path / "override.yaml").write_text(OVERRIDE, encoding="utf-8")
    ended = cli("check", str(tmp_path / "override.yaml"), "--now", "2026-11-24T00:00:00Z", "--json")
    assert ended.code == ExitCode.FINDINGS, ended
    assert [each["code"] for each in json.loads(ended.out)["diagnostics"]] == ["PS006"]


def test_warnings_count_under_strict_alone(cli: Callable[..., Ended], tmp_path: Path) -> None:
    (tmp_path / "depot.yaml").write_text(WARNING, encoding="utf-8")
    assert cli("check", str(tmp_path)).code == ExitCode.OK
    strict = cli("check", str(tmp_path), "--strict")
    assert strict.code == ExitCode.FINDINGS
    assert strict.out.endswith("1 warning in 1 file\n")


def test_now_decides_what_lies_in_the_next_year(cli: Callable[..., Ended], tmp_path: Path) -> None:
    text = WARNING.replace("exdates: [2025-01-01]", "until: 2026-06-30")
    (tmp_path / "depot.yaml").write_text(text, encoding="utf-8")
    assert cli("check", str(tmp_path), "--strict", "--now", "2026-02-01T00:00:00Z").code == ExitCode.OK
    assert cli("check", str(tmp_path), "--strict", "--now", "2026-08-01T00:00:00Z").code == ExitCode.FINDINGS
    assert cli("check", str(tmp_path), "--now", "tomorrow").code == ExitCode.USAGE


@pytest.mark.parametrize("path", ["nowhere", "conftest.py", "nowhere.yaml"])
def test_what_cannot_be_read_is_a_mistake_of_the_call(cli: Callable[..., Ended], path: str) -> None:
    ended = cli("check", path)
    assert ended.code == ExitCode.USAGE
    assert path in ended.err
    assert "help: " in ended.err


def test_a_pipe_is_not_waited_for(cli: Callable[..., Ended], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "depot.yaml")
    ended = cli("check", str(tmp_path / "depot.yaml"))
    assert ended.code == ExitCode.USAGE
    assert "no regular file" in ended.err
    whole = cli("check", str(tmp_path))
    assert (whole.code, "`depot.yaml` is no file, and leads to none" in whole.err) == (ExitCode.USAGE, True)


def test_a_file_name_cannot_write_lines_of_its_own(cli: Callable[..., Ended], tmp_path: Path) -> None:
    (tmp_path / "a\n\x1b[31mb.yaml").write_text("x: 1", encoding="utf-8")
    ended = cli("check", str(tmp_path))
    assert ended.code == ExitCode.FINDINGS
    assert "\x1b" not in ended.out
    assert "/a��[31mb.yaml:1:1" in ended.out


def test_an_empty_directory_has_no_policy(cli: Callable[..., Ended], tmp_path: Path) -> None:
    ended = cli("check", str(tmp_path), "--json")
    assert ended.code == ExitCode.FINDINGS
    assert [found["code"] for found in json.loads(ended.out)["diagnostics"]] == ["PS006"]


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_colour_is_for_terminals_and_never_under_no_color(variables: dict[str, str], coloured: bool) -> None:  # noqa: FBT001 - a table's column
    kept = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
    command = [sys.executable, "-m", "policy_service", "check", "trees/broken"]
    result = subprocess.run(command, capture_output=True, cwd=HERE, env={**kept, **variables}, check=False)  # noqa: S603 - our own
    assert result.returncode == ExitCode.FINDINGS
    assert (b"\x1b[1;31m" in result.stdout) is coloured
    if variables.get("NO_COLOR"):
        assert b"\x1b[31" not in result.stdout


def test_lint_weighs_less_than_errors(cli: Callable[..., Ended], tmp_path: Path) -> None:
    text = WARNING.replace(", owner: ops", "").replace(", exdates: [2025-01-01]", "")
    (tmp_path / "depot.yaml").write_text(text, encoding="utf-8")
    ended = cli("check", str(tmp_path), "--strict")
    assert ended.code == ExitCode.OK
    assert ended.out.endswith("1 note in 1 file; `policy-service rule PS219` says more\n")


DANGLING = """\
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: dangling}
spec:
  timezone: Europe/London
  chargers: {ids: ["A-*"]}
  defaultMode: freevend
  windows: [{name: nights, mode: managed, schedule: nowhere}]
"""
MISTYPED = """\
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: mistyped}
spec:
  timezone: Europe/London
  chargers: {ids: ["B-*"], when: "charger.protocol > 2"}
  defaultMode: freevend
"""
SLIP = """\
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: slip}
spec:
  timezone: Europe/London
  chargers: {ids: ["C-*"]}
  defaultMode: freevend
  windows:
    - {name: blink, mode: managed, rrule: FREQ=DAILY, from: 2026-01-01, start: 10:00, end: 10:01}
"""

OVERRIDE = """\
# yaml-language-server: $schema=schemas/override.v1.json
apiVersion: policy-service/v1
kind: Override
metadata: {name: open-day}
spec:
  chargers: {ids: ["C-*"]}
  from: 2026-05-22T10:00
  to: 2026-05-22T18:00
  mode: freevend
  reason: neighbours come
"""


def test_a_mistake_in_one_file_hides_none_in_others(cli: Callable[..., Ended], tmp_path: Path) -> None:
    """A name that dangles, a condition of the wrong type, and what lint finds in a file without errors."""
    for name, text in {"dangling": DANGLING, "mistyped": MISTYPED, "slip": SLIP}.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    ended = cli("check", str(tmp_path), "--now", "2026-11-24T00:00:00Z", "--json")
    found = {(each["file"].rsplit("/", 1)[-1], each["code"]) for each in json.loads(ended.out)["diagnostics"]}
    assert ended.code == ExitCode.FINDINGS
    assert {("dangling.yaml", "PS104"), ("mistyped.yaml", "PS106"), ("slip.yaml", "PS211")} <= found
    assert not {code for file, code in found if file != "slip.yaml"} - {"PS104", "PS106"}
    assert not {"PS204", "PS205", "PS209"} & {code for _, code in found}
