"""Keeping the bundle against a scripted service: fetched, confirmed, refused, and gone after its time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from policy_service.client.bundle_keeping import BundleKeeping
from policy_service.client.calls import Calls, Reply, UnreachableError
from policy_service.domain.bundle import FORMAT, HOLDS_S, Bundle, BundledPlan, BundledRegistry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.anyio

NOW = 1_795_000_000
KEY = "psk_a_key_of_the_tests"
PLAN = BundledPlan("sha256:0", "2026a", "0", "deny", 0, NOW, {}, {}, (), (), (), (), (), ())
BODY = msgspec.json.encode(Bundle(FORMAT, NOW, 60, 3600, PLAN, BundledRegistry("00" * 32, {}, (), {})))

KIND = {
    "vehicle_class": "own",
    "fleet": None,
    "agreement": None,
    "attributes": {},
    "chargers": None,
    "valid_from": None,
    "valid_to": None,
    "status": "active",
}
AGREEMENT = {"fleet": "metro", "status": "active", "valid_from": None, "valid_to": None, "chargers": None}


class Answering(Calls):
    """Calls that are answered from a list."""

    def __init__(self, *replies: Reply) -> None:
        """Answer with these, one after another."""
        super().__init__("http://127.0.0.1:1", key=None, deadline_s=1, tls=None)
        self.replies = list(replies)
        self.asked: list[tuple[str, Mapping[str, str] | None]] = []

    async def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        deadline_s: float | None = None,
    ) -> Reply:
        assert (method, body, deadline_s) == ("GET", None, 30)
        self.asked.append((path, headers))
        return self.replies.pop(0)


def keeping(
    directory: Path | None, *replies: Reply, key: str | None = KEY, now: int = NOW
) -> tuple[BundleKeeping, Answering]:
    calls = Answering(*replies)
    return BundleKeeping(calls, ["depot:north", "zone:a&b"], directory, 60, key, lambda: now), calls


FRESH = Reply(200, {"ETag": 'W/"one"'}, BODY)
SAME = Reply(304, {}, b"")


async def test_it_is_fetched_then_confirmed_by_its_tag(tmp_path: Path) -> None:
    kept, calls = keeping(tmp_path, FRESH, SAME)
    await kept.refresh()
    before = kept.held(NOW)
    await kept.refresh()
    after = kept.held(NOW)
    assert before is not None
    assert after is not None
    assert after.plan is before.plan
    assert after.confirmed_at >= before.confirmed_at
    path = "/v1/bundle?label=depot%3Anorth&label=zone%3Aa%26b"
    assert calls.asked == [(path, None), (path, {"If-None-Match": 'W/"one"'})]


@pytest.mark.parametrize("reply", [Reply(403, {}, b"{}"), Reply(503, {}, b""), Reply(200, {}, b"{}"), SAME])
async def test_what_is_no_bundle_leaves_things_as_they_are(tmp_path: Path, reply: Reply) -> None:
    kept, _ = keeping(tmp_path, reply)
    with pytest.raises(UnreachableError):
        await kept.refresh()
    assert kept.held(NOW) is None
    assert not list(tmp_path.iterdir())


async def test_a_restart_finds_it_on_the_disk_and_asks_by_its_tag(tmp_path: Path) -> None:
    first, _ = keeping(tmp_path, FRESH)
    await first.refresh()
    second, calls = keeping(tmp_path, SAME)
    await second.restore()
    assert second.held(NOW) is not None
    await second.refresh()
    assert calls.asked[0][1] == {"If-None-Match": 'W/"one"'}


async def test_after_48_hours_it_is_gone_from_memory_and_disk(tmp_path: Path) -> None:
    kept, _ = keeping(tmp_path, FRESH)
    await kept.refresh()
    assert kept.held(NOW + HOLDS_S - 1) is not None
    assert kept.held(NOW + HOLDS_S + 1) is None
    assert kept.held(NOW) is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("confirmed_at", [NOW - HOLDS_S - 60, NOW + HOLDS_S + 60], ids=["too long ago", "too late"])
async def test_one_on_the_disk_that_was_confirmed_too_long_ago_or_too_late_is_removed(
    tmp_path: Path, confirmed_at: int
) -> None:
    first, _ = keeping(tmp_path, FRESH, now=confirmed_at)
    await first.refresh()
    assert (tmp_path / "bundle.json").exists()
    second, _ = keeping(tmp_path)
    await second.restore()
    assert second.held(NOW) is None
    assert not list(tmp_path.iterdir())


async def test_one_without_its_confirmation_is_none(tmp_path: Path) -> None:
    first, _ = keeping(tmp_path, FRESH)
    await first.refresh()
    (tmp_path / "bundle.confirmed.json").unlink()
    second, _ = keeping(tmp_path)
    await second.restore()
    assert second.held(NOW) is None


@pytest.mark.parametrize("name", ["bundle.json", "bundle.confirmed.json"])
@pytest.mark.parametrize("key", [KEY, None])
async def test_one_on_the_disk_that_was_damaged_or_changed_is_removed(
    tmp_path: Path, name: str, key: str | None
) -> None:
    first, _ = keeping(tmp_path, FRESH, key=key)
    await first.refresh()
    file = tmp_path / name
    member = "made_at" if name == "bundle.json" else "confirmed_at"
    changed = json.loads(file.read_bytes()) | {member: NOW + 1000}
    file.write_text(json.dumps(changed, separators=(",", ":")))
    second, _ = keeping(tmp_path, key=key)
    await second.restore()
    assert second.held(NOW) is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("theirs", "ours"), [(None, KEY), ("psk_another", KEY)])
async def test_one_that_nobody_with_our_key_has_written_is_removed(
    tmp_path: Path, theirs: str | None, ours: str
) -> None:
    forger, _ = keeping(tmp_path, FRESH, key=theirs)
    await forger.refresh()
    kept, _ = keeping(tmp_path, key=ours)
    await kept.restore()
    assert kept.held(NOW) is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "changed",
    [
        {"key": "no digits"},
        {"key": "00"},
        {"vehicles": {"a": (0, "bus-1")}},
        {"vehicles": {"a": (-1, "bus-1")}},
        {"kinds": [KIND | {"vehicle_class": "friend"}]},
        {"kinds": [KIND | {"status": "maybe"}]},
        {"agreements": {"metro": AGREEMENT | {"status": "maybe"}}, "kinds": [KIND | {"agreement": "metro"}]},
    ],
)
async def test_one_that_contradicts_itself_is_none(changed: dict[str, Any]) -> None:
    body = json.loads(BODY)
    body["registry"] |= changed
    kept, _ = keeping(None, FRESH, Reply(200, {"ETag": 'W/"two"'}, json.dumps(body).encode()))
    await kept.refresh()
    before = kept.held(NOW)
    with pytest.raises(UnreachableError):
        await kept.refresh()
    assert kept.held(NOW) is before is not None


async def test_a_tag_that_cannot_be_sent_back_is_not() -> None:
    kept, calls = keeping(None, Reply(200, {"ETag": 'W/"\udcff"'}, BODY), FRESH)
    for _ in range(2):
        await kept.refresh()
    assert [headers for _, headers in calls.asked] == [None, None]
