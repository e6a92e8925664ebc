"""A working tree of one's own: begun, laid out, examined; and completion in the shell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import trustme
import yaml

from policy_service.entrypoints.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ended import Ended

BEGUN = "2026-11-24T00:00:00Z"


def test_what_is_begun_passes_all_its_checks(
    cli: Callable[..., Ended], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli("init", str(tmp_path / "depot")).code == ExitCode.OK
    monkeypatch.chdir(tmp_path / "depot")
    assert cli("check", "--strict", "--now", BEGUN).code == ExitCode.OK
    tested = cli("test", "--fail-under", "100", "--fail-on-empty")
    assert (tested.code, "coverage 100 %" in tested.out) == (ExitCode.OK, True)
    assert cli("fmt", "--check").code == ExitCode.OK
    assert cli("schedule", "DEPOT-01", "--from", "2026-11-23").code == ExitCode.OK
    for name in (".gitlab-ci.yml", ".github/workflows/policies.yml"):
        assert isinstance(yaml.safe_load((tmp_path / "depot" / name).read_text(encoding="utf-8")), dict)
    settings = json.loads((tmp_path / "depot/.vscode/settings.json").read_text(encoding="utf-8"))
    assert all((tmp_path / "depot" / name).is_file() for name in settings["yaml.schemas"])


def test_every_command_of_its_pipelines_exists(cli: Callable[..., Ended], tmp_path: Path) -> None:
    cli("init", str(tmp_path / "depot"))
    script = yaml.safe_load((tmp_path / "depot/.gitlab-ci.yml").read_text(encoding="utf-8"))["policies"]["script"]
    for line in script:
        program, command, *options = line.split()
        assert program == "policy-service"
        told = cli(command, "--help").out
        assert all(option in told for option in options if option.startswith("--")), line


def test_nothing_is_overwritten(cli: Callable[..., Ended], tmp_path: Path) -> None:
    for name in (".editorconfig", "README.md"):
        (tmp_path / name).write_text("mine", encoding="utf-8")
    ended = cli("init", str(tmp_path))
    assert (ended.code, f"`{tmp_path}/.editorconfig` exists already" in ended.err) == (ExitCode.USAGE, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".editorconfig", "README.md"]


def test_a_fresh_clone_keeps_its_own_readme(cli: Callable[..., Ended], tmp_path: Path) -> None:
    for name in ("README.md", "LICENSE", ".gitignore"):
        (tmp_path / name).write_text("mine", encoding="utf-8")
    (tmp_path / ".git").mkdir()
    ended = cli("init", str(tmp_path))
    assert ended.code == 0
    kept = [f"note: {tmp_path / name} is there already and stays as it is" for name in ("README.md", ".gitignore")]
    assert ended.err.splitlines() == kept
    assert {(tmp_path / name).read_text(encoding="utf-8") for name in ("README.md", ".gitignore")} == {"mine"}
    told = ended.out.splitlines()
    assert ("README.md" in told, "schemas/ (" in ended.out) == (False, True)
    written = sum(path.is_file() for path in tmp_path.rglob("*")) - 3
    following = f"cd {tmp_path} && policy-service check && policy-service test"
    assert told[-1] == f"{written} files in {tmp_path}; next: {following}"


def test_files_are_laid_out_in_place(cli: Callable[..., Ended], tmp_path: Path) -> None:
    depot = tmp_path / "depot.yaml"
    depot.write_text("kind:   X\nspec:\n    a:\n    -   1\n    #note\n    b: 2  \n\n\n", encoding="utf-8")
    assert cli("fmt", str(tmp_path), "--check").code == ExitCode.FINDINGS
    shown = cli("fmt", str(tmp_path), "--diff")
    assert (shown.code, "+  # note" in shown.out) == (ExitCode.FINDINGS, True)
    assert "    #note" in depot.read_text(encoding="utf-8")
    assert cli("fmt", str(tmp_path)).code == ExitCode.OK
    assert depot.read_text(encoding="utf-8") == "kind:   X\nspec:\n  a:\n    - 1\n  # note\n  b: 2\n"
    assert cli("fmt", str(tmp_path), "--check").code == ExitCode.OK


def test_a_file_with_mistakes_is_not_counted_as_well_laid_out(cli: Callable[..., Ended], tmp_path: Path) -> None:
    (tmp_path / "depot.yaml").write_text("kind: X\n", encoding="utf-8")
    (tmp_path / "broken.yaml").write_text("not: [even\n", encoding="utf-8")
    ended = cli("fmt", str(tmp_path), "--check")
    assert ended.out == "0 files to lay out, 1 unchanged, 1 left alone for mistakes\n"
    assert f"note: {tmp_path}/broken.yaml has mistakes and is left as it is" in ended.err
    assert ended.code == ExitCode.OK


@pytest.mark.parametrize("command", [("check",), ("fmt",), ("schedule", "LDN-01", "-p")])
def test_a_path_that_is_not_there_is_answered_with_the_one_beside_it(
    cli: Callable[..., Ended], command: tuple[str, ...]
) -> None:
    ended = cli(*command, "trees/soudn")
    assert (ended.code, "did you mean `trees/sound`?" in ended.err) == (ExitCode.USAGE, True)
    nowhere = cli(*command, "trees/none/whatever")
    assert (nowhere.code, "did you mean" in nowhere.err) == (ExitCode.USAGE, False)


def test_what_stands_in_the_way_is_told(
    cli: Callable[..., Ended], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLICY_SERVICE_POLICIES", "trees/sound")
    assert cli("doctor").code == ExitCode.OK
    key = tmp_path / "ops.key"
    key.write_text("k" * 40, encoding="utf-8")
    key.chmod(0o644)
    told = cli("doctor", "--key-file", str(key))
    assert (told.code, f"chmod 600 {key}" in told.out) == (ExitCode.OK, True)
    assert "kkkk" not in told.out
    monkeypatch.setenv("POLICY_SERVICE_POLICIES", "trees/broken")
    broken = cli("doctor", "--json")
    assert broken.code == ExitCode.FINDINGS
    ill = [each for each in json.loads(broken.out)["examined"] if each["state"] == "ill"]
    assert [each["what"] for each in ill] == ["policies in trees/broken"]
    unreachable = cli("doctor", "--service", "--url", "http://127.0.0.1:9")
    assert "ill   service at http://127.0.0.1:9" in unreachable.out


@pytest.mark.parametrize(
    ("begins", "ends", "told"),
    [
        (-400, 400, "well  certificate"),
        (-400, 10, "note  certificate"),
        (-400, -1, "ill   certificate"),
        (1, 400, "ill   certificate"),
    ],
)
def test_a_certificate_is_looked_at(
    cli: Callable[..., Ended], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begins: int, ends: int, told: str
) -> None:
    now, file = datetime.now(UTC), tmp_path / "service.pem"
    first, last = now + timedelta(days=begins), now + timedelta(days=ends)
    issued = trustme.CA().issue_cert("127.0.0.1", not_before=first, not_after=last)
    issued.cert_chain_pems[0].write_to_path(str(file))
    monkeypatch.setenv("POLICY_SERVICE_POLICIES", "trees/sound")
    monkeypatch.setenv("POLICY_SERVICE_TLS_CERT_FILE", str(file))
    ended = cli("doctor")
    assert told in ended.out
    assert ended.code == (ExitCode.FINDINGS if told.startswith("ill") else ExitCode.OK)


def test_a_running_service_is_well(cli: Callable[..., Ended], service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLICY_SERVICE_POLICIES", "trees/sound")
    told = cli("doctor", "--service", "--url", service)
    assert (told.code, f"well  service at {service}: ready" in told.out) == (ExitCode.OK, True)


@pytest.mark.parametrize(
    ("words", "expected"), [("policy-service holi", "holidays"), ("policy-service diff --exit", "--exit-code")]
)
def test_the_shell_completes_commands_and_options(words: str, expected: str) -> None:
    asked = {"_POLICY_SERVICE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    done = subprocess.run(
        [sys.executable, "-m", "policy_service"],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == [expected]
