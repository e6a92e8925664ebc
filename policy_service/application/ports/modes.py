"""Modes of chargers: what was told and reported, and the events about them. Instants are epoch milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from policy_service.application.ports.events import EventFeed
from policy_service.domain.mode_events import ModeEvent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.application.ports.common import Page
    from policy_service.domain.adherence import PastSwitch
    from policy_service.domain.api_key import Labels
    from policy_service.domain.charger_sync import AccessMark, DesiredMode, ReportedMode, Standing
    from policy_service.domain.local_list import ListVersion
    from policy_service.domain.mode_events import ModeEventType

NOTHING_TOLD: Mapping[str, str] = MappingProxyType({})
"""By charger, the transition that it was told: nobody was told any."""


class ModeEventWriter(Protocol):
    """Where mode events go."""

    async def add(self, events: Sequence[ModeEvent]) -> int:
        """Store events, and return how many are new: a known id changes nothing. Raises StoreUnavailableError."""
        ...


class ModeEventFeed(EventFeed[ModeEvent], Protocol):
    """Mode events in the order in which they became visible, for who follows them.

    Every method raises StoreUnavailableError.
    """


@dataclass(frozen=True, slots=True)
class ModeEventFilter:
    """Which mode events are asked for; None asks for any. ``[since, until)`` is about when they were recorded."""

    type: ModeEventType | None = None
    charger: str | None = None
    label: tuple[str, str] | None = None
    since: int | None = None
    until: int | None = None
    within: Labels = ()
    """Only events of chargers that had one of the values of each of these labels."""


class ModeEventReader(Protocol):
    """Where mode events are read from."""

    async def page(self, wanted: ModeEventFilter, *, limit: int, cursor: str | None) -> Page[ModeEvent]:
        """Return events, newest first by the time they were recorded, stable under insertion.

        Raises StoreUnavailableError and CursorError.
        """
        ...


class SwitchHistory(Protocol):
    """Changes of mode that were due, and what became of each. Every method raises StoreUnavailableError."""

    async def between(
        self, since: int, until: int, *, after: tuple[int, str] | None, limit: int
    ) -> Sequence[PastSwitch]:
        """Return those due in ``[since, until)`` in the order of instant and transition, behind ``after``."""
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


class AccessMarks(Protocol):
    """What chargers' caches were last cleared for. Every method raises StoreUnavailableError."""

    async def get(self) -> AccessMark | None:
        """Return the mark; None where there is none yet."""
        ...

    async def move(self, before: AccessMark | None, after: AccessMark) -> bool:
        """Replace the mark, unless somebody else has meanwhile; tell whether it was."""
        ...


class ReportedModes(Protocol):
    """What the CSMS says of chargers. Every method raises StoreUnavailableError."""

    async def all(self) -> Mapping[str, ReportedMode]:
        """Return what was last said of every charger."""
        ...

    async def get(self, charger: str) -> ReportedMode | None:
        """Return what was last said of a charger; None where nothing was."""
        ...

    async def standings(self, chargers: Sequence[str], *, unproven: bool = False) -> Mapping[str, Standing]:
        """Return how these chargers stand, those left out of which nothing is stored.

        ``unproven``: only those that were told a mode and not seen in it since.
        """
        ...

    async def proven(self, chargers: Sequence[str]) -> int:
        """Return how many of these chargers were told a mode, and seen in it since."""
        ...

    async def due(self, now: int, *, first_ms: int | None, limit: int) -> Mapping[str, Standing]:
        """Return chargers that call for a look, each at most once.

        A try is due by ``now``, or nobody has followed up a change of mode that is ``first_ms`` old. The latter takes
        a look at every charger; None leaves it out.
        """
        ...

    async def put(self, reported: Sequence[ReportedMode], events: Sequence[ModeEvent]) -> None:
        """Store what is said of chargers, and the events that follow from it, both or neither.

        Each comes with the version that it was read with, and is stored with the next. Raises ConflictError where
        another was faster at one of them; then nothing is stored.
        """
        ...


class LocalLists(Protocol):
    """The lists that chargers were handed, the latest versions of each. Every method raises StoreUnavailableError."""

    async def latest(self, charger: str) -> ListVersion | None:
        """Return the latest version of a charger's list; None where it was never handed one."""
        ...

    async def all_latest(self) -> Sequence[ListVersion]:
        """Return the latest version of every list."""
        ...

    async def add(self, made: ListVersion, content: str, *, after: int) -> bool:
        """Store a version with its content, sealed, and drop what is too old to be told a difference from.

        Tell whether it was done: it is not where ``after`` is not the latest version any more (0: there is none).
        """
        ...

    async def base(self, charger: str, version: int) -> tuple[ListVersion, str] | None:
        """Return a version with its sealed content; None where either is not kept, or not any more."""
        ...

    async def forget_contents(self) -> None:
        """Drop the content of every version; the versions stay, so that none is ever handed out twice."""
        ...

    async def forget_contents_before(self, until: int) -> None:
        """Drop the content of versions that were over before an instant, in epoch seconds."""
        ...
