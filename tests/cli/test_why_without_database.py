from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from fakes.served import POLICIES, eventually, serving

from policy_service.entrypoints.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ended import Ended
    from fakes.served import Served


def _database(node: Served) -> str:
    return str(node.client.get("/health/ready").json()["stores"]["database"])


def test_where_events_wait_for_the_database_a_denial_is_not_said_to_be_none(
    cli: Callable[..., Ended], tmp_path: Path
) -> None:
    with serving(POLICIES, tmp_path) as node, closing(sqlite3.connect(tmp_path / "policy-service.sqlite3")) as other:
        quiet = cli("why", "NTH-07", "--url", node.url)
        other.execute("BEGIN IMMEDIATE")
        node.decide(charger="NTH-07", identifier="04C20000000001", time="2026-11-24T11:15:00Z")
        eventually(lambda: _database(node) == "down", within=30)
        ended = cli("why", "NTH-07", "--url", node.url)
        state = node.client.get("/health/ready").json()
        other.rollback()
    assert dict(zip(state["problems"], state["problem_codes"], strict=True))["database does not answer"] == (
        "database_down"
    )
    assert ended.out.startswith("nobody was refused at NTH-07")
    assert "note: the latest denials may not be on record yet: database does not answer" in ended.err
    assert quiet.err == ""


def test_events_that_are_lost_are_told_of_to_who_finds_no_denial(cli: Callable[..., Ended], tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "before.events").write_bytes(b"00000000 not as it was written\n")
    with serving(POLICIES, tmp_path) as node:
        eventually(lambda: "events_lost" in node.client.get("/health/ready").json()["problem_codes"], within=30)
        ended = cli("why", "NTH-07", "--url", node.url)
    assert ended.out.startswith("nobody was refused at NTH-07")
    assert "note: denials may be among what is lost, and nowhere on record: 1 access events have been lost" in ended.err


def test_who_finds_no_store_is_told_where_to_look(cli: Callable[..., Ended], tmp_path: Path) -> None:
    with serving(POLICIES, tmp_path) as node:
        (tmp_path / "policy-service.sqlite3").unlink()
        eventually(lambda: _database(node) == "down", within=30)
        ended = cli("why", "NTH-07", "--url", node.url)
    assert ended.code == ExitCode.REFUSED
    assert "no store could be asked" in ended.err
    assert "/health/ready and its log say what it lacks" in " ".join(ended.err.split())
