"""What one process knows of keys, and the audit, while stores come and go."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from fakes.clock import FakeClock
from fakes.levels import watch_over
from fakes.served import eventually
from fakes.stores import MemoryAudit, MemoryKeys, MemoryState, MemoryVersions

from policy_service.adapters.last_known_keys import FileLastKnownKeys
from policy_service.application.access_keys import AccessKeys, follow_keys
from policy_service.application.audit_trail import AuditTrail
from policy_service.application.callers import Callers, NoTokens, UnknownCallerError
from policy_service.application.commands.manage_keys import ManageKeys, WantedKey
from policy_service.application.decision_id import DecisionIds
from policy_service.application.ports import StoreUnavailableError
from policy_service.domain.api_key import digest_of
from policy_service.domain.caller import ANYBODY, Caller, Scope
from policy_service.domain.selector import Selector

if TYPE_CHECKING:
    from pathlib import Path

    from policy_service.domain.audit import AuditEntry

pytestmark = pytest.mark.anyio

DECIDE = frozenset({Scope.DECIDE})


class World:
    """A store in memory, and what a process makes of it."""

    def __init__(self, folder: Path) -> None:
        """Begin without any key."""
        self.state, self.clock, self.folder = MemoryState(), FakeClock(), folder
        self.manage = ManageKeys(MemoryKeys(self.state), self.clock, DecisionIds(self.clock))
        self.keys = self.process()

    def process(self) -> AccessKeys:
        return AccessKeys(MemoryKeys(self.state), FileLastKnownKeys(self.folder), self.clock)

    def find(self, text: str) -> Caller | None:
        return self.keys.find(digest_of(text))

    async def make(self, name: str = "csms", lifetime: int | None = None) -> str:
        return (await self.manage.create(WantedKey(name, DECIDE, lifetime=lifetime), by=None)).text


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_before_anything_is_known_nobody_gets_in(world: World) -> None:
    with pytest.raises(UnknownCallerError):
        await Callers(world.keys, NoTokens()).identify(None)
    await world.keys.learn()
    assert await Callers(world.keys, NoTokens()).identify(None) is ANYBODY


async def test_a_key_lets_its_bearer_in_until_it_ends(world: World) -> None:
    text = await world.make(lifetime=60)
    await world.keys.learn()
    assert world.find(text) == Caller("csms", DECIDE)
    assert world.find(text + "x") is None
    world.clock.milliseconds += 60_000
    assert world.find(text) is None
    assert world.keys.demanded
    assert not world.keys.any_active


async def test_while_the_store_is_gone_the_keys_known_last_go_on_and_then_it_follows(world: World) -> None:
    text = await world.make()
    await world.keys.learn()
    watch = watch_over(MemoryVersions(world.state))
    tasks = [asyncio.create_task(watch.keep_looking(0.01)), asyncio.create_task(follow_keys(watch, world.keys))]
    world.state.down = True
    await asyncio.sleep(0.05)
    assert world.find(text) is not None
    world.state.down = False
    other = await world.make("other")
    await _soon(lambda: world.find(other) is not None)
    await world.manage.revoke("csms", by=None)
    await _soon(lambda: world.find(text) is None)
    for task in tasks:
        task.cancel()


async def _soon(holds: object) -> None:
    await asyncio.to_thread(eventually, holds, within=2.0)


async def test_a_store_put_back_to_before_its_first_key_opens_no_door(world: World) -> None:
    text = await world.make()
    await world.keys.learn()
    world.state.keys.clear()
    await world.keys.reload()
    assert world.keys.demanded
    assert world.find(text) is None


async def test_a_start_without_the_store_knows_the_keys_of_the_last_run(world: World) -> None:
    bound = WantedKey("bound", DECIDE, (("depot", ("east", "north")),), lifetime=100)
    text = (await world.manage.create(bound, by=None)).text
    await world.keys.learn()
    world.state.down = True
    later = world.process()
    await later.learn()
    assert later.demanded
    assert later.find(digest_of(text)) == Caller("bound", DECIDE, Selector(labels=(("depot", ("east", "north")),)))
    assert text.encode() not in b"".join(file.read_bytes() for file in world.folder.iterdir())


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
async def test_a_start_that_can_learn_nothing_opens_no_door(world: World, damage: bytes | None) -> None:
    await world.make()
    await world.keys.learn()
    file = world.folder / "last-known-keys"
    file.write_bytes(file.read_bytes()[:-3] if damage is None else damage)
    world.state.down = True
    later = world.process()
    with pytest.raises(StoreUnavailableError):
        await later.learn()
    assert later.demanded


async def test_a_disk_that_takes_nothing_keeps_no_revoked_key_in_force(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    world.folder = tmp_path / "file"
    text, keys = await world.make(), world.process()
    await keys.learn()
    await world.manage.revoke("csms", by=None)
    await keys.reload()
    assert keys.find(digest_of(text)) is None


async def test_uses_that_could_not_be_noted_are_noted_later(world: World) -> None:
    text = await world.make()
    await world.keys.learn()
    world.find(text)
    world.state.down = True
    with pytest.raises(StoreUnavailableError):
        await world.keys.note_uses()
    world.state.down = False
    before = world.state.keys_version
    await world.keys.note_uses()
    assert [key.last_used_at for key in world.state.keys.values()] == [world.clock.now()]
    assert world.state.keys_version == before


async def test_a_bootstrap_key_that_was_replaced_does_not_come_back(world: World) -> None:
    first, second = "a" * 24, "b" * 24
    assert await world.manage.bring_in(first)
    world.clock.milliseconds += 1000
    assert await world.manage.bring_in(second)
    assert not await world.manage.bring_in(first)
    await world.keys.learn()
    assert world.find(first) is None
    found = world.find(second)
    assert found is not None
    assert found.may(frozenset({Scope.READ}))


class Heard:
    def __init__(self) -> None:
        """Begin with nothing lost."""
        self.lost: list[AuditEntry] = []

    def audit_lost(self, entry: AuditEntry) -> None:
        self.lost.append(entry)


async def test_an_entry_that_cannot_be_stored_is_told_and_stands_in_nobodys_way(world: World) -> None:
    heard = Heard()
    trail = AuditTrail(MemoryAudit(world.state), world.clock, DecisionIds(world.clock), heard)
    about = {"caller": "ops", "subject": "x", "detail": {"accepted": 1}, "request_id": "r"}
    await trail.note("PUT /v1/x", **about)  # type: ignore[arg-type]  # spelled out above
    assert heard.lost == []
    world.state.down = True
    await trail.note("PUT /v1/y", **about)  # type: ignore[arg-type]  # spelled out above
    stored = next(iter(world.state.audit.values()))
    assert [replace(entry, id=stored.id, action="PUT /v1/x") for entry in heard.lost] == [stored]


class Hanging(MemoryAudit):
    async def add(self, entry: AuditEntry) -> None:
        del entry
        await asyncio.sleep(60)


async def test_an_entry_that_the_end_of_the_service_cuts_off_is_told(world: World) -> None:
    heard = Heard()
    trail = AuditTrail(Hanging(world.state), world.clock, DecisionIds(world.clock), heard)
    noting = asyncio.create_task(trail.note("PUT /v1/x", caller=None, subject=None, detail={}, request_id=None))
    await asyncio.sleep(0)
    noting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await noting
    assert [entry.action for entry in heard.lost] == ["PUT /v1/x"]
