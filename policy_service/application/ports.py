"""What the service needs of the world: one protocol a need, named for the need and not for a technology."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from policy_service.domain.access import Outcome, Reason, VehicleClass
    from policy_service.domain.agreement import Agreement
    from policy_service.domain.charger import Charger
    from policy_service.domain.events import AccessEvent
    from policy_service.domain.feed import Feed
    from policy_service.domain.identifier import IdentifierRecord
    from policy_service.domain.import_run import ImportKind, ImportRun
    from policy_service.domain.made_override import MadeOverride
    from policy_service.domain.registration import Registration

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

    async def find(self, keys: Sequence[str]) -> Registration | None:
        """Return the registration under the first of the look-up keys that is known, joined with its agreement.

        Where two sources claim one key, own beats agreement, then the source first in the alphabet.
        """
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
    """Counters that grow with every committed change, by which processes notice each other's changes."""

    registry: int
    chargers: int
    overrides: int = 0


class VersionStore(Protocol):
    """The counters, as stored."""

    async def versions(self) -> Versions:
        """Return the current counters. Raises StoreUnavailableError."""
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
