from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from fakes.samples import agreement, identifier

from policy_service.application.ports import CursorError
from policy_service.domain.charger import Charger
from policy_service.domain.feed import Feed
from policy_service.domain.import_run import ImportKind, ImportMode, ImportRun, ImportState

if TYPE_CHECKING:
    from fakes.stores import Stores

pytestmark = pytest.mark.anyio

RUNNING = ImportRun(
    "im-1", ImportKind.IDENTIFIERS, "fleet", ImportMode.REPLACE, atomic=True, state=ImportState.RUNNING,
    started_at=100, updated_at=101, lines=7, caller="csms",
)  # fmt: skip
DONE = replace(
    RUNNING, state=ImportState.DONE, updated_at=110, ended_at=110, accepted=5, rejected=2, dropped=3, conflicts=1
)


async def _ids(stores: Stores) -> list[str]:
    return [run.id for run in (await stores.imports.page(limit=10, cursor=None)).items]


async def test_an_import_comes_back_as_it_was_put_last(stores: Stores) -> None:
    await stores.imports.put(RUNNING, forget=0)
    assert await stores.imports.get("im-1") == RUNNING
    await stores.imports.put(DONE, forget=0)
    assert await stores.imports.get("im-1") == DONE
    assert await stores.imports.get("im-2") is None


async def test_imports_are_listed_the_latest_first_page_by_page(stores: Stores) -> None:
    for number, at in enumerate((5, 9, 7, 7), start=1):
        await stores.imports.put(replace(RUNNING, id=f"im-{number}", started_at=at), forget=0)
    first = await stores.imports.page(limit=3, cursor=None)
    assert [run.id for run in first.items] == ["im-2", "im-4", "im-3"]
    rest = await stores.imports.page(limit=3, cursor=first.next_cursor)
    assert ([run.id for run in rest.items], rest.next_cursor) == (["im-1"], None)
    with pytest.raises(CursorError):
        await stores.imports.page(limit=3, cursor="nonsense")


async def test_old_imports_are_dropped_but_the_last_of_each_source(stores: Stores) -> None:
    await stores.imports.put(replace(DONE, id="im-old"), forget=0)
    await stores.imports.put(replace(DONE, id="im-other", source="other"), forget=0)
    failed = replace(DONE, id="im-new", started_at=900, state=ImportState.FAILED)
    await stores.imports.put(replace(DONE, id="im-came", started_at=200), forget=0)
    await stores.imports.put(failed, forget=500)
    assert await _ids(stores) == ["im-new", "im-came", "im-other"]


async def test_old_imports_stay_while_a_clock_is_ahead_of_what_was_counted(stores: Stores) -> None:
    await stores.events.count_on(500_000, 0)
    await stores.imports.put(replace(DONE, id="im-old"), forget=0)
    await stores.imports.put(replace(DONE, id="im-ahead", started_at=10**9), forget=10**9 - 600)
    assert await _ids(stores) == ["im-ahead", "im-old"]
    await stores.events.count_on(900_000, 400_000)
    await stores.imports.put(replace(DONE, id="im-right", started_at=900), forget=300)
    assert await _ids(stores) == ["im-ahead", "im-right"]


async def test_a_feed_has_its_last_import_and_its_last_attempt(stores: Stores) -> None:
    bad = replace(DONE, id="im-bad", started_at=300, accepted=0, dropped=0)
    for run in (DONE, replace(RUNNING, id="im-run", started_at=200), bad):
        await stores.imports.put(run, forget=0)
    (feed,) = await stores.feeds.all()
    assert feed == Feed(ImportKind.IDENTIFIERS, "fleet", last_import=DONE, last_attempt=bad)
    assert await stores.feeds.get(ImportKind.IDENTIFIERS, "fleet") == feed
    assert await stores.feeds.get(ImportKind.AGREEMENTS, "fleet") is None


async def test_what_is_expected_of_a_feed_is_kept_until_nothing_is(stores: Stores) -> None:
    await stores.feeds.expect(ImportKind.CHARGERS, "yard", 60, 1000)
    assert await stores.feeds.get(ImportKind.CHARGERS, "yard") == Feed(ImportKind.CHARGERS, "yard", 60, 1000)
    await stores.imports.put(replace(DONE, kind=ImportKind.CHARGERS, source="yard"), forget=0)
    await stores.feeds.expect(ImportKind.AGREEMENTS, "fleet", 60, 1000)
    assert [(feed.kind, feed.due_at) for feed in await stores.feeds.all()] == [
        (ImportKind.AGREEMENTS, 1060),
        (ImportKind.CHARGERS, 1060),
    ]
    await stores.feeds.expect(ImportKind.CHARGERS, "yard", None, 2000)
    yard = await stores.feeds.get(ImportKind.CHARGERS, "yard")
    assert yard is not None
    assert (yard.expected_every, yard.due_at, yard.last_import is not None) == (None, None, True)


async def test_records_are_counted_by_kind_and_source(stores: Stores) -> None:
    for name in ("A", "B"):
        await stores.identifiers.put(identifier(name, source="fleet"))
    await stores.identifiers.put(identifier("C", source="other"))
    await stores.agreements.put(agreement("metro", source="fleet"))
    await stores.chargers.put([Charger("X-1", source="yard"), Charger("X-2", source="yard")])
    assert await stores.feeds.records() == {
        (ImportKind.IDENTIFIERS, "fleet"): 2,
        (ImportKind.IDENTIFIERS, "other"): 1,
        (ImportKind.AGREEMENTS, "fleet"): 1,
        (ImportKind.CHARGERS, "yard"): 2,
    }
