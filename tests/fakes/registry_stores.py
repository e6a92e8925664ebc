"""The registry's stores in memory: identifiers, agreements and chargers, imported or edited."""

from __future__ import annotations

from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from policy_service.application.ports import (
    LOSSY_SHARE,
    ConflictError,
    CursorError,
    ImportConflict,
    ImportTooLossyError,
    Page,
)
from policy_service.domain.access import VehicleClass
from policy_service.domain.registration import Registration

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from typing import TypeAlias

    from fakes.stores import MemoryState

    from policy_service.application.ports import (
        EventFeed,
        EventReader,
        EventRetention,
        EventWriter,
        ModeEventFeed,
        ModeEventReader,
        ModeEventWriter,
    )
    from policy_service.domain.agreement import Agreement
    from policy_service.domain.charger import Charger
    from policy_service.domain.events import AccessEvent
    from policy_service.domain.identifier import IdentifierRecord

    Listed: TypeAlias = IdentifierRecord | Agreement

    class EventStore(EventWriter, EventReader, EventFeed[AccessEvent], EventRetention):
        """All sides of events."""

    class ModeEvents(ModeEventWriter, ModeEventFeed, ModeEventReader):
        """All sides of mode events."""


def _after(items: Sequence[Any], key: Callable[[Any], Any], limit: int, cursor: str | None) -> Page[Any]:
    if cursor is not None:
        if not cursor.startswith("after "):
            raise CursorError
        items = [item for item in items if str(key(item)) > cursor[6:]]
    page = list(items[:limit])
    return Page(page, f"after {key(page[-1])}" if len(items) > limit else None)


class MemoryIdentifiers:
    def __init__(self, state: MemoryState) -> None:
        """Keep everything in the state."""
        self._state = state
        self.finds = 0

    async def find(self, keys: Sequence[str]) -> Registration | None:
        self.finds += 1
        self._state.ask()
        return self._found(keys)

    async def find_each(self, wanted: Sequence[Sequence[str]]) -> list[Registration | None]:
        self.finds += 1
        self._state.ask()
        return [self._found(keys) for keys in wanted]

    def _found(self, keys: Sequence[str]) -> Registration | None:
        for key in keys:
            claims = [record for record in self._state.identifiers.values() if record.key == key]
            if claims:
                best = min(claims, key=lambda record: (record.vehicle_class is not VehicleClass.OWN, record.source))
                return Registration(best, self._state.agreements.get(best.agreement or ""))
        return None

    async def get(self, record_id: str) -> IdentifierRecord | None:
        self._state.ask()
        return self._state.identifiers.get(record_id)

    async def page(self, *, limit: int, cursor: str | None, **asked: str | None) -> Page[IdentifierRecord]:
        self._state.ask()
        wanted = {name: value for name, value in asked.items() if value is not None}
        records = sorted(self._state.identifiers.values(), key=lambda record: record.id)
        fitting = [r for r in records if all(getattr(r, name) == value for name, value in wanted.items())]
        return _after(fitting, lambda record: record.id, limit, cursor)

    async def following(self, record_id: str | None, *, limit: int) -> Sequence[IdentifierRecord]:
        self._state.ask()
        records = sorted(self._state.identifiers.values(), key=lambda record: record.id)
        return [record for record in records if record.id > (record_id or "")][:limit]

    async def put(self, record: IdentifierRecord) -> None:
        claim = (record.key, record.source)
        for other in self._state.identifiers.values():
            if other.id != record.id and (other.key, other.source) == claim:
                raise ConflictError
        self._state.change()
        self._state.identifiers[record.id] = record

    async def delete(self, record_id: str) -> bool:
        self._state.change()
        return self._state.identifiers.pop(record_id, None) is not None

    def importing(self, source: str, *, atomic: bool) -> AbstractAsyncContextManager[_Session]:
        kind = _Kind(self._state.identifiers, "key", "identifier", shared=True)
        return _importing(self._state, kind, source, atomic=atomic)


class MemoryAgreements:
    def __init__(self, state: MemoryState) -> None:
        """Keep everything in the state."""
        self._state = state

    async def get(self, agreement_id: str) -> Agreement | None:
        self._state.ask()
        return self._state.agreements.get(agreement_id)

    async def page(self, *, limit: int, cursor: str | None, fleet: str | None = None) -> Page[Agreement]:
        self._state.ask()
        agreements = sorted(self._state.agreements.values(), key=lambda agreement: agreement.id)
        fitting = [agreement for agreement in agreements if fleet in (None, agreement.fleet)]
        return _after(fitting, lambda agreement: agreement.id, limit, cursor)

    async def put(self, agreement: Agreement) -> None:
        self._state.change()
        self._state.agreements[agreement.id] = agreement

    async def delete(self, agreement_id: str) -> bool:
        self._state.change()
        return self._state.agreements.pop(agreement_id, None) is not None

    def importing(self, source: str, *, atomic: bool) -> AbstractAsyncContextManager[_Session]:
        kind = _Kind(self._state.agreements, "id", "agreement", shared=False)
        return _importing(self._state, kind, source, atomic=atomic)


@dataclass
class _Kind:
    table: dict[str, Any]
    key: str
    noun: str
    shared: bool

    def key_of(self, record: Listed) -> str:
        return str(getattr(record, self.key))

    def held(self, source: str) -> dict[str, Any]:
        return {self.key_of(record): record for record in self.table.values() if record.source == source}


class _Session:
    def __init__(self, state: MemoryState, kind: _Kind, source: str) -> None:
        self._state = state
        self._kind = kind
        self._source = source
        self._held = kind.held(source)
        self._listed: set[str] = set()

    async def add(self, batch: Sequence[Any]) -> Sequence[ImportConflict]:
        self._state.change()
        conflicts = []
        for index, record in enumerate(batch):
            problem = self._take(replace(record, source=self._source))
            if problem:
                conflicts.append(ImportConflict(index, f"/{self._kind.noun}", problem))
        return conflicts

    def _take(self, record: Listed) -> str:
        key, table = self._kind.key_of(record), self._kind.table
        if not self._kind.shared and key in table and table[key].source != self._source:
            return "belongs to another source"
        if key in self._listed:
            return "listed twice in this import"
        self._listed.add(key)
        known = self._kind.held(self._source).get(key)
        record = replace(record, id=known.id) if known else record
        table[record.id] = record
        return ""

    async def drop_unlisted(self, *, force: bool) -> int:
        unlisted = [record.id for key, record in self._held.items() if key not in self._listed]
        if len(unlisted) > len(self._held) * LOSSY_SHARE and not force:
            raise ImportTooLossyError(len(unlisted), len(self._held))
        self._state.change()
        for record_id in unlisted:
            del self._kind.table[record_id]
        return len(unlisted)


@asynccontextmanager
async def _importing(state: MemoryState, kind: _Kind, source: str, *, atomic: bool) -> AsyncGenerator[_Session, None]:
    state.ask()
    before = copy(kind.table)
    try:
        yield _Session(state, kind, source)
    except BaseException:
        if atomic:
            kind.table.clear()
            kind.table.update(before)
        raise


class MemoryChargers:
    def __init__(self, state: MemoryState) -> None:
        """Keep everything in the state."""
        self._state = state

    async def all(self) -> Mapping[str, Charger]:
        self._state.ask()
        return dict(self._state.chargers)

    async def put(self, chargers: Sequence[Charger], *, drop: Sequence[str] = ()) -> None:
        self._state.ask()
        if not chargers and not drop:
            return
        for charger_id in drop:
            self._state.chargers.pop(charger_id, None)
        for charger in chargers:
            held = self._state.chargers.get(charger.id, charger)
            self._state.chargers[charger.id] = replace(charger, source=held.source)
        self._state.chargers_version += 1

    async def delete(self, charger_id: str) -> bool:
        self._state.ask()
        self._state.chargers_version += 1
        return self._state.chargers.pop(charger_id, None) is not None
