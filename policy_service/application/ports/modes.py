"""Modes of chargers: what was told and reported, and the events about them. Instants are epoch milliseconds."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.domain.charger_sync import DesiredMode, ReportedMode
    from policy_service.domain.mode_events import ModeEvent

NOTHING_TOLD: Mapping[str, str] = MappingProxyType({})
"""By charger, the transition that it was told: nobody was told any."""


class ModeEventWriter(Protocol):
    """Where mode events go."""

    async def add(self, events: Sequence[ModeEvent]) -> int:
        """Store events, and return how many are new: a known id changes nothing. Raises StoreUnavailableError."""
        ...


class ModeEventFeed(Protocol):
    """Mode events in the order in which they became visible, for who follows them.

    Every method raises StoreUnavailableError.
    """

    async def latest(self) -> int:
        """Return the position of the event that became visible last, 0 where there is none."""
        ...

    async def after(self, position: int, *, limit: int) -> Sequence[tuple[int, ModeEvent]]:
        """Return the events behind a position with their own; what shows up later has a greater one."""
        ...

    async def holds(self, position: int) -> bool:
        """Tell whether the event of a position is there still."""
        ...


class DesiredModes(Protocol):
    """The modes that chargers were last told to be in. Every method raises StoreUnavailableError."""

    async def all(self) -> Mapping[str, DesiredMode]:
        """Return what every charger was last told."""
        ...

    async def get(self, charger: str) -> DesiredMode | None:
        """Return what a charger was last told; None where nothing was."""
        ...

    async def tell(
        self, told: Sequence[DesiredMode], events: Sequence[ModeEvent], over: Mapping[str, str] = NOTHING_TOLD
    ) -> bool:
        """Store what chargers are told, one row each, and the events that say so: all of it, or nothing.

        ``over`` has, by charger, the transition that was told before; who is not in it has been told nothing yet.
        Nothing is stored, and False returned, where somebody else has told one of them anything since.
        """
        ...

    async def forget(self, told: Mapping[str, str]) -> None:
        """Drop what chargers were told, by charger the transition; who has been told another since is kept."""
        ...


class ReportedModes(Protocol):
    """What the CSMS says of chargers. Every method raises StoreUnavailableError."""

    async def all(self) -> Mapping[str, ReportedMode]:
        """Return what was last said of every charger."""
        ...

    async def get(self, charger: str) -> ReportedMode | None:
        """Return what was last said of a charger; None where nothing was."""
        ...

    async def put(self, reported: Sequence[ReportedMode], events: Sequence[ModeEvent]) -> None:
        """Store what is said of chargers, and the events that follow from it, both or neither."""
        ...
