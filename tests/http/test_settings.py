"""Settings from variables, files and flags."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from fakes.served import POLICIES, start
from pydantic import ValidationError

from policy_service.settings import FROM_FILE, Settings, SettingsError, is_loopback

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


@pytest.mark.parametrize("name", FROM_FILE)
def test_a_file_of_a_secret_is_read_up_to_a_bound_and_without_its_mark(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setenv(f"POLICY_SERVICE_{name.upper()}_FILE", str(tmp_path / "file"))
    (tmp_path / "file").write_text("sixteen characters\r\n", encoding="utf-8-sig")
    given = getattr(Settings(), name)
    assert (given if isinstance(given, str) else given.get_secret_value()) == "sixteen characters"
    (tmp_path / "file").write_text("x" * 65_537)
    with pytest.raises(SettingsError, match=f"{name.upper()}_FILE names a file that holds more than a secret: 65,536"):
        Settings()


def test_settings_are_frozen_and_each_is_described() -> None:
    with pytest.raises(ValidationError):
        Settings().port = 1  # type: ignore[misc]  # frozen is what is tested
    assert all(field.description for field in Settings.model_fields.values())


def test_the_database_defaults_to_a_file_of_this_node(tmp_path: Path) -> None:
    assert Settings(state_dir=tmp_path).database == f"sqlite+aiosqlite:///{tmp_path}/policy-service.sqlite3"


@pytest.mark.parametrize(
    "given",
    [
        {"tls_cert_file": "a.pem"},
        {"tls_key_file": "a.pem"},
        {"tls_client_ca_file": "a.pem"},
        {"jwt_issuer": "https://i.example"},
        {"jwt_issuer": "https://i.example", "jwt_jwks_url": "https://i.example/jwks"},
        {"jwt_jwks_url": "https://i.example/jwks", "jwt_audience": "a"},
        {"jwt_issuer": "https://i.example", "jwt_audience": "a"},
    ],
)
def test_half_of_what_goes_together_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match=r"go together|needs"):
        Settings(**given)  # type: ignore[arg-type]  # pydantic reads the texts


@pytest.mark.parametrize("names", ["none", "HS256", "RS256,none", "", ",", "rs256"])
def test_only_signatures_of_the_issuer_alone_are_accepted(names: str) -> None:
    with pytest.raises(ValidationError):
        Settings(jwt_algorithms=names)


@pytest.mark.parametrize(
    ("url", "accepted"),
    [
        ("https://issuer.example/jwks", True),
        ("http://127.0.0.1:80/jwks", True),
        ("http://localhost/jwks", True),
        ("http://issuer.example/jwks", False),
        ("http://127.0.0.1.issuer.example/jwks", False),
        ("file:///etc/passwd", False),
        ("https://", False),
        ("jwks", False),
        ("http://[", False),
    ],
)
def test_keys_of_the_issuer_come_over_tls_or_from_this_machine(url: str, *, accepted: bool) -> None:
    whole = {"jwt_issuer": "i", "jwt_audience": "a", "jwt_jwks_url": url}
    if accepted:
        assert Settings(**whole).jwt_jwks_url == url  # type: ignore[arg-type]  # pydantic reads the texts
    else:
        with pytest.raises(ValidationError):
            Settings(**whole)  # type: ignore[arg-type]  # pydantic reads the texts


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104 - what is told apart
        ("::", False),
        ("10.0.0.1", False),
        ("", False),
        ("depot.example", False),
    ],
)
def test_addresses_of_this_machine_alone_are_told_apart(host: str, *, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_an_address_that_is_taken_ends_the_start_like_a_setting_that_does_not_hold(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        served = start(POLICIES, tmp_path / "state", port=other.getsockname()[1])
        served.client.close()
        assert served.process.wait(60) == 2
        assert served.log().count(f"error: nobody can listen at 127.0.0.1:{other.getsockname()[1]}") == 1
    assert "address already in use" in served.log()


def test_a_directory_of_policies_that_is_not_there_is_named(tmp_path: Path) -> None:
    served = start(tmp_path / "none", tmp_path / "state")
    served.client.close()
    assert served.process.wait(60) == 2
    assert f"error: the policy directory does not exist: {tmp_path / 'none'}\n" in served.log()
