"""Lists page by page, as JSON or, of access events, CSV, until there are enough or no more."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from policy_service.entrypoints.cli.service_calls import MOST_A_PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from policy_service.entrypoints.cli.service_calls import ServiceCalls

_PATH = "/v1/events"
Content = TypeVar("Content")


@dataclass(frozen=True, slots=True)
class EventPage(Generic[Content]):
    """Some events, how many these are, and where there are more."""

    content: Content
    count: int
    next_cursor: str | None


class List(NamedTuple):
    """Where a list is, and the member of the answer that holds its items."""

    path: str
    noun: str


def list_pages(
    calls: ServiceCalls, listed: List, wanted: Mapping[str, str], most: int | None
) -> Iterator[EventPage[list[dict[str, Any]]]]:
    """Yield so many items at most, None: all, in the order of the list."""

    def page(asked: Mapping[str, str | int]) -> EventPage[list[dict[str, Any]]]:
        found = calls.get(listed.path, **asked)
        return EventPage(found[listed.noun], len(found[listed.noun]), found["next_cursor"])

    return _pages(page, wanted, most)


def csv_pages(calls: ServiceCalls, wanted: Mapping[str, str], most: int | None) -> Iterator[EventPage[str]]:
    """Yield them as CSV, the names of the columns above the first page."""

    def page(asked: Mapping[str, str | int]) -> EventPage[str]:
        text, cursor = calls.get_csv(_PATH, **asked)
        count = sum(1 for _ in csv.reader(io.StringIO(text, newline=""))) - 1
        return EventPage(text.partition("\n")[2] if "cursor" in asked else text, count, cursor)

    return _pages(page, wanted, most)


def _pages(
    page: Callable[[Mapping[str, str | int]], EventPage[Content]], wanted: Mapping[str, str], most: int | None
) -> Iterator[EventPage[Content]]:
    left, cursor = most, dict[str, str]()
    while left is None or left > 0:
        found = page({**wanted, **cursor, "limit": MOST_A_PAGE if left is None else min(left, MOST_A_PAGE)})
        yield found
        if found.next_cursor is None:
            return
        cursor = {"cursor": found.next_cursor}
        left = None if left is None else left - found.count
