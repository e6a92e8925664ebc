"""Keeping the bundle against a scripted service: fetched, confirmed, refused, and gone after its time."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import msgspec
import pytest

from policy_service.client.bundle_keeping import BundleKeeping
from policy_service.client.calls import Calls, Reply, UnreachableError
from policy_service.domain.bundle import FORMAT, HOLDS_S, Bundle, BundledPlan, BundledRegistry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.anyio

NOW = int(time.time())
PLAN = BundledPlan("sha256:0", "2026a", "0", "deny", 0, NOW, {}, {}, (), (), (), (), (), ())
BODY = msgspec.json.encode(Bundle(FORMAT, NOW, 60, 3600, PLAN, BundledRegistry("00" * 32, {}, (), {})))


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


def keeping(directory: Path | None, *replies: Reply) -> tuple[BundleKeeping, Answering]:
    calls = Answering(*replies)
    return BundleKeeping(calls, ["depot:north", "zone:a&b"], directory, 60), calls


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
    assert kept.held(NOW + HOLDS_S - 60) is not None
    assert kept.held(NOW + HOLDS_S + 60) is None
    assert kept.held(NOW) is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("confirmed_at", [NOW - HOLDS_S - 60, NOW + HOLDS_S + 60], ids=["too long ago", "too late"])
async def test_one_on_the_disk_that_was_confirmed_too_long_ago_or_too_late_is_removed(
    tmp_path: Path, confirmed_at: int
) -> None:
    first, _ = keeping(tmp_path, FRESH)
    await first.refresh()
    confirmation = {"tag": 'W/"one"', "confirmed_at": confirmed_at}
    (tmp_path / "bundle.confirmed.json").write_text(json.dumps(confirmation))
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
