from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from policy_service.application.ports import AuditFilter, ConflictError
from policy_service.domain.api_key import ApiKey
from policy_service.domain.audit import AuditEntry
from policy_service.domain.caller import Scope

if TYPE_CHECKING:
    from fakes.stores import Stores

pytestmark = pytest.mark.anyio

PLAIN = ApiKey("k1", "csms", "d1", frozenset({Scope.DECIDE}), 100)


def entry(name: str) -> AuditEntry:
    return AuditEntry(name, 1, "keys", subject="k1")


async def _ends(stores: Stores) -> dict[str, tuple[int | None, int | None]]:
    return {key.id: (key.expires_at, key.revoked_at) for key in await stores.keys.all()}


async def test_a_key_comes_back_as_it_was_made(stores: Stores) -> None:
    full = ApiKey(
        "k2",
        "depot",
        "d2",
        frozenset({Scope.READ, Scope.OPERATE}),
        7_000_000_000,
        (("depot", ("north", "south")), ("zone", ("a",))),
        "fleet",
        "cli:ops",
        7_000_000_001,
        7_000_000_002,
        7_000_000_003,
    )
    await stores.keys.add(full, entry("a"))
    await stores.keys.add(PLAIN, entry("b"))
    assert list(await stores.keys.all()) == [PLAIN, full]


async def test_every_change_counts_and_leaves_its_entry(stores: Stores) -> None:
    seen = [(await stores.versions.versions()).keys]
    await stores.keys.add(PLAIN, entry("a"))
    seen.append((await stores.versions.versions()).keys)
    await stores.keys.succeed(replace(PLAIN, id="k2", digest="d2"), entry("b"), until=200)
    seen.append((await stores.versions.versions()).keys)
    await stores.keys.revoke(["k1"], 150, entry("c"))
    seen.append((await stores.versions.versions()).keys)
    assert seen == sorted(set(seen))
    before = (await stores.versions.versions()).keys
    await stores.keys.used({"k1": 170})
    assert (await stores.versions.versions()).keys == before
    page = await stores.audit.page(AuditFilter(), limit=10, cursor=None)
    assert [each.id for each in page.items] == ["c", "b", "a"]


async def test_a_name_is_taken_as_long_as_a_key_of_it_is_active(stores: Stores) -> None:
    await stores.keys.add(replace(PLAIN, expires_at=200), entry("a"))
    before = (await stores.versions.versions()).keys
    with pytest.raises(ConflictError):
        await stores.keys.add(replace(PLAIN, id="k2", digest="d2", created_at=199), entry("b"))
    assert (await stores.versions.versions()).keys == before
    await stores.keys.add(replace(PLAIN, id="k2", digest="d2", created_at=200), entry("c"))
    await stores.keys.revoke(["k2"], 210, entry("d"))
    await stores.keys.add(replace(PLAIN, id="k3", digest="d3", created_at=211), entry("e"))
    assert [key.id for key in await stores.keys.all()] == ["k1", "k2", "k3"]


async def test_one_secret_is_one_key(stores: Stores) -> None:
    await stores.keys.add(PLAIN, entry("a"))
    with pytest.raises(ConflictError):
        await stores.keys.add(replace(PLAIN, id="k2", name="other"), entry("b"))
    assert await stores.keys.succeed(replace(PLAIN, id="k2", name="other"), entry("c"), until=0) is False
    assert [key.id for key in await stores.keys.all()] == ["k1"]
    page = await stores.audit.page(AuditFilter(), limit=10, cursor=None)
    assert [each.id for each in page.items] == ["a"]


async def test_a_successor_lets_the_others_of_its_name_end_and_no_later_than_they_would(stores: Stores) -> None:
    for number, expires in enumerate((None, 400, 150)):
        key = replace(PLAIN, id=f"k{number}", digest=f"d{number}", created_at=100 + number, expires_at=expires)
        await stores.keys.succeed(key, entry(f"a{number}"), until=10_000)
    await stores.keys.add(replace(PLAIN, id="other", name="other", digest="other"), entry("b"))
    assert await stores.keys.succeed(replace(PLAIN, id="new", digest="new", created_at=200), entry("c"), until=300)
    assert await _ends(stores) == {
        "k0": (300, None),
        "k1": (300, None),
        "k2": (150, None),
        "other": (None, None),
        "new": (None, None),
    }


async def test_a_key_is_revoked_once_and_stays_on_record(stores: Stores) -> None:
    await stores.keys.add(PLAIN, entry("a"))
    await stores.keys.revoke(["k1", "none"], 150, entry("b"))
    await stores.keys.revoke(["k1"], 160, entry("c"))
    assert await _ends(stores) == {"k1": (None, 150)}


async def test_last_use_only_moves_on(stores: Stores) -> None:
    await stores.keys.add(PLAIN, entry("a"))
    await stores.keys.used({"k1": 170})
    await stores.keys.used({"k1": 160})
    assert [key.last_used_at for key in await stores.keys.all()] == [170]
