"""The README says what is so: its commands, its policy, its tables."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest
from project import ROOT, readme, table, targets

from policy_service.__main__ import main
from policy_service.entrypoints.cli.app import COMMANDS
from policy_service.entrypoints.cli.exit_codes import MEANINGS
from policy_service.settings import FROM_FILE, PREFIX, Settings

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic.fields import FieldInfo

LINES_OF_THE_FIRST_POLICY = 12


def fenced(language: str) -> list[str]:
    """Return the README's blocks of code in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", readme(), re.MULTILINE | re.DOTALL)


def shown(field: FieldInfo) -> str:
    """Return a default as the README writes it."""
    default = getattr(field.default, "value", field.default)
    text = str(default).lower() if isinstance(default, bool) else str("" if default is None else default)
    return f"`{text}`" if text else ""


def test_every_make_target_that_it_names_exists() -> None:
    named = set(re.findall(r"\bmake ([a-z-]+)\b", "".join(fenced("sh")) + "".join(re.findall(r"`[^`]+`", readme()))))
    assert {"demo", "test"} <= named
    assert named - set(targets()) == set()


def test_its_first_screen_shows_the_two_commands() -> None:
    first_screen = "\n".join(readme().splitlines()[:70])
    assert all(
        part in first_screen for part in ("make demo", "make test", "kind: AccessPolicy", "curl ", "decision_id")
    )


def test_its_first_policy_is_short_and_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = fenced("yaml")[0]
    assert len(policy.splitlines()) == LINES_OF_THE_FIRST_POLICY
    (tmp_path / "depot.yaml").write_text(policy, encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["policy-service", "check", str(tmp_path)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0, capsys.readouterr()


def test_its_table_of_commands_is_the_command_line() -> None:
    assert table("Commands") == [[f"`{name}`", row.summary.rstrip(".")] for name, row in COMMANDS.items()]


def test_its_table_of_exit_codes_is_the_code() -> None:
    assert table("Exit codes") == [[str(int(code)), meaning] for code, meaning in MEANINGS.items()]


def test_its_table_of_settings_is_the_settings() -> None:
    rows = [
        [f"`{PREFIX}{name.upper()}`", shown(field), str(field.description).rstrip(".")]
        for name, field in Settings.model_fields.items()
    ]
    assert table("Settings") == rows


def test_it_names_the_settings_that_are_read_from_files() -> None:
    assert all(f"`{PREFIX}{name.upper()}_FILE`" in readme() for name in FROM_FILE)


def test_the_image_and_the_makefile_use_the_same_uv() -> None:
    wanted = re.search(r"^UV_VERSION := (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert wanted is not None
    assert f"uv=={wanted[1]}" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_every_ignored_rule_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    linter = tomllib.loads(text)["tool"]["ruff"]["lint"]
    ignored = {*linter["ignore"], *(rule for rules in linter["per-file-ignores"].values() for rule in rules)}
    assert [rule for rule in sorted(ignored) if not re.search(rf'^\s+"{rule}",? +# \S', text, re.MULTILINE)] == []
