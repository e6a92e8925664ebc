"""Whether a text is JSON, and of which kind: a piece at a time, since nobody else runs while C reads a whole file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import orjson

from policy_service.language.lines import MAX_DEPTH

if TYPE_CHECKING:
    from collections.abc import Iterable

Json: TypeAlias = "dict[str, Json] | list[Json] | str | float | None"

PIECE = 64 * 1024
"""Characters that are read at once, and some more up to the end of an item: half a millisecond."""
_LIST = re.compile(r"\[[ \t\n\r]*(?=\{)")
_SEAM = re.compile(r"\}[ \t\n\r]*,[ \t\n\r]*(?=\{)")
_SHALLOW = MAX_DEPTH // 2


class Nature(NamedTuple):
    """What a text that is JSON is like."""

    deep: bool
    """Mappings and lists are nested beyond the limit."""
    plain: bool
    """There are neither flags nor escapes, nor any key twice."""


def nature_of(text: str, *, piece: int = PIECE) -> Nature:
    """Read a text for what it is like. Raises orjson.JSONDecodeError for one that is not JSON, with the place."""
    usual = not any(word in text for word in ("true", "false", "\\"))
    pieces = _pieces(text, piece)
    if len(pieces) > 1:
        try:
            found = _nature(pieces, _SHALLOW, plain=usual)
        except orjson.JSONDecodeError:  # in some piece: either all of the text, or only where it was cut
            found = None
        if found is not None and not found.deep:
            return found
    return _nature([text], MAX_DEPTH, plain=usual)


def _pieces(text: str, piece: int) -> list[str]:
    """Cut the first list of mappings into lists of their own; the last piece is the rest, with the rest of the list.

    The text is JSON if all of them are, as a list stays one with more items at its front. No more is asked of a seam
    than that it looks like one: inside of an item, or of a string, it leaves pieces that are not JSON.
    """
    begun = _LIST.search(text)
    if "\\" in text or begun is None or text.count('"', 0, begun.end()) % 2:  # the list may be words in a string
        return [text]
    at = begun.end()
    pieces: list[str] = []
    while (seam := _SEAM.search(text, at + piece)) is not None:
        pieces.append(f"[{text[at : seam.start() + 1]}]")
        at = seam.end()
    return [*pieces, text[: begun.end()] + text[at:]]


def _nature(pieces: Iterable[str], most_deep: int, *, plain: bool) -> Nature:
    deep = False
    for piece in pieces:
        content = orjson.loads(piece)
        deep = deep or _is_deeper(content, most_deep)
        plain = plain and orjson.dumps(content).count(b'"') == piece.count('"')  # a key written twice is there once
    return Nature(deep, plain)


def _is_deeper(content: Json, most: int) -> bool:
    level = [content] if isinstance(content, (dict, list)) else []
    for _ in range(most):
        inside = (each.values() if isinstance(each, dict) else each for each in level)
        level = [each for values in inside for each in values if isinstance(each, (dict, list))]
    return bool(level)
