"""Policy files, and the last tree that compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping


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
