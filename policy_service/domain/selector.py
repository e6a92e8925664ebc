"""Selectors: which chargers a policy, an override, an identifier or an agreement is about."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from fnmatch import translate
from functools import lru_cache
from typing import TYPE_CHECKING

from policy_service.domain.place import NOWHERE, Place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.domain.charger import Charger


@dataclass(frozen=True, slots=True)
class Expression:
    """A rule-engine expression as written, with the place of its first character."""

    text: str
    place: Place = field(default=NOWHERE, compare=False)

    def place_of(self, start: int) -> Place:
        """Return where the character at an index of the text is written."""
        before = self.text[:start]
        line, column = before.count("\n"), start - (before.rfind("\n") + 1)
        return Place(self.place.file, self.place.line + line, self.place.column + column)


@dataclass(frozen=True, slots=True)
class Selector:
    """Picks chargers; every part given must hold, and ``exclude`` wins. A selector without any part picks none."""

    ids: tuple[str, ...] | None = None
    """Globs, any of."""
    labels: tuple[tuple[str, tuple[str, ...]], ...] | None = None
    """Pairs of label and accepted values, sorted by label; each must match."""
    exclude: tuple[str, ...] = ()
    when: Expression | None = None
    """Condition over ``charger.*``; the engine resolves it, :meth:`matches` leaves it aside."""
    place: Place = field(default=NOWHERE, compare=False)

    def matches(self, charger: Charger) -> bool:
        """Tell whether ids, labels and exclude hold for the charger (``when`` is the engine's to judge)."""
        if self.ids is None and self.labels is None and self.when is None:
            return False
        if self.ids is not None and not matches_any(self.ids, charger.id):
            return False
        if self.labels is not None and not _labels_match(self.labels, charger.labels):
            return False
        return not matches_any(self.exclude, charger.id)

    def narrowed(self, labels: tuple[tuple[str, tuple[str, ...]], ...]) -> Selector:
        """Return the selector that picks only those of its chargers that also have these labels."""
        both = dict(self.labels or ())
        for name, values in labels:
            both[name] = tuple(value for value in values if value in both.get(name, values))
        return replace(self, labels=tuple(sorted(both.items())))


def _labels_match(wanted: tuple[tuple[str, tuple[str, ...]], ...], labels: Mapping[str, str]) -> bool:
    return all(labels.get(name) in values for name, values in wanted)


def matches_any(globs: tuple[str, ...], name: str) -> bool:
    """Tell whether any of the shell-style globs (``*``, ``?``, ``[...]``) matches the whole name, case-sensitively."""
    return any(_compiled(glob).match(name) is not None for glob in globs)


@lru_cache(maxsize=4096)
def _compiled(glob: str) -> re.Pattern[str]:
    return re.compile(translate(glob))


def is_literal(glob: str) -> bool:
    """Tell whether the glob names exactly one id."""
    return not any(character in glob for character in "*?[")
