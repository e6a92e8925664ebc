"""Imports: sessions in which records are taken in, what is on record of them, and their sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.application.ports.common import Page
    from policy_service.domain.feed import Feed
    from policy_service.domain.import_run import ImportKind, ImportRun

T_contra = TypeVar("T_contra", contravariant=True)

LOSSY_SHARE = 0.2
"""The share of a source's records that a replace may drop without being forced."""


@dataclass(frozen=True, slots=True)
class ImportConflict:
    """A record that was not taken: its place in the batch and why."""

    index: int
    pointer: str
    detail: str


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


class ImportLog(Protocol):
    """Imports on record. All of it raises StoreUnavailableError."""

    async def put(self, run: ImportRun, *, forget: int) -> None:
        """Store an import as it now is; drop those that began before ``forget``, save each source's last.

        They stay for as much longer as the clock is ahead of what retention has counted.
        """
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

    async def records(self) -> Mapping[tuple[ImportKind, str], int]:
        """Return how many records are on record by kind and source."""
        ...
