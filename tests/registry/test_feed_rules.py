from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from fakes.clock import FakeClock
from fakes.stores import MemoryFeeds, MemoryState
from hypothesis import given
from hypothesis import strategies as st

from policy_service.application.feed_watch import FeedWatch
from policy_service.domain.feed import Feed
from policy_service.domain.import_run import SILENT_S, ImportKind, ImportMode, ImportRun, ImportState
from policy_service.domain.span import SpanError, format_span, parse_span

if TYPE_CHECKING:
    from collections.abc import Sequence

RUN = ImportRun(
    "im-1", ImportKind.AGREEMENTS, "office", ImportMode.MERGE, atomic=False, state=ImportState.RUNNING,
    started_at=100, updated_at=100,
)  # fmt: skip


def test_an_import_that_says_nothing_for_two_minutes_has_failed() -> None:
    assert RUN.seen_at(100 + SILENT_S).state is ImportState.RUNNING
    assert RUN.seen_at(101 + SILENT_S).state is ImportState.FAILED
    done = replace(RUN, state=ImportState.DONE, ended_at=100)
    assert done.seen_at(10**9) == done


@pytest.mark.parametrize(
    ("changed", "came"),
    [
        ({"state": ImportState.DONE, "accepted": 1, "rejected": 9}, True),
        ({"state": ImportState.DONE}, True),
        ({"state": ImportState.DONE, "rejected": 9}, False),
        ({"state": ImportState.REFUSED, "accepted": 1}, False),
        ({"accepted": 1}, False),
    ],
)
def test_a_source_has_come_when_something_of_it_took_effect(changed: dict[str, object], came: bool) -> None:  # noqa: FBT001 - a column
    assert replace(RUN, **changed).came is came


def test_a_feed_is_due_after_its_last_import_or_after_it_was_agreed_upon() -> None:
    came = replace(RUN, state=ImportState.DONE, ended_at=500)
    assert Feed(ImportKind.AGREEMENTS, "office", last_import=came).due_at is None
    assert Feed(ImportKind.AGREEMENTS, "office", 60, 1000, came).due_at == 1060
    feed = Feed(ImportKind.AGREEMENTS, "office", 60, 400, came)
    assert (feed.due_at, feed.overdue(559), feed.overdue(560)) == (560, False, True)


class Heard:
    """Takes notice of what the watch says."""

    def __init__(self) -> None:
        """Start with nothing heard."""
        self.told: list[str] = []

    def feeds(self, feeds: Sequence[Feed], now: int) -> None:
        del feeds, now

    def feed_overdue(self, feed: Feed) -> None:
        self.told.append(f"overdue {feed.source}")

    def feed_came(self, feed: Feed) -> None:
        self.told.append(f"came {feed.source}")


@pytest.mark.anyio
async def test_the_watch_tells_each_change_once_and_keeps_what_it_knew_without_a_store() -> None:
    state, clock, heard = MemoryState(), FakeClock(1_000_000), Heard()
    feeds = MemoryFeeds(state)
    watch = FeedWatch(feeds, clock, heard)
    await feeds.expect(ImportKind.AGREEMENTS, "office", 60, 1000)
    await watch.look()
    assert (heard.told, list(watch.problems())) == ([], [])
    clock.milliseconds = 1_060_000
    for _ in range(3):
        await watch.look()
    assert heard.told == ["overdue office"]
    state.down = True
    await watch.look()
    assert watch.problems() == ["the agreements of source office are overdue since 1970-01-01T00:17:40Z"]
    state.down = False
    await feeds.expect(ImportKind.AGREEMENTS, "office", None, 1060)
    await watch.look()
    assert (heard.told, list(watch.problems())) == (["overdue office", "came office"], [])


@pytest.mark.anyio
@pytest.mark.parametrize("turns", range(4))
async def test_an_end_that_comes_together_with_news_is_an_end(turns: int) -> None:
    watch = FeedWatch(MemoryFeeds(MemoryState()), FakeClock(), Heard())
    looking = asyncio.create_task(watch.keep_looking())
    await asyncio.sleep(0.01)
    await watch.look()
    for _ in range(turns):
        await asyncio.sleep(0)
    looking.cancel()
    await asyncio.wait((looking,), timeout=2)
    assert looking.cancelled()


@given(st.integers(1, 10**8))
def test_a_length_is_read_as_it_is_written(seconds: int) -> None:
    assert parse_span(format_span(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "P", "PT", "P1DT", "PT0S", "26h", "PT1.5H", "P1W", "P-1D", "pt1h", "PT1H1H"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(SpanError):
        parse_span(text)
