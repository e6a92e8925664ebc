from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from policy_service.entrypoints.cli.exit_codes import ExitCode
from policy_service.settings import FROM_FILE, Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ended import Ended


def test_every_setting_is_a_flag(cli: Callable[..., Ended]) -> None:
    out = cli("serve", "--help").out
    assert all(f"--{name.replace('_', '-')} " in out for name in Settings.model_fields)
    assert all(f"--{name.replace('_', '-')}-file PATH" in out for name in FROM_FILE)


def test_a_scheduler_shows_no_flags_of_a_service_that_decides(cli: Callable[..., Ended]) -> None:
    out = cli("scheduler", "--help").out
    assert all(f" --{name} " in out for name in ("transition-lead", "scheduler-port", "host", "tls-cert-file"))
    assert not any(f" --{name} " in out for name in ("port", "unix-socket", "workers", "hot-path"))


def test_a_misspelt_variable_is_told(cli: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policy_service.entrypoints.http.server.run_server", lambda _settings: 0)
    for name in ("PORTT", "SECRET_FIEL", "TEST_KILLS", "URL", "KEY_FILE"):
        monkeypatch.setenv(f"POLICY_SERVICE_{name}", "1")
    ended = cli("serve", "--port", "0")
    assert ended.code == 0
    assert ended.err.splitlines() == [
        "note: the variable POLICY_SERVICE_PORTT is no setting; did you mean POLICY_SERVICE_PORT?",
        "note: the variable POLICY_SERVICE_SECRET_FIEL is no setting; did you mean POLICY_SERVICE_SECRET_FILE?",
    ]


def test_flags_reach_the_server(cli: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given: list[Settings] = []

    def run_server(settings: Settings) -> int:
        given.append(settings)
        return 0

    monkeypatch.setattr("policy_service.entrypoints.http.server.run_server", run_server)
    (tmp_path / "secret").write_text("0123456789abcdef\n", encoding="utf-8")
    ended = cli(
        "serve",
        "--port",
        "0",
        "--record-freevend",
        "--secret-file",
        str(tmp_path / "secret"),
        "--ungoverned",
        "freevend",
    )
    assert ended.code == 0, ended.err
    assert (given[0].port, given[0].record_freevend, given[0].ungoverned) == (0, True, "freevend")
    assert given[0].secret is not None
    assert given[0].secret.get_secret_value() == "0123456789abcdef"


@pytest.mark.parametrize(
    "arguments", [("--port", "99999"), ("--workers", "many"), ("--secret", "short"), ("--secret-file", "nowhere")]
)
def test_settings_that_do_not_hold_are_told_by_their_flag(
    cli: Callable[..., Ended], arguments: tuple[str, ...]
) -> None:
    ended = cli("serve", *arguments)
    assert ended.code == ExitCode.USAGE
    assert arguments[0] in ended.err
    assert "short" not in ended.err


@pytest.mark.parametrize("command", ["keys list", "scheduler", "serve"])
def test_settings_that_do_not_hold_are_told_by_their_variable(
    cli: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    (tmp_path / "secret").write_text("short", encoding="utf-8")
    monkeypatch.setenv("POLICY_SERVICE_PORT", "x")
    monkeypatch.setenv("POLICY_SERVICE_SECRET_FILE", str(tmp_path / "secret"))
    ended = cli(*command.split(), "--state-dir", str(tmp_path))
    assert ended.code == ExitCode.USAGE
    assert "POLICY_SERVICE_PORT: it must be a whole number" in ended.err
    assert "POLICY_SERVICE_SECRET_FILE: " in ended.err
    assert "--port" not in ended.err
    assert "short" not in ended.err
    assert "see `policy-service serve --help`" in ended.err


@pytest.mark.parametrize("name", FROM_FILE)
def test_a_flags_file_of_a_secret_has_an_end(cli: Callable[..., Ended], name: str) -> None:
    flag = f"--{name.replace('_', '-')}-file"
    ended = cli("serve", flag, "/dev/zero")
    assert ended.code == ExitCode.USAGE
    assert f"error: {flag} names a file that holds more than a secret: 65,536 characters are the most\n" in ended.err


def test_a_schema_is_printed_by_kind(cli: Callable[..., Ended]) -> None:
    told = json.loads(cli("schema", "access-policy").out)
    assert told["title"] == "AccessPolicy"
    assert json.loads(cli("schema", "AccessPolicy").out) == told
    assert "access-policy" in cli("schema").out.splitlines()


def test_schemas_are_written_for_both_drafts(cli: Callable[..., Ended], tmp_path: Path) -> None:
    assert cli("schema", "--output", str(tmp_path / "new")).code == 0
    written = {path.relative_to(tmp_path / "new").as_posix() for path in (tmp_path / "new").rglob("*.json")}
    assert {"access-policy.v1.json", "draft-07/access-policy.v1.json"} <= written


def test_an_unknown_kind_is_answered_with_the_right_one(cli: Callable[..., Ended]) -> None:
    ended = cli("schema", "acess-policy")
    assert ended.code == ExitCode.USAGE
    assert "did you mean `access-policy`?" in ended.err
