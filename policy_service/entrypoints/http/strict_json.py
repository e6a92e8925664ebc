"""JSON read strictly: UTF-8, finite numbers, no key twice, no more than 64 levels, no lone surrogates."""

from __future__ import annotations

import json
from typing import Any, NoReturn, cast

import orjson

MAX_DEPTH = 64


class StrictJSONError(ValueError):
    """A text that is not JSON as we accept it; the message never repeats the text."""


def loads(raw: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value of a JSON text. Raises StrictJSONError."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        message = f"not well-formed JSON at line {error.lineno}, column {error.colno}"
        raise StrictJSONError(message) from None
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and _deeper(value, MAX_DEPTH):
        message = f"more than {MAX_DEPTH} levels deep"
        raise StrictJSONError(message)
    if b"{" in raw:  # orjson keeps the last of two equal keys, so the pairs are looked at once more
        json.loads(raw, object_pairs_hook=_without_duplicates, parse_float=_nothing, parse_int=_nothing)
    return value


def _nothing(_: str) -> None:
    """Stand for numbers on the second look: huge ones cost time, and only keys matter."""


def _without_duplicates(pairs: list[tuple[str, Any]]) -> None:
    if len(pairs) > 1 and len({key for key, _ in pairs}) != len(pairs):
        _refuse()


def _refuse() -> NoReturn:
    message = "a key stands twice in one object"
    raise StrictJSONError(message)


def _deeper(value: Any, levels: int) -> bool:  # noqa: ANN401 - any JSON value
    level = [value]
    for _ in range(levels):
        level = [child for each in level for child in _children(each)]
        if not level:
            return False
    return any(isinstance(each, dict | list) for each in level)


def _children(value: Any) -> list[Any]:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return list(cast("dict[str, Any]", value).values())
    return cast("list[object]", value) if isinstance(value, list) else []
