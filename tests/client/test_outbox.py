"""What waits to be told: in order, once, sealed, and bounded."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from policy_service.client.degraded import DegradedDecision, new_id
from policy_service.client.disk import StateInUseError, claimed
from policy_service.client.outbox import Outbox

if TYPE_CHECKING:
    from pathlib import Path

CARD = "04A2B3C4D5E680"
KEY = "psk_a_key_of_the_tests"


def decision(number: int) -> DegradedDecision:
    return DegradedDecision(
        decision_id=new_id(number),
        degraded="bundle",
        time="2026-11-24T11:15:00Z",
        charger="SHUT",
        outcome="access_denied",
        reason="unknown_identifier",
        identifier=CARD,
        identifier_masked="…E680",
    )


def opened(directory: Path | None, key: str | None = KEY, most: int = 100) -> Outbox:
    outbox = Outbox(directory, key, most=most)
    outbox.open()
    return outbox


def test_a_restart_finds_what_was_not_sent_in_order_also_when_it_died_in_the_middle(tmp_path: Path) -> None:
    told = [decision(number) for number in range(6)]
    first = opened(tmp_path)
    for each in told[:4]:
        first.add(each)
    assert first.batch(2) == told[:2]
    first.add(told[4])
    first.sent(2)
    first.add(told[5])
    first.close()
    second = opened(tmp_path)  # those sent already come again: their ids tell
    assert second.batch(10) == told[:4]
    second.sent(4)
    assert second.batch(10) == told[4:]
    second.sent(2)
    assert not list(tmp_path.iterdir())
    assert len(opened(tmp_path)) == 0


def test_nothing_is_in_the_clear_on_the_disk_and_another_key_opens_nothing(tmp_path: Path) -> None:
    outbox = opened(tmp_path)
    outbox.add(decision(1))
    outbox.close()
    file = tmp_path / "degraded.ndjson"
    assert CARD.encode() not in file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert opened(tmp_path, "psk_another").batch(1)[0].identifier is None


def test_on_the_disk_without_a_key_identifiers_are_left_out(tmp_path: Path) -> None:
    outbox = opened(tmp_path, None)
    outbox.add(decision(1))
    (found,) = outbox.batch(1)
    assert (found.identifier, found.identifier_masked) == (None, "…E680")
    assert opened(None, None).batch(1) == []


def test_it_is_bounded_and_a_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    outbox = opened(tmp_path, most=3)
    for number in range(5):
        outbox.add(decision(number))
    assert len(outbox) == 3
    outbox.close()
    with (tmp_path / "degraded.ndjson").open("ab") as file:
        file.write(b'{"decision_id": "01')
    assert len(opened(tmp_path)) == 3


def test_a_line_that_was_cut_off_takes_none_with_it_that_comes_after_a_restart(tmp_path: Path) -> None:
    (tmp_path / "degraded.ndjson").write_bytes(b'{"decision_id": "01')
    outbox = opened(tmp_path)
    told = decision(1)
    outbox.add(told)
    outbox.close()
    assert opened(tmp_path).batch(10) == [told]


@pytest.mark.parametrize("damage", [b"\xff\n", b"[" * 100_000, b"\0" * 100])
def test_what_is_no_decision_on_the_disk_is_left_out(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "degraded.sending.ndjson").write_bytes(damage)
    assert len(opened(tmp_path)) == 0


def test_a_state_directory_is_one_process_s(tmp_path: Path) -> None:
    with claimed(tmp_path / "state"), pytest.raises(StateInUseError), claimed(tmp_path / "state"):
        pass
    with claimed(tmp_path / "state"):
        assert (tmp_path / "state").is_dir()


def test_ids_are_of_version_7_and_sort_by_time() -> None:
    ids = [new_id(1_800_000_000_000 + n) for n in range(1000)]
    assert sorted(ids) == ids
    assert {(each[14], each[19] in "89ab") for each in ids} == {("7", True)}
