"""Policy files, and the last tree that compiled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from policy_service.domain.access import Ungoverned
    from policy_service.domain.charger import Charger
    from policy_service.domain.made_override import MadeOverride


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


@dataclass(frozen=True, slots=True, eq=False)
class PlanOrigin:
    """All that a plan was made of: whoever has it can make the plan again."""

    files: Mapping[str, bytes]
    chargers: Mapping[str, Charger]
    """The imported ones."""
    overrides: Sequence[MadeOverride]
    """Those of HTTP that were in force."""
    ungoverned: Ungoverned
    tzdata: str
    """The version of the time zone data."""
    holidays: str
    """The version of the public holidays."""


class PlanArchive(Protocol):
    """What the plans of old revisions were made of, for as long as events refer to them.

    Every method raises StoreUnavailableError.
    """

    async def keep(self, revision: str, origin: PlanOrigin, at: int) -> None:
        """Keep a revision that is in force at an instant, in epoch seconds; one that is kept is noted as in force."""
        ...

    async def origin(self, revision: str) -> PlanOrigin | None:
        """Return what a revision was made of; None for one that is not kept, or not any more."""
        ...

    async def drop_before(self, at: int) -> int:
        """Drop the revisions that were last noted as in force before an instant, and return how many."""
        ...
