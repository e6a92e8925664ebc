"""What a rule finds: a place, what is wrong with it, what to do, and the edit that mends it where one is safe."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from policy_service.domain.diagnostic import Diagnostic
    from policy_service.domain.place import Place


class Edit(NamedTuple):
    """Characters ``[start, end)`` of a file's text, a byte order mark not counted, and what is to stand there."""

    file: str
    start: int
    end: int
    text: str


class Found(NamedTuple):
    """What a rule yields; code and level are the table's and the configuration's to add."""

    place: Place
    message: str
    help: str
    length: int = 1
    edit: Edit | None = None


class Finding(NamedTuple):
    """A diagnostic, and the edit that mends it without changing any answer; None where an author has to decide."""

    diagnostic: Diagnostic
    edit: Edit | None = None
