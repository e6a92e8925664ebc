"""The stores in memory: one class a port, all over one state, failing on demand."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from policy_service.application.ports import (
    ConflictError,
    CursorError,
    Page,
    StoreUnavailableError,
    Versions,
)
from policy_service.domain.feed import Feed
from policy_service.domain.import_run import ImportKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    from policy_service.application.ports import (
        AccessMarks,
        AgreementRepository,
        AuditFilter,
        AuditRepository,
        ChargerRepository,
        DeadLetters,
        DesiredModes,
        EventFeed,
        EventReader,
        EventRetention,
        EventWriter,
        FeedRepository,
        FleetReports,
        IdentifierRepository,
        ImportLog,
        KeyRepository,
        Lease,
        Leases,
        LocalLists,
        ModeEventFeed,
        ModeEventReader,
        ModeEventWriter,
        OverrideRepository,
        PlanArchive,
        PlanOrigin,
        SinkPositions,
        VersionStore,
        WebhookRepository,
    )
    from policy_service.domain.agreement import Agreement
    from policy_service.domain.api_key import ApiKey
    from policy_service.domain.audit import AuditEntry
    from policy_service.domain.charger import Charger
    from policy_service.domain.charger_sync import AccessMark, DesiredMode
    from policy_service.domain.events import AccessEvent
    from policy_service.domain.identifier import IdentifierRecord
    from policy_service.domain.import_run import ImportRun
    from policy_service.domain.local_list import ListVersion
    from policy_service.domain.made_override import MadeOverride
    from policy_service.domain.mode_events import ModeEvent
    from policy_service.domain.webhook import DeadLetter, Webhook

    Listed: TypeAlias = IdentifierRecord | Agreement

    class EventStore(EventWriter, EventReader, EventFeed[AccessEvent], EventRetention):
        """All sides of events."""

    class ModeEvents(ModeEventWriter, ModeEventFeed, ModeEventReader):
        """All sides of mode events."""


@dataclass
class Stores:
    """One of each port."""

    identifiers: IdentifierRepository
    agreements: AgreementRepository
    chargers: ChargerRepository
    events: EventStore
    versions: VersionStore
    overrides: OverrideRepository
    keys: KeyRepository
    audit: AuditRepository
    imports: ImportLog
    feeds: FeedRepository
    archive: PlanArchive
    reports: FleetReports
    webhooks: WebhookRepository
    dead_letters: DeadLetters
    leases: Leases
    sink_positions: SinkPositions
    mode_events: ModeEvents
    desired_modes: DesiredModes
    local_lists: LocalLists
    access_marks: AccessMarks


@dataclass
class MemoryState:
    """What all fakes of one test share."""

    identifiers: dict[str, IdentifierRecord] = field(default_factory=dict)
    agreements: dict[str, Agreement] = field(default_factory=dict)
    chargers: dict[str, Charger] = field(default_factory=dict)
    events: dict[str, AccessEvent] = field(default_factory=dict)
    positions: list[str] = field(default_factory=list)
    overrides: dict[str, MadeOverride] = field(default_factory=dict)
    keys: dict[str, ApiKey] = field(default_factory=dict)
    audit: dict[str, AuditEntry] = field(default_factory=dict)
    imports: dict[str, ImportRun] = field(default_factory=dict)
    feeds: dict[tuple[ImportKind, str], Feed] = field(default_factory=dict)
    revisions: dict[str, tuple[PlanOrigin, int]] = field(default_factory=dict)
    webhooks: dict[str, Webhook] = field(default_factory=dict)
    dead_letters: dict[tuple[str, int], DeadLetter] = field(default_factory=dict)
    leases: dict[str, Lease] = field(default_factory=dict)
    sink_positions: dict[str, int] = field(default_factory=dict)
    mode_events: dict[int, ModeEvent] = field(default_factory=dict)
    """By position."""
    desired_modes: dict[str, DesiredMode] = field(default_factory=dict)
    lists: dict[tuple[str, int], ListVersion] = field(default_factory=dict)
    list_contents: dict[str, str] = field(default_factory=dict)
    access_mark: AccessMark | None = None
    counted: int | None = None
    """How far retention has counted."""
    registry_version: int = 0
    chargers_version: int = 0
    overrides_version: int = 0
    keys_version: int = 0
    narrowed_own: int = 0
    narrowed_agreement: int = 0
    down: bool = False

    def ask(self) -> None:
        if self.down:
            raise StoreUnavailableError

    def ahead(self, now: int) -> int:
        return 0 if self.counted is None else max(0, now - self.counted // 1000)

    def change(self) -> None:
        self.ask()
        self.registry_version += 1


class MemoryVersions:
    def __init__(self, state: MemoryState) -> None:
        """Keep everything in the state."""
        self._state = state

    async def versions(self) -> Versions:
        state = self._state
        state.ask()
        return Versions(
            state.registry_version,
            state.chargers_version,
            state.overrides_version,
            state.keys_version,
            narrowed_own=state.narrowed_own,
            narrowed_agreement=state.narrowed_agreement,
        )


class MemoryOverrides:
    def __init__(self, state: MemoryState) -> None:
        """Keep everything in the state."""
        self._state = state

    async def standing(self, now: int) -> Sequence[MadeOverride]:
        self._state.ask()
        return [each for each in self._state.overrides.values() if _stands(each, now)]

    async def get(self, override_id: str) -> MadeOverride | None:
        self._state.ask()
        return self._state.overrides.get(override_id)

    async def page(self, *, limit: int, cursor: str | None, now: int, ended: bool) -> Page[MadeOverride]:
        self._state.ask()
        if cursor is not None and not cursor.isdecimal():
            raise CursorError
        made = [each for each in reversed(self._state.overrides.values()) if ended or _stands(each, now)]
        fitting = [each for each in made if cursor is None or each.serial < int(cursor)]
        page = fitting[:limit]
        return Page(page, str(page[-1].serial) if len(fitting) > limit else None)

    async def count_standing(self, now: int) -> int:
        return len(await self.standing(now))

    async def add(self, override: MadeOverride, *, forget: int) -> MadeOverride:
        self._state.ask()
        self._state.overrides_version += 1
        stored = replace(override, serial=self._state.overrides_version)
        forget -= self._state.ahead(override.created_at)
        for each in list(self._state.overrides.values()):
            if min(each.end, each.end if each.ended_at is None else each.ended_at) < forget:
                del self._state.overrides[each.id]
        self._state.overrides[stored.id] = stored
        return stored

    async def end(self, override_id: str, at: int, by: str | None) -> MadeOverride | None:
        self._state.ask()
        found = self._state.overrides.get(override_id)
        if found is not None and _stands(found, at):
            self._state.overrides_version += 1
            self._state.overrides[override_id] = replace(found, ended_at=at, ended_by=by)
        return self._state.overrides.get(override_id)


def _stands(override: MadeOverride, now: int) -> bool:
    return override.ended_at is None and override.end > now


class MemoryImportLog:
    def __init__(self, state: MemoryState) -> None:
        """Keep everything in the state."""
        self._state = state

    async def put(self, run: ImportRun, *, forget: int) -> None:
        self._state.ask()
        self._state.imports[run.id] = run
        feed = self._state.feeds.get((run.kind, run.source), Feed(run.kind, run.source))
        feed = replace(feed, last_attempt=run)
        self._state.feeds[run.kind, run.source] = replace(feed, last_import=run) if run.came else feed
        kept = {
            last.id for feed in self._state.feeds.values() for last in (feed.last_import, feed.last_attempt) if last
        }
        forget -= self._state.ahead(run.started_at)
        for each in list(self._state.imports.values()):
            if run.ended_at is not None and each.started_at < forget and each.id not in kept:
                del self._state.imports[each.id]

    async def get(self, import_id: str) -> ImportRun | None:
        self._state.ask()
        return self._state.imports.get(import_id)

    async def page(self, *, limit: int, cursor: str | None) -> Page[ImportRun]:
        self._state.ask()
        runs = sorted(self._state.imports.values(), key=lambda run: (run.started_at, run.id), reverse=True)
        if cursor is not None:
            last = self._state.imports.get(cursor)
            if last is None:
                raise CursorError
            runs = [run for run in runs if (run.started_at, run.id) < (last.started_at, last.id)]
        return Page(runs[:limit], runs[limit - 1].id if len(runs) > limit else None)


class MemoryFeeds:
    def __init__(self, state: MemoryState) -> None:
        """Keep everything in the state."""
        self._state = state

    async def all(self) -> Sequence[Feed]:
        self._state.ask()
        return [feed for _, feed in sorted(self._state.feeds.items())]

    async def get(self, kind: ImportKind, source: str) -> Feed | None:
        self._state.ask()
        return self._state.feeds.get((kind, source))

    async def expect(self, kind: ImportKind, source: str, every: int | None, since: int) -> None:
        self._state.ask()
        feed = self._state.feeds.get((kind, source), Feed(kind, source))
        known = replace(feed, expected_every=every, expected_since=None if every is None else since)
        self._state.feeds[kind, source] = known

    async def records(self) -> Mapping[tuple[ImportKind, str], int]:
        self._state.ask()
        counts: Counter[tuple[ImportKind, str]] = Counter()
        counts.update((ImportKind.IDENTIFIERS, record.source) for record in self._state.identifiers.values())
        counts.update((ImportKind.AGREEMENTS, agreement.source) for agreement in self._state.agreements.values())
        counts.update(
            (ImportKind.CHARGERS, charger.source) for charger in self._state.chargers.values() if charger.source
        )
        return dict(counts)


class MemoryAudit:
    def __init__(self, state: MemoryState) -> None:
        """Keep everything in the state."""
        self._state = state

    async def add(self, entry: AuditEntry) -> None:
        self._state.ask()
        self._state.audit[entry.id] = entry

    async def page(self, wanted: AuditFilter, *, limit: int, cursor: str | None) -> Page[AuditEntry]:
        self._state.ask()
        if cursor is not None and cursor not in self._state.audit:
            raise CursorError
        entries = sorted(self._state.audit.values(), key=_place, reverse=True)
        bound = None if cursor is None else _place(self._state.audit[cursor])
        fitting = [each for each in entries if _asked_for(each, wanted) and (bound is None or _place(each) < bound)]
        page = fitting[:limit]
        return Page(page, page[-1].id if len(fitting) > limit else None)


def _place(entry: AuditEntry) -> tuple[int, str]:
    return entry.at, entry.id


def _asked_for(entry: AuditEntry, wanted: AuditFilter) -> bool:
    return (
        wanted.caller in (None, entry.caller)
        and wanted.action in (None, entry.action)
        and (wanted.since is None or entry.at >= wanted.since)
        and (wanted.until is None or entry.at < wanted.until)
    )


class MemoryPlanArchive:
    def __init__(self, state: MemoryState) -> None:
        """Keep everything in the state."""
        self._state = state

    async def keep(self, revision: str, origin: PlanOrigin, at: int) -> None:
        self._state.ask()
        kept = self._state.revisions.get(revision)
        self._state.revisions[revision] = (origin if kept is None else kept[0], at)

    async def origin(self, revision: str) -> PlanOrigin | None:
        self._state.ask()
        kept = self._state.revisions.get(revision)
        return None if kept is None else kept[0]

    async def drop_before(self, at: int) -> int:
        self._state.ask()
        old = [revision for revision, (_, seen_at) in self._state.revisions.items() if seen_at < at]
        for revision in old:
            del self._state.revisions[revision]
        return len(old)


class MemoryKeys:
    def __init__(self, state: MemoryState) -> None:
        """Keep everything in the state."""
        self._state = state

    async def all(self) -> Sequence[ApiKey]:
        self._state.ask()
        return sorted(self._state.keys.values(), key=lambda key: (key.created_at, key.id))

    async def add(self, key: ApiKey, entry: AuditEntry) -> None:
        self._state.ask()
        for other in self._state.keys.values():
            if other.digest == key.digest or (other.name == key.name and other.active(key.created_at)):
                raise ConflictError
        self._change(entry, key)

    async def succeed(self, key: ApiKey, entry: AuditEntry, *, until: int) -> bool:
        self._state.ask()
        known = list(self._state.keys.values())
        if key.digest in [other.digest for other in known]:
            return False
        ending = [replace(other, expires_at=until) for other in known if other.name == key.name and other.active(until)]
        self._change(entry, key, *ending)
        return True

    async def revoke(self, ids: Sequence[str], at: int, entry: AuditEntry) -> None:
        self._state.ask()
        meant = [key for key in self._state.keys.values() if key.id in ids and key.revoked_at is None]
        self._change(entry, *(replace(key, revoked_at=at) for key in meant))

    async def used(self, last: Mapping[str, int]) -> None:
        self._state.ask()
        for key_id, at in last.items():
            key = self._state.keys[key_id]
            self._state.keys[key_id] = replace(key, last_used_at=max(at, key.last_used_at or 0))

    def _change(self, entry: AuditEntry, *keys: ApiKey) -> None:
        self._state.keys_version += 1
        self._state.keys.update({key.id: key for key in keys})
        self._state.audit[entry.id] = entry
