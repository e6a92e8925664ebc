"""Keeps this node's copy of the registry: made anew when something has changed, and confirmed while nothing has."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from policy_service.application.ports import StoreUnavailableError

if TYPE_CHECKING:
    from policy_service.application.ports import Versions
    from policy_service.application.version_watch import VersionWatch

LOOK_EVERY_S = 1.0
CONFIRM_EVERY_S = 30.0


class Snapshot(Protocol):
    """The copy as it stands."""

    @property
    def versions(self) -> Versions | None:
        """Those of the database when it was made; None where there is no copy."""
        ...

    @property
    def in_place(self) -> bool:
        """Whether the next start would find one, as far as was looked: one that was removed goes on to be read."""
        ...

    def look(self) -> None:
        """See whether another process of this node has made a newer one, or somebody has removed it."""
        ...

    def confirm(self) -> None:
        """Take note that it is what the database holds now."""
        ...


class SnapshotMaker(Protocol):
    """Makes copies, as often as the node can bear."""

    async def make(self) -> bool:
        """Make one if it is time for it, and tell whether it was. Raises StoreUnavailableError."""
        ...


class SnapshotObserver(Protocol):
    """Hears what goes wrong."""

    def snapshot_failed(self, why: str) -> None:
        """Hear that a copy could not be made; the one that stands stays."""
        ...


class SnapshotKeeping:
    """Decides when a copy is made."""

    def __init__(
        self, watch: VersionWatch, snapshot: Snapshot, maker: SnapshotMaker, observer: SnapshotObserver
    ) -> None:
        """Compare the copy with what the watch tells."""
        self._watch = watch
        self._snapshot = snapshot
        self._maker = maker
        self._observer = observer
        self._next_confirmation = 0.0

    async def keep(self, every_s: float = LOOK_EVERY_S) -> None:
        """Keep it for ever."""
        while True:
            await self.step()
            await asyncio.sleep(every_s)

    async def step(self) -> None:
        """Do what is due now."""
        self._snapshot.look()
        if not self._watch.available or self._watch.current is None:
            return
        if self._snapshot.versions != self._watch.current or not self._snapshot.in_place:
            await self._copy()
        elif monotonic() >= self._next_confirmation:
            self._snapshot.confirm()
            self._next_confirmation = monotonic() + CONFIRM_EVERY_S

    async def _copy(self) -> None:
        try:
            await self._maker.make()
        except StoreUnavailableError as error:
            self._observer.snapshot_failed(str(error))
        self._snapshot.look()
