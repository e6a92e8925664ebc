"""Reads the fields of one record, strictly, and collects every fault instead of stopping at the first."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache, lru_cache
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

from policy_service.domain.instant import InstantError, parse_instant
from policy_service.domain.names import MAX_NAME
from policy_service.domain.selector import Selector

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from enum import StrEnum

    from policy_service.domain.charger import AttributeValue

    E = TypeVar("E", bound=StrEnum)

_PLAIN_NAME = re.compile(r"(?=.*[g-z])[a-z]+(_[a-z]+)*", re.ASCII)
_MAX_NAME = 40
_BOOLEANS = {"true": True, "false": False}
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
"""Python takes more for one: `1_000`, `infinity`, digits of any script."""
_TYPES: dict[str, tuple[type, ...]] = {"string": (str,), "number": (int, float), "boolean": (bool,)}


class Fault(NamedTuple):
    """What is wrong with a record: a JSON pointer into it and a sentence. Neither ever shows an identifier."""

    pointer: str
    detail: str


class InvalidRecordError(Exception):
    """A record with faults."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Carry the faults."""
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


class Fields:
    """One record under reading. A field that is null counts as left out.

    ``from_text`` is for CSV, where numbers and booleans are written as text.
    """

    def __init__(
        self,
        values: Mapping[str, object],
        *,
        from_text: bool = False,
        pointer: str = "",
        faults: list[Fault] | None = None,
    ) -> None:
        """Read these values; ``pointer`` is where they stand in the record."""
        self._values = values
        self._from_text = from_text
        self._pointer = pointer
        self._read: set[str] = set()
        self.faults: list[Fault] = [] if faults is None else faults

    def fault(self, name: str, detail: str) -> None:
        """Note what is wrong with a field."""
        self.faults.append(Fault(f"{self._pointer}/{name}", detail))

    def has(self, name: str) -> bool:
        """Tell whether the field is given."""
        return self._values.get(name) is not None

    def take(self, name: str, *, required: bool = False) -> object | None:
        """Return the field's value as given, None where it is left out."""
        self._read.add(name)
        value = self._values.get(name)
        if value is None and required:
            self.fault(name, "is required")
        return value

    def text(self, name: str, *, required: bool = False, limit: int = MAX_NAME) -> str | None:
        """Return a text of printable characters."""
        value = self.take(name, required=required)
        return None if value is None else self._checked_text(name, value, limit)

    def one_of(self, name: str, members: type[E], *, required: bool = False, but: E | None = None) -> E | None:
        """Return a member of a closed vocabulary, ``but`` one that no record may have."""
        value = self.take(name, required=required)
        if value is None:
            return None
        if isinstance(value, str) and value in _values(members) and value != but:
            return members(value)
        self.fault(name, f"must be one of {', '.join(member for member in members if member is not but)}")
        return None

    def instant(self, name: str) -> int | None:
        """Return an RFC 3339 instant as epoch seconds."""
        value = self.take(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self.fault(name, "must be a text")
            return None
        try:
            return read_instant(value)
        except InstantError as error:
            self.fault(name, str(error))
            return None

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts."""
        value = self.take(name)
        if value is None:
            return ()
        if not isinstance(value, list):
            self.fault(name, "must be a list of texts")
            return ()
        items = cast("list[object]", value)
        checked = [self._checked_text(f"{name}/{index}", item, MAX_NAME) for index, item in enumerate(items)]
        return tuple(text for text in checked if text is not None)

    def labels(self, name: str) -> dict[str, str]:
        """Return a table of texts by label."""
        nested = self._nested(name)
        return {label: text for label in nested._label_names() if (text := nested.text(label)) is not None}  # noqa: SLF001 - one of ours

    def attributes(self, name: str, declared: Mapping[str, str]) -> dict[str, AttributeValue]:
        """Return attributes, each of its declared type; numbers as floats, so that 3 and 3.0 are one value."""
        if not self.has(name):
            self.take(name)
            return {}
        nested = self._nested(name)
        values: dict[str, AttributeValue] = {}
        for attribute in nested.names():
            kind = declared.get(attribute)
            if kind is None:
                nested.unknown(attribute, declared, "is not declared as an attribute")
            elif (value := nested.attribute(attribute, kind)) is not None:
                values[attribute] = value
        return values

    def attribute(self, name: str, kind: str) -> AttributeValue | None:
        """Return one attribute of the declared kind: string, number or boolean."""
        value = self.take(name)
        if self._from_text and isinstance(value, str):
            value = _from_text(value, kind)
        if not isinstance(value, _TYPES[kind]) or (kind == "number" and isinstance(value, bool)):
            self.fault(name, f"must be a {kind}")
            return None
        if isinstance(value, str):
            return self._checked_text(name, value, MAX_NAME)
        return value if isinstance(value, bool) else self._finite(name, cast("float", value))

    def selector(self, name: str) -> Selector | None:
        """Return a selector of chargers by ids, labels and exclude; conditions are for policies."""
        if not self.has(name):
            self.take(name)
            return None
        nested = self._nested(name)
        if nested.has("when"):
            nested.take("when")
            nested.fault("when", "conditions are not accepted here")
        ids = nested.texts("ids") if nested.has("ids") else None
        labels = nested._label_sets("labels") if nested.has("labels") else None  # noqa: SLF001 - one of ours
        exclude = nested.texts("exclude")
        nested.refuse_others(("ids", "labels", "exclude"))
        if ids is None and labels is None and not nested.faults:
            self.fault(name, "picks no charger: give ids or labels")
        return Selector(ids=ids, labels=labels, exclude=exclude)

    def names(self) -> list[str]:
        """Return the names of all fields given."""
        return [name for name, value in self._values.items() if value is not None]

    def unknown(self, name: str, known: Mapping[str, object] | Sequence[str], what: str) -> None:
        """Note a field that does not belong here. Its name is shown only where it cannot be a misplaced identifier."""
        self._read.add(name)
        meant = get_close_matches(name, list(known), n=1) if len(name) <= _MAX_NAME else []
        hint = f"; did you mean `{meant[0]}`?" if meant else ""
        plain = len(name) <= _MAX_NAME and _PLAIN_NAME.fullmatch(name) is not None
        pointer = f"{self._pointer}/{name}" if plain else self._pointer
        self.faults.append(Fault(pointer, f"{what}{hint}"))

    def refuse_others(self, known: Sequence[str]) -> None:
        """Note every field that has not been read and is not among the known."""
        if self._read.issuperset(self._values):
            return
        for name in self._values:
            if name not in self._read and name not in known:
                self.unknown(name, known, "unknown field")

    def _label_names(self) -> list[str]:
        """Return the names given, without those that cannot be a label's."""
        fitting = [name for name in self.names() if name.isprintable() and 0 < len(name) <= MAX_NAME]
        if len(fitting) < len(self.names()):
            self.faults.append(Fault(self._pointer, f"a label has 1 to {MAX_NAME} printable characters"))
        return fitting

    def _nested(self, name: str) -> Fields:
        value = self.take(name)
        if value is not None and not isinstance(value, dict):
            self.fault(name, "must be an object")
        table = cast("dict[str, object]", value) if isinstance(value, dict) else {}
        return Fields(table, from_text=self._from_text, pointer=f"{self._pointer}/{name}", faults=self.faults)

    def _label_sets(self, name: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
        nested = self._nested(name)
        pairs: list[tuple[str, tuple[str, ...]]] = []
        for label in sorted(nested._label_names()):  # noqa: SLF001 - one of ours
            value = nested._values[label]  # noqa: SLF001 - one of ours
            if isinstance(value, list):
                pairs.append((label, nested.texts(label)))
            elif (text := nested.text(label)) is not None:
                pairs.append((label, (text,)))
        return tuple(pairs)

    def _checked_text(self, name: str, value: object, limit: int) -> str | None:
        if not isinstance(value, str):
            self.fault(name, "must be a text")
        elif not value:
            self.fault(name, "must not be empty")
        elif len(value) > limit:
            self.fault(name, f"must have at most {limit} characters")
        elif not value.isprintable():
            self.fault(name, "must have printable characters only")
        else:
            return value
        return None

    def _finite(self, name: str, value: float) -> float | None:
        try:
            number = float(value)
        except OverflowError:
            number = float("inf")
        if isfinite(number):
            return number
        self.fault(name, "must be a finite number")
        return None


read_instant = lru_cache(maxsize=1024)(parse_instant)
"""A list says the same instants over and over."""


@cache
def _values(members: type[StrEnum]) -> frozenset[str]:
    return frozenset(members)


def _from_text(text: str, kind: str) -> object:
    if kind == "boolean":
        return _BOOLEANS.get(text.lower(), text)
    return float(text) if kind == "number" and _NUMBER.fullmatch(text) else text
