from __future__ import annotations

import json
import sqlite3
import time
from typing import TYPE_CHECKING

import pytest

from policy_service.entrypoints.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ended import Ended

    Keys = Callable[..., Ended]


@pytest.fixture
def keys(cli: Callable[..., Ended], tmp_path: Path) -> Keys:
    """Run ``keys`` on a state directory of its own."""

    def run(command: str, *arguments: str) -> Ended:
        return cli("keys", command, *arguments, "--state-dir", str(tmp_path / "new" / "state"))

    return run


def _create(keys: Keys, *arguments: str, name: str = "csms", scope: str = "decide") -> Ended:
    return keys("create", "--name", name, "--scope", scope, *arguments)


def _listed(keys: Keys) -> list[dict[str, object]]:
    return list(json.loads(keys("list", "--json").out)["keys"])


def test_a_key_stands_alone_on_standard_output(keys: Keys) -> None:
    ended = _create(keys, "--scope", "read", "--expires", "90d")
    assert ended.code == 0
    prefix, key_id, secret = ended.out.removesuffix("\n").split("_", 2)
    assert (prefix, ended.out.count("\n")) == ("psk", 1)
    assert len(secret) >= 43
    assert key_id in ended.err
    assert secret not in ended.err
    found = _listed(keys)[0]
    assert (found["name"], found["id"], found["scopes"]) == ("csms", key_id, ["decide", "read"])
    assert "digest" not in found


def test_no_two_keys_are_alike(keys: Keys) -> None:
    assert len({_create(keys, name=f"k{number}").out for number in range(5)}) == 5


def test_keys_are_listed_as_a_table(keys: Keys) -> None:
    nowhere = keys("list")
    assert (nowhere.code, nowhere.out) == (ExitCode.UNREACHABLE, "")
    assert "there is no database in" in nowhere.err, "a wrong directory is told, and nothing is made there"
    _create(keys, "--label", "depot:north", "--label", "depot:east", "--label", "row:a", name="yard")
    _create(keys, "--source", "fleet", name="office", scope="import")
    lines = [line.split() for line in keys("list").out.splitlines()]
    assert lines[0] == ["NAME", "ID", "STATE", "SCOPES", "BOUND", "TO", "EXPIRES", "LAST", "USED"]
    lines[1:] = sorted(lines[1:], reverse=True)
    assert lines[1][0:1] + lines[1][2:] == ["yard", "active", "decide", "depot:north", "depot:east", "row:a", "-", "-"]
    assert lines[2][0:1] + lines[2][2:] == ["office", "active", "import", "source", "fleet", "-", "-"]


def test_a_rotation_leaves_the_older_key_for_the_overlap(keys: Keys) -> None:
    first, other = _create(keys, "--label", "depot:north", "--expires", "90d").out, _create(keys, name="other").out
    second = keys("rotate", "csms", "--overlap", "1h")
    assert second.code == 0
    assert len({first, other, second.out}) == 3
    after, before, untouched = sorted(_listed(keys), key=lambda key: str(key["expires_at"] or ""), reverse=True)
    assert (untouched["name"], untouched["expires_at"]) == ("other", None)
    assert (after["scopes"], after["labels"]) == (before["scopes"], before["labels"])
    assert str(before["expires_at"]) < str(after["expires_at"])


def test_each_successor_lasts_as_long_as_the_first_key_was_to(keys: Keys) -> None:
    _create(keys, "--expires", "90d")
    for _ in range(3):
        keys("rotate", "csms", "--overlap", "1h")
    in_80_days = time.strftime("%Y-%m-%dT", time.gmtime(time.time() + 80 * 86_400))
    assert [str(key["expires_at"]) > in_80_days for key in _listed(keys)].count(True) == 1


def test_without_an_overlap_a_rotation_ends_the_older_key_at_once(keys: Keys) -> None:
    _create(keys)
    assert keys("rotate", "csms", "--overlap", "0s").code == 0
    assert sorted(str(key["state"]) for key in _listed(keys)) == ["active", "expired"]


def test_a_key_is_revoked_by_name_or_by_id(keys: Keys) -> None:
    _create(keys)
    rotated = keys("rotate", "csms").out
    assert keys("revoke", rotated.split("_")[1]).code == 0
    assert sorted(str(key["state"]) for key in _listed(keys)) == ["active", "revoked"]
    assert keys("revoke", "csms").code == 0
    assert [key["state"] for key in _listed(keys)] == ["revoked", "revoked"]
    assert keys("revoke", "csms").code == ExitCode.USAGE
    assert keys("rotate", "csms").code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--scope", "root"), "root"),
        (("--label", "depot"), "depot:north"),
        (("--label", "depot:north", "--scope", "admin"), "decide, read, operate, bundle, degraded and lists"),
        (("--source", "fleet"), "scope import"),
        (("--expires", "soon"), "90d"),
        (("--expires", "0d"), "no length of time"),
        (("--expires", "999999w"), "no length of time"),
    ],
)
def test_what_makes_no_sense_is_told(keys: Keys, tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    ended = _create(keys, *arguments)
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")
    assert told in ended.err
    assert not (tmp_path / "new").exists(), "no database is made for it"
    assert " active " not in keys("list").out


@pytest.mark.parametrize("name", ["", "two words", "a:b", "-x", "x" * 65])
def test_a_name_is_a_word(keys: Keys, name: str) -> None:
    assert _create(keys, name=name).code == ExitCode.USAGE


@pytest.mark.parametrize("command", [("create", "--name", "bootstrap", "--scope", "read"), ("rotate", "bootstrap")])
def test_the_bootstrap_key_is_left_to_its_file(keys: Keys, command: tuple[str, ...]) -> None:
    _create(keys)
    ended = keys(*command)
    assert ended.code == ExitCode.USAGE
    assert "change the file" in ended.err


def test_a_name_is_given_once(keys: Keys) -> None:
    _create(keys)
    ended = _create(keys)
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")
    assert "there is an active key of this name" in ended.err


@pytest.mark.parametrize("url", ["postgresql://u:hush@127.0.0.1:1/none", "sqlite:////proc/none/state.db"])
def test_a_store_that_cannot_be_asked_is_told_with_a_hint(cli: Callable[..., Ended], tmp_path: Path, url: str) -> None:
    (tmp_path / "url").write_text(url + "\n", encoding="utf-8")
    ended = cli("keys", "list", "--database-url-file", str(tmp_path / "url"))
    assert ended.code == ExitCode.UNREACHABLE
    assert "POLICY_SERVICE_DATABASE_URL" in ended.err
    assert "hush" not in ended.err


def test_a_database_of_a_later_release_is_no_defect(keys: Keys, tmp_path: Path) -> None:
    _create(keys)
    with sqlite3.connect(tmp_path / "new" / "state" / "policy-service.sqlite3") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    ended = keys("list")
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")
    assert "the database belongs to a later release" in ended.err
    assert "policy-service --version" in ended.err


def test_a_state_directory_that_cannot_be_made_is_told(cli: Callable[..., Ended]) -> None:
    ended = cli("keys", "list", "--state-dir", "/proc/none/state")
    assert ended.code == ExitCode.UNREACHABLE
    assert "--state-dir" in ended.err


def test_a_database_that_had_to_be_made_is_told_with_its_place(keys: Keys, tmp_path: Path) -> None:
    made, again = _create(keys), _create(keys, name="other")
    database = tmp_path / "new" / "state" / "policy-service.sqlite3"
    assert f"note: made a new database at {database}; a service elsewhere does not know this key" in made.err
    assert (again.code, "database" in again.err) == (0, False)


def test_a_key_goes_into_a_file_of_its_owner_alone(keys: Keys, tmp_path: Path) -> None:
    file = tmp_path / "csms.key"
    ended = _create(keys, "--output", str(file))
    assert (ended.code, ended.out) == (0, "")
    assert file.stat().st_mode & 0o777 == 0o600
    key = file.read_text(encoding="utf-8")
    assert key.startswith("psk_")
    assert (key.strip() in ended.err, str(file) in ended.err) == (False, True)
    rotated = keys("rotate", "csms", "--output", str(tmp_path / "next.key"), "--json")
    assert rotated.code == 0
    assert json.loads(rotated.out)["id"] == (tmp_path / "next.key").read_text(encoding="utf-8").split("_")[1]
    assert "key" not in json.loads(rotated.out)


@pytest.mark.parametrize("command", [("create", "--name", "other", "--scope", "read"), ("rotate", "csms")])
def test_a_file_that_is_there_already_is_left_alone_and_no_key_is_made(
    keys: Keys, tmp_path: Path, command: tuple[str, ...]
) -> None:
    file = tmp_path / "csms.key"
    _create(keys, "--output", str(file))
    before, listed = file.read_bytes(), _listed(keys)
    ended = keys(*command, "--output", str(file))
    assert (ended.code, "exists already; no key was made" in ended.err) == (ExitCode.USAGE, True)
    assert (file.read_bytes(), _listed(keys)) == (before, listed)


def test_no_file_is_left_of_a_key_that_was_not_made(keys: Keys, tmp_path: Path) -> None:
    _create(keys)
    assert _create(keys, "--output", str(tmp_path / "again.key")).code == ExitCode.USAGE
    assert not (tmp_path / "again.key").exists()
    nowhere = _create(keys, "--output", str(tmp_path / "none" / "a.key"), name="other")
    assert (nowhere.code, "No such file or directory; no key was made" in nowhere.err) == (ExitCode.USAGE, True)


def test_what_was_made_and_ended_is_told_as_json(keys: Keys) -> None:
    made = json.loads(_create(keys, "--label", "depot:north", "--expires", "90d", "--json").out)
    assert (made["name"], made["scopes"], made["labels"]) == ("csms", ["decide"], {"depot": ["north"]})
    assert (made["expires_at"] is not None, made["key"].split("_")[1]) == (True, made["id"])
    assert json.loads(keys("revoke", "csms", "--json").out) == {"revoked": [{"id": made["id"], "name": "csms"}]}
