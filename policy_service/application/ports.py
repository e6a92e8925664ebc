"""What the service needs of the world: one protocol a need, named for the need and not for a technology."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from policy_service.domain.access import Outcome, Reason, VehicleClass
    from policy_service.domain.agreement import Agreement
    from policy_service.domain.api_key import ApiKey, Labels
    from policy_service.domain.audit import AuditEntry
    from policy_service.domain.caller import Caller
    from policy_service.domain.charger import Charger
    from policy_service.domain.events import AccessEvent
    from policy_service.domain.feed import Feed
    from policy_service.domain.identifier import IdentifierRecord
    from policy_service.domain.import_run import ImportKind, ImportRun
    from policy_service.domain.made_override import MadeOverride
    from policy_service.domain.registration import Registration

Keys: TypeAlias = tuple[str, ...]
"""The look-up keys of one presented identifier, in the order in which they are tried."""

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class StoreUnavailableError(Exception):
    """No store could be asked; a decision turns it into ``lookup_failed``, any other request into 503."""


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> int:
        """Return the current instant in epoch seconds."""
        ...

    def now_ms(self) -> int:
        """Return the current instant in epoch milliseconds."""
        ...


class Fingerprints(Protocol):
    """Keyed one-way forms of identifiers; the key is the service's secret, the same in every process."""

    def pin_key(self, normal_form: str) -> str:
        """Return the look-up key of a PIN: a keyed hash of its normal form."""
        ...

    def fingerprint(self, normal_form: str) -> str:
        """Return the keyed fingerprint under which events may be grouped."""
        ...


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list and the cursor of the next, None on the last."""

    items: Sequence[T]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ImportConflict:
    """A record that was not taken: its place in the batch and why."""

    index: int
    pointer: str
    detail: str


LOSSY_SHARE = 0.2
"""The share of a source's records that a replace may drop without being forced."""


class ImportTooLossyError(Exception):
    """A replace would drop more than 20 % of what the source had listed; nothing was changed."""

    def __init__(self, dropped: int, listed: int) -> None:
        """Say how many of how many records would go."""
        super().__init__(f"would drop {dropped} of {listed}")
        self.dropped = dropped
        self.listed = listed


class ImportSession(Protocol[T_contra]):
    """An import under way. Leaving its context by an exception undoes an atomic import."""

    async def add(self, batch: Sequence[T_contra]) -> Sequence[ImportConflict]:
        """Take records in, each inserted or replacing its older self; return those that clash within this source."""
        ...

    async def drop_unlisted(self, *, force: bool) -> int:
        """Remove what the source had and this import did not list; return how many. Raises ImportTooLossyError."""
        ...


class IdentifierRepository(Protocol):
    """The system of record for identifiers. All of it raises StoreUnavailableError."""

    async def find(self, keys: Keys) -> Registration | None:
        """Return the registration under the first of the look-up keys that is known, joined with its agreement.

        Where two sources claim one key, own beats agreement, then the source first in the alphabet.
        """
        ...

    async def find_each(self, wanted: Sequence[Keys]) -> Sequence[Registration | None]:
        """Return the same for many at once, in their order."""
        ...

    async def get(self, record_id: str) -> IdentifierRecord | None:
        """Return one record by its opaque id."""
        ...

    async def page(
        self,
        *,
        limit: int,
        cursor: str | None,
        source: str | None = None,
        vehicle_class: VehicleClass | None = None,
        agreement: str | None = None,
        fleet: str | None = None,
    ) -> Page[IdentifierRecord]:
        """Return records in a stable order."""
        ...

    async def put(self, record: IdentifierRecord) -> None:
        """Insert or replace one record by its id. Raises ConflictError where its source has that key already."""
        ...

    async def delete(self, record_id: str) -> bool:
        """Remove one record; tell whether it was there."""
        ...

    def importing(self, source: str, *, atomic: bool) -> AbstractAsyncContextManager[ImportSession[IdentifierRecord]]:
        """Open an import on behalf of a source."""
        ...


class AgreementRepository(Protocol):
    """The system of record for agreements. All of it raises StoreUnavailableError."""

    async def get(self, agreement_id: str) -> Agreement | None:
        """Return one agreement."""
        ...

    async def page(self, *, limit: int, cursor: str | None, fleet: str | None = None) -> Page[Agreement]:
        """Return agreements ordered by id."""
        ...

    async def put(self, agreement: Agreement) -> None:
        """Insert or replace one agreement."""
        ...

    async def delete(self, agreement_id: str) -> bool:
        """Remove one agreement; tell whether it was there."""
        ...

    def importing(self, source: str, *, atomic: bool) -> AbstractAsyncContextManager[ImportSession[Agreement]]:
        """Open an import on behalf of a source."""
        ...


class ChargerRepository(Protocol):
    """Chargers that came over HTTP; those of policy files are not here. All of it raises StoreUnavailableError."""

    async def all(self) -> Mapping[str, Charger]:
        """Return every charger by id."""
        ...

    async def put(self, chargers: Sequence[Charger], *, drop: Sequence[str] = ()) -> None:
        """Insert or replace chargers and remove those named by ``drop``, all or none."""
        ...

    async def delete(self, charger_id: str) -> bool:
        """Remove one charger; tell whether it was there."""
        ...


class StandingOverrides(Protocol):
    """Where the overrides to be in force are read from."""

    async def standing(self, now: int) -> Sequence[MadeOverride]:
        """Return those that are neither ended nor over, in the order made. Raises StoreUnavailableError."""
        ...


class OverrideRepository(StandingOverrides, Protocol):
    """Overrides made over HTTP. All of it raises StoreUnavailableError."""

    async def get(self, override_id: str) -> MadeOverride | None:
        """Return one override, over or not."""
        ...

    async def page(self, *, limit: int, cursor: str | None, now: int, ended: bool) -> Page[MadeOverride]:
        """Return overrides, the latest made first; ``ended`` adds those that are ended or over. Raises CursorError."""
        ...

    async def count_standing(self, now: int) -> int:
        """Return how many are neither ended nor over."""
        ...

    async def add(self, override: MadeOverride, *, forget: int) -> MadeOverride:
        """Store an override and return it with its serial; drop those that were over before ``forget``."""
        ...

    async def end(self, override_id: str, at: int, by: str | None) -> MadeOverride | None:
        """End an override unless it is over; return it as it then is, None where there is none."""
        ...


class ImportLog(Protocol):
    """Imports on record. All of it raises StoreUnavailableError."""

    async def put(self, run: ImportRun, *, forget: int) -> None:
        """Store an import as it now is; drop those that began before ``forget``, save each source's last."""
        ...

    async def get(self, import_id: str) -> ImportRun | None:
        """Return one import."""
        ...

    async def page(self, *, limit: int, cursor: str | None) -> Page[ImportRun]:
        """Return imports, the latest begun first. Raises CursorError."""
        ...


class FeedRepository(Protocol):
    """Sources of imports: those that ever began one, and those of which something is expected.

    All of it raises StoreUnavailableError.
    """

    async def all(self) -> Sequence[Feed]:
        """Return every feed, by kind and source."""
        ...

    async def get(self, kind: ImportKind, source: str) -> Feed | None:
        """Return one feed."""
        ...

    async def expect(self, kind: ImportKind, source: str, every: int | None, since: int) -> None:
        """Note within how many seconds a source has to come again, None: whenever it likes."""
        ...

    async def records(self) -> Mapping[tuple[ImportKind, str | None], int]:
        """Return how many records are on record by kind and source; chargers belong to no source."""
        ...


class ConflictError(Exception):
    """What is asked contradicts what is on record."""


class CursorError(ValueError):
    """A page cursor that this service did not hand out."""


@dataclass(frozen=True, slots=True)
class Versions:
    """Numbers that grow with every committed change, by which processes notice each other's changes.

    None is ever used twice, not even after a database was restored: each is at least the millisecond of its change.
    """

    registry: int
    chargers: int
    overrides: int = 0
    keys: int = 0


class VersionStore(Protocol):
    """The versions, as stored."""

    async def versions(self) -> Versions:
        """Return the current versions. Raises StoreUnavailableError."""
        ...


class ChangeSignal(Protocol):
    """Tells other processes at once that something has changed. Messages may be lost; nothing depends on them."""

    async def announce(self) -> None:
        """Tell the others. Never raises."""
        ...

    async def wait(self, at_most_s: float) -> None:
        """Return when another process has told of a change, or when the time is up. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Shared:
    """A registration as processes share it, with the registry's version and the instant when it was read."""

    registration: Registration
    version: int
    read_at: int
    """Epoch seconds."""


class SharedCache(Protocol):
    """A cache between the processes and the database. Nothing raises: a cache that is gone has nothing."""

    async def get(self, keys: Keys) -> Shared | None:
        """Return what is shared under these very keys."""
        ...

    async def put(self, keys: Keys, entry: Shared) -> None:
        """Share an entry, for as long as stale entries may be used and no longer."""
        ...


class RegistrySnapshot(Protocol):
    """The copy of the registry on this node. Local and quick, so nothing is awaited."""

    @property
    def version(self) -> int | None:
        """The registry's version that it is a copy of; None where there is no copy."""
        ...

    @property
    def confirmed_at(self) -> int:
        """When it was last known to be what the database holds, in epoch seconds."""
        ...

    def find(self, keys: Keys) -> Registration | None:
        """Return what the copy has; None where it has nothing. Raises StoreUnavailableError where there is no copy."""
        ...


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are asked for; None asks for any. Instants are epoch milliseconds, ``[since, until)``."""

    outcome: Outcome | None = None
    reason: Reason | None = None
    charger: str | None = None
    label: tuple[str, str] | None = None
    vehicle_class: VehicleClass | None = None
    since: int | None = None
    until: int | None = None
    within: Labels = ()
    """Only events of chargers that had one of the values of each of these labels."""


class EventWriter(Protocol):
    """Where access events go."""

    async def write(self, events: Sequence[AccessEvent]) -> None:
        """Store events durably before returning; one with a known decision id changes nothing."""
        ...


class EventReader(Protocol):
    """Where access events are read from."""

    async def page(self, wanted: EventFilter, *, limit: int, cursor: str | None) -> Page[AccessEvent]:
        """Return events, newest first by the time they were recorded, stable under insertion."""
        ...

    async def get(self, decision_id: str) -> AccessEvent | None:
        """Return one event."""
        ...


class KeyRepository(Protocol):
    """API keys; none is ever removed. All of it raises StoreUnavailableError.

    Each change counts, and leaves its audit entry in the same transaction.
    """

    async def all(self) -> Sequence[ApiKey]:
        """Return every key that was ever made, the oldest first."""
        ...

    async def add(self, key: ApiKey, entry: AuditEntry) -> None:
        """Store a key. Raises ConflictError where another one of its name is active, or has its digest."""
        ...

    async def succeed(self, key: ApiKey, entry: AuditEntry, *, until: int) -> bool:
        """Store a key, and let those of its name end at ``until`` at the latest; one that has ended stays as it is.

        Changes nothing and returns False where a key with this digest is stored already.
        """
        ...

    async def revoke(self, ids: Sequence[str], at: int, entry: AuditEntry) -> None:
        """End keys at once; one that is revoked already stays as it is."""
        ...

    async def used(self, last: Mapping[str, int]) -> None:
        """Note when keys, by id, were last used; does not count as a change."""
        ...


class LastKnownKeys(Protocol):
    """The keys that this node knew last, kept on it for a start without the store."""

    def load(self) -> Sequence[ApiKey] | None:
        """Return the kept keys, None where there are none or they are damaged."""
        ...

    def save(self, keys: Sequence[ApiKey]) -> None:
        """Keep these keys, replacing the former at once. Raises OSError."""
        ...


class TokenVerifier(Protocol):
    """Checks bearer tokens that somebody else issued."""

    @property
    def configured(self) -> bool:
        """Tell whether any token can ever be good."""
        ...

    async def verify(self, token: str) -> Caller | None:
        """Return whom the token lets in, None where it is not good."""
        ...


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which audit entries are asked for; None asks for any. Instants are epoch milliseconds, ``[since, until)``."""

    caller: str | None = None
    action: str | None = None
    since: int | None = None
    until: int | None = None


class AuditRepository(Protocol):
    """Where audit entries are kept. All of it raises StoreUnavailableError."""

    async def add(self, entry: AuditEntry) -> None:
        """Store an entry durably before returning."""
        ...

    async def page(self, wanted: AuditFilter, *, limit: int, cursor: str | None) -> Page[AuditEntry]:
        """Return entries, the newest first, stable under insertion. Raises CursorError."""
        ...


class PolicyFiles(Protocol):
    """The policy tree as committed."""

    def read(self) -> Mapping[str, bytes]:
        """Return every policy file by its name relative to the tree. Raises PolicyFilesError."""
        ...

    def changes(self) -> AsyncIterator[None]:
        """Yield whenever the tree may have changed; may yield without a change, never misses one for long."""
        ...


class PolicyFilesError(Exception):
    """The tree cannot be read: it is missing, too large, or changed while it was read."""


class LastGoodTree(Protocol):
    """The last tree that compiled, kept on this node for a restart on a broken one."""

    def load(self) -> Mapping[str, bytes] | None:
        """Return the files of the last good tree, None where there is none or it is damaged."""
        ...

    def save(self, files: Mapping[str, bytes]) -> None:
        """Keep the tree, replacing the former at once."""
        ...
