"""Settings from variables, files and flags."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from policy_service.settings import Settings, SettingsError

if TYPE_CHECKING:
    from pathlib import Path


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLICY_SERVICE_PORT", "")
    assert (Settings().port, Settings().host) == (8080, "127.0.0.1")


def test_flags_beat_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLICY_SERVICE_PORT", "9000")
    assert (Settings().port, Settings(port=9001).port) == (9000, 9001)


def test_a_secret_may_lie_in_a_file_and_is_never_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("sixteen characters\n")
    monkeypatch.setenv("POLICY_SERVICE_SECRET_FILE", str(tmp_path / "secret"))
    settings = Settings()
    assert settings.secret is not None
    assert settings.secret.get_secret_value() == "sixteen characters"
    assert "sixteen" not in repr(settings)
    monkeypatch.setenv("POLICY_SERVICE_SECRET_FILE", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match="POLICY_SERVICE_SECRET_FILE"):
        Settings()


def test_settings_are_frozen_and_each_is_described() -> None:
    with pytest.raises(ValidationError):
        Settings().port = 1  # type: ignore[misc]  # frozen is what is tested
    assert all(field.description for field in Settings.model_fields.values())


def test_the_database_defaults_to_a_file_of_this_node(tmp_path: Path) -> None:
    assert Settings(state_dir=tmp_path).database == f"sqlite+aiosqlite:///{tmp_path}/policy-service.sqlite3"
