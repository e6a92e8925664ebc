"""Where something is written: file, line and column of a policy text."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """A position in a policy file. Lines and columns count from 1; columns count characters, not bytes.

    A tuple, because a tree has many: one for each charger, and one for each value of a policy.
    """

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        """Render as ``file:line:column``, the form editors and terminals link, without unprintable characters."""
        file = self.file if self.file.isprintable() else "".join(c if c.isprintable() else "�" for c in self.file)
        return f"{file}:{self.line}:{self.column}"

    def shifted(self, characters: int) -> Place:
        """Return the place so many characters further right on the same line."""
        return Place(self.file, self.line, self.column + characters)


NOWHERE = Place("", 0, 0)
"""The place of what no file says: records that came over HTTP, defaults, test values."""
