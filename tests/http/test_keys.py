"""Who may call: the life of a key over command and HTTP, on one process and on several."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from fakes.keyed import BOOTSTRAP, bearer, bootstrap_file, keys, made
from fakes.served import POLICIES, eventually, serving, start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.served import Served
    from servers.postgres import Postgres

QUESTION = {"charger": "NTH-01", "identifier": "04A2B3C4D5E680", "time": "2026-11-24T11:15:00Z"}


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Path]]:
    """Serve with a bootstrap key."""
    state = tmp_path_factory.mktemp("state")
    with serving(POLICIES, state, bootstrap_key_file=bootstrap_file(tmp_path_factory.mktemp("key"))) as served:
        yield served, state


def status(served: Served, key: str | None = None, path: str = "/v1/decide") -> int:
    headers = {} if key is None else bearer(key)
    if path == "/v1/decide":
        return served.client.post(path, json=QUESTION, headers=headers).status_code
    return served.client.get(path, headers=headers).status_code


def everywhere(served: Served, key: str | None, wanted: int) -> bool:
    """Tell whether every worker answers so: each new connection may reach another one."""
    headers = {"Connection": "close", **({} if key is None else bearer(key))}
    with httpx2.Client(base_url=served.url, headers=headers) as fresh_connections:
        return all(fresh_connections.post("/v1/decide", json=QUESTION).status_code == wanted for _ in range(12))


def test_the_life_of_a_key_on_two_workers_each_step_within_a_second(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with serving(POLICIES, state, workers=2) as served:
        assert status(served) == 200
        first = made(state, "csms", "decide")
        eventually(lambda: everywhere(served, None, 401), within=1)
        assert everywhere(served, first, 200)
        second = keys(state, "rotate", "csms", "--overlap", "10s").stdout.strip()
        eventually(lambda: everywhere(served, second, 200), within=1)
        assert status(served, first) == 200
        eventually(lambda: everywhere(served, first, 401), within=12)
        assert keys(state, "revoke", "csms").returncode == 0
        eventually(lambda: everywhere(served, second, 401), within=1)
        assert status(served, path="/health/ready") == 200


def test_the_end_of_the_last_key_opens_no_door_nor_does_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with serving(POLICIES, state) as served:
        key = made(state, "brief", "decide", expires="1s")
        eventually(lambda: status(served) == 401, within=1)
        eventually(lambda: status(served, key) == 401, within=3)
        assert status(served) == 401
    with serving(POLICIES, state) as served:
        assert (status(served), status(served, key)) == (401, 401)


def test_all_refusals_are_one_answer(keyed: tuple[Served, Path]) -> None:
    served, state = keyed
    key = made(state, "gone", "admin")
    keys(state, "revoke", "gone")
    eventually(lambda: status(served, key, "/v1/chargers") == 401, within=1)
    heads: list[dict[str, str]] = [
        {},
        bearer(key),
        bearer("psk_unknown_0123456789abcdef"),
        bearer("a.b.c"),
        {"Authorization": "Bearer"},
        {"Authorization": "Basic dTpw"},
        {"Authorization": key},
    ]
    answers = [served.client.get("/v1/chargers", headers=head) for head in heads]
    answers += [served.client.request(method, "/nowhere") for method in ("GET", "POST", "OPTIONS", "PATCH")]
    answers.append(served.client.post("/v1/decide", content=b"\xff"))
    for answer in answers:
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"
    bodies = [{name: value for name, value in answer.json().items() if name != "instance"} for answer in answers]
    assert all(body == bodies[0] for body in bodies)


def test_two_keys_in_one_head_are_none(keyed: tuple[Served, Path]) -> None:
    served, state = keyed
    key = made(state, "reader", "read")
    eventually(lambda: status(served, key, "/v1/chargers") == 200, within=1)
    head = [("Authorization", f"bearer {key}")]
    assert served.client.get("/v1/chargers", headers=head).status_code == 200
    assert served.client.get("/v1/chargers", headers=[*head, *head]).status_code == 401


def test_a_key_is_told_once_and_lies_nowhere(keyed: tuple[Served, Path]) -> None:
    served, state = keyed
    ended = keys(state, "create", "--name", "ops", "--scope", "admin")
    key = ended.stdout.strip()
    assert ended.stdout == f"{key}\n"
    assert len(key) >= 24
    assert key.replace("_", "").replace("-", "").isalnum()
    assert key not in ended.stderr
    eventually(lambda: status(served, key) == 200, within=1)
    assert status(served, key[:-1]) == 401
    listed = keys(state, "list")
    assert key not in listed.stdout + keys(state, "list", "--json").stdout
    assert key.split("_", 2)[2] not in listed.stdout
    assert served.bringing(key).get("/v1/audit").status_code == 200
    lying = [path for path in state.rglob("*") if path.is_file()]
    assert any("sqlite" in path.name for path in lying)
    assert [path.name for path in lying if key.encode() in path.read_bytes()] == []


def test_events_and_overrides_tell_the_name_of_the_key(keyed: tuple[Served, Path]) -> None:
    served, state = keyed
    key = made(state, "csms-7", "decide", "read", "operate")
    eventually(lambda: status(served, key) == 200, within=1)
    asking = served.bringing(key)
    decided = asking.post("/v1/decide", json=QUESTION).json()
    assert asking.get(f"/v1/events/{decided['decision_id']}").json()["caller"] == "csms-7"
    batch = asking.post("/v1/decide/batch", json={"requests": [QUESTION]}).json()["decisions"][0]
    assert asking.get(f"/v1/events/{batch['decision_id']}").json()["caller"] == "csms-7"
    body = {"chargers": {"ids": ["NTH-01"]}, "mode": "freevend", "until": _in(600), "reason": "a test"}
    override = asking.post("/v1/overrides", json=body).json()
    assert override["created_by"] == "csms-7"
    assert asking.delete(f"/v1/overrides/{override['id']}").json()["ended_by"] == "csms-7"


def _in(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def test_last_use_is_noted_when_the_service_ends(tmp_path: Path) -> None:
    state = tmp_path / "state"
    key = made(state, "csms", "decide")
    with serving(POLICIES, state) as served:
        assert status(served, key) == 200
        assert json.loads(keys(state, "list", "--json").stdout)["keys"][0]["last_used_at"] is None
    assert json.loads(keys(state, "list", "--json").stdout)["keys"][0]["last_used_at"] is not None


def test_the_bootstrap_key_comes_from_a_file_and_changes_with_it(tmp_path: Path) -> None:
    state, file = tmp_path / "state", bootstrap_file(tmp_path)
    with serving(POLICIES, state, bootstrap_key_file=file) as served:
        assert (status(served), status(served, BOOTSTRAP)) == (401, 200)
        assert BOOTSTRAP not in served.log()
    with serving(POLICIES, state, bootstrap_key_file=file) as served:
        assert len(json.loads(keys(state, "list", "--json").stdout)["keys"]) == 1
    bootstrap_file(tmp_path, "another-bootstrap-key-here")
    with serving(POLICIES, state, bootstrap_key_file=file) as served:
        assert status(served, BOOTSTRAP) == 401
        audit = served.bringing("another-bootstrap-key-here").get("/v1/audit").json()["entries"]
        assert [entry["action"] for entry in audit] == ["keys bootstrap"] * 2


@pytest.mark.parametrize("text", ["too-short", "two words are no key but a text", "", "umläute-gehen-auch-nicht-hier"])
def test_a_bootstrap_file_without_a_key_ends_the_start(tmp_path: Path, text: str) -> None:
    served = start(POLICIES, tmp_path / "state", bootstrap_key_file=bootstrap_file(tmp_path, text))
    assert served.process.wait(60) == 2
    assert "the bootstrap key must be one word of" in served.log()
    assert not text or text not in served.log()


@pytest.mark.parametrize("device", [True, False])
def test_a_bootstrap_file_is_read_up_to_a_bound(tmp_path: Path, *, device: bool) -> None:
    file = Path("/dev/zero") if device else bootstrap_file(tmp_path, BOOTSTRAP * 3000)
    served = start(POLICIES, tmp_path / "state", bootstrap_key_file=file)
    assert served.process.wait(60) == 2
    assert "holds more than a secret: 65,536 characters are the most" in served.log()


def test_a_byte_order_mark_before_the_bootstrap_key_is_no_part_of_it(tmp_path: Path) -> None:
    with serving(
        POLICIES, tmp_path / "state", bootstrap_key_file=bootstrap_file(tmp_path, f"\ufeff{BOOTSTRAP}")
    ) as one:
        assert status(one, BOOTSTRAP) == 200


def _serve(tmp_path: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("POLICY_SERVICE_")}
    command = [sys.executable, "-m", "policy_service", "serve", "--port", "0", "--policies", str(POLICIES)]
    return subprocess.run(  # noqa: S603 - our own interpreter and our own code
        [*command, "--state-dir", str(tmp_path / "state"), *flags],
        env=clean,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("workers", ["1", "2"])
def test_others_reach_nothing_without_a_key(tmp_path: Path, workers: str) -> None:
    ended = _serve(tmp_path, "--host", "0.0.0.0", "--workers", workers)  # noqa: S104 - what must be refused
    assert ended.returncode == 2
    command = f"policy-service keys create --name NAME --scope admin --state-dir {tmp_path / 'state'}"
    assert command in ended.stderr
    assert "POLICY_SERVICE_BOOTSTRAP_KEY_FILE" in ended.stderr


def test_a_revoked_key_is_none_to_listen_with(tmp_path: Path) -> None:
    made(tmp_path / "state", "ops", "admin")
    keys(tmp_path / "state", "revoke", "ops")
    assert "policy-service keys create" in _serve(tmp_path, "--host", "::").stderr


@pytest.mark.parametrize("how", ["bootstrap", "key"])
def test_with_a_key_it_listens_on_all_addresses(tmp_path: Path, how: str) -> None:
    state, more = tmp_path / "state", {}
    key = BOOTSTRAP
    if how == "bootstrap":
        more = {"bootstrap_key_file": bootstrap_file(tmp_path)}
    else:
        key = made(state, "ops", "admin")
    with serving(POLICIES, state, host="0.0.0.0", **more) as served:  # noqa: S104 - reached over loopback here
        assert (status(served), status(served, key)) == (401, 200)


def test_two_nodes_on_one_postgresql_know_the_same_keys_also_while_it_is_away(
    postgres: Postgres, tmp_path: Path
) -> None:
    address = asyncio.run(postgres.new_database())
    with (
        serving(POLICIES, tmp_path / "one", database_url=address) as one,
        serving(POLICIES, tmp_path / "other", database_url=address) as other,
    ):
        ended = keys(tmp_path, "create", "--name", "csms", "--scope", "decide", database_url=address)
        key = ended.stdout.strip()
        for node in (one, other):
            eventually(lambda node=node: (status(node), status(node, key)) == (401, 200), within=1)
        keys(tmp_path, "revoke", "csms", database_url=address)
        for node in (one, other):
            eventually(lambda node=node: status(node, key) == 401, within=1)
