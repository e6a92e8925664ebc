"""Reads a JSON object fast where nothing about it is suspicious; whatever is, is left to the strict reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_DEEPEST = 8
_EXACT = 1 << 53
"""Beyond it the two readers may take a number for different ones."""


class _SuspiciousError(Exception):
    """Ends the count of a value that the strict reader must see."""


def plain_object(line: bytes) -> Mapping[str, object] | None:
    """Return the object that the line holds, None where the strict reader must say what to make of it.

    The fast decoder lets the last of two equal keys win. Without a backslash every quotation mark begins or ends a
    text, so a key that was lost shows: the line has more of them than the texts found account for.
    """
    if b"\\" in line:
        return None
    try:
        value: Any = orjson.loads(line)
        if type(value) is not dict:
            return None
        table = cast("dict[str, object]", value)
        texts = _texts_in_object(table, _DEEPEST)
    except (orjson.JSONDecodeError, _SuspiciousError):
        return None
    return table if line.count(b'"') == 2 * texts else None


def _texts_in_object(table: dict[str, Any], deepest: int) -> int:
    return len(table) + _texts(table.values(), deepest)


def _texts(values: Iterable[Any], deepest: int) -> int:
    found = 0
    for value in values:
        kind = type(value)  # pyright: ignore[reportUnknownVariableType] - any JSON value
        if kind is str:
            found += 1
        elif kind is dict or kind is list:
            if not deepest:
                raise _SuspiciousError
            found += _texts_in_object(value, deepest - 1) if kind is dict else _texts(value, deepest - 1)
        elif (kind is float or kind is int) and not -_EXACT < value < _EXACT:
            raise _SuspiciousError
    return found
