"""An access event as one line of JSON: the form in which it waits on this node, and in which the store takes it in."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, cast

import msgspec

if TYPE_CHECKING:
    from policy_service.domain.events import AccessEvent

_encode = msgspec.json.Encoder().encode
_NUL, _REPLACED = b"\\u0000", b"\\ufffd"


def event_line(event: AccessEvent) -> bytes:
    """Return the event as a JSON object of its fields, without an end of line.

    What no database takes as text, NUL and lone surrogates, is replaced: a denial must never fail on it.
    """
    try:
        line = _encode(event)
    except UnicodeEncodeError:
        line = _encode({field.name: _storable(getattr(event, field.name)) for field in fields(event)})
    return line.replace(_NUL, _REPLACED) if _NUL in line else line


def _storable(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    if isinstance(value, str):
        return "".join("\ufffd" if "\ud800" <= each <= "\udfff" else each for each in value)
    if isinstance(value, dict):
        return {_storable(name): _storable(each) for name, each in cast("dict[str, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_storable(each) for each in cast("list[Any]", value)]
    return value
