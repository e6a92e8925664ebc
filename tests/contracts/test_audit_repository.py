from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policy_service.application.ports import AuditFilter, CursorError
from policy_service.domain.audit import AuditEntry

if TYPE_CHECKING:
    from fakes.stores import Stores

pytestmark = pytest.mark.anyio


async def _ids(stores: Stores, **wanted: str | int) -> list[str]:
    page = await stores.audit.page(AuditFilter(**wanted), limit=10, cursor=None)  # type: ignore[arg-type]
    return [entry.id for entry in page.items]


async def test_an_entry_comes_back_as_it_was_written(stores: Stores) -> None:
    full = AuditEntry("e2", 7_000_000_000_000, "PUT /v1/x/{id}", "ops", "x-1", {"accepted": 3, "who": "ü"}, "r-1")
    plain = AuditEntry("e1", 1, "keys create")
    for entry in (plain, full):
        await stores.audit.add(entry)
    page = await stores.audit.page(AuditFilter(), limit=10, cursor=None)
    assert (list(page.items), page.next_cursor) == ([full, plain], None)


async def test_entries_are_found_by_caller_action_and_time(stores: Stores) -> None:
    for number, (caller, action) in enumerate((("a", "x"), ("b", "x"), ("a", "y"))):
        await stores.audit.add(AuditEntry(f"e{number}", 100 + number, action, caller))
    await stores.audit.add(AuditEntry("e3", 103, "x"))
    assert await _ids(stores, caller="a") == ["e2", "e0"]
    assert await _ids(stores, action="x") == ["e3", "e1", "e0"]
    assert await _ids(stores, since=101, until=103) == ["e2", "e1"]
    assert await _ids(stores, caller="b", action="y") == []


async def test_pages_hold_every_entry_once(stores: Stores) -> None:
    for number in range(5):
        await stores.audit.add(AuditEntry(f"e{number}", 100, "x"))
    first = await stores.audit.page(AuditFilter(), limit=2, cursor=None)
    await stores.audit.add(AuditEntry("new", 200, "x"))
    second = await stores.audit.page(AuditFilter(), limit=3, cursor=first.next_cursor)
    assert [entry.id for entry in [*first.items, *second.items]] == ["e4", "e3", "e2", "e1", "e0"]
    assert second.next_cursor is None


@pytest.mark.parametrize("cursor", ["!", "é", "AAAA", "eA"])
async def test_a_foreign_cursor_is_refused(stores: Stores, cursor: str) -> None:
    with pytest.raises(CursorError):
        await stores.audit.page(AuditFilter(), limit=1, cursor=cursor)
