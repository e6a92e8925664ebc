"""JSON to located trees: content at the speed of the C decoder, inner places of long lists only on demand."""

from __future__ import annotations

import re
from bisect import bisect_right
from json.decoder import JSONDecoder
from typing import TYPE_CHECKING, Any

import orjson

from policy_service.language.json_check import nature_of
from policy_service.language.lines import MAX_DEPTH, MOST_FINDINGS, line_starts, place_at, place_of, too_deep
from policy_service.language.tree import EAGER, LazyNode, ListNode, MappingNode, ScalarNode
from policy_service.language.wording import finding, quoted

if TYPE_CHECKING:
    from policy_service.domain.diagnostic import Diagnostic
    from policy_service.domain.place import Place
    from policy_service.language.tree import AnyNode, Node

_SPACE = re.compile(r"[ \t\n\r]*")
_NEXT = re.compile(r"[ \t\n\r]*,?[ \t\n\r]*")
_LITERAL = re.compile(r"[^\s,\]}]*", re.ASCII)
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)  # never fails at a quote: linear on any text
_TOKEN = re.compile(_STRING.pattern + r"|[\[\]{}]", re.DOTALL)
_SURROGATE = re.compile(r"(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]", re.ASCII)
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000", re.ASCII)
_STEP = {"{": 1, "[": 1, "}": -1, "]": -1}
_CLASH = object()
_UNUSUAL = frozenset({bool, list, type(_CLASH)})
_TEXTS = frozenset({str, type(None)})


def read_json(file: str, text: str) -> tuple[list[Node], list[Diagnostic]]:
    """Read a JSON text as at most one document."""
    if not text.strip():
        return [], []
    try:
        nature = nature_of(text)
    except orjson.JSONDecodeError as error:
        deep = _first_too_deep(text)
        return [], [_malformed(file, text, error) if deep is None else too_deep(place_of(file, text, deep))]
    if nature.deep and (deep := _first_too_deep(text)) is not None:
        return [], [too_deep(place_of(file, text, deep))]
    nul = _NUL.search(text) if "\\u0000" in text else None
    if nul is not None:
        place = place_of(file, text, nul.start())
        return [], [finding("PS001", place, "a NUL character cannot stand in a policy file", "remove it")]
    reader = _Reader(file, text, plain=nature.plain)
    try:
        node, _ = reader.value(reader.skip(0))
    except _EnoughError:
        return [], reader.findings
    return [node], reader.findings


def _first_too_deep(text: str) -> int | None:
    depth = 0
    for match in _TOKEN.finditer(text):
        depth += _STEP.get(match[0], 0)
        if depth > MAX_DEPTH:
            return match.start()
    return None


def _malformed(file: str, text: str, error: orjson.JSONDecodeError) -> Diagnostic:
    place = place_of(file, text, min(error.pos, len(text)))
    surrogate = _SURROGATE.search(text)
    if "surrogate" in str(error) and surrogate is not None:
        return finding("PS001", place, "an escape that names no character", "a lone surrogate is none")
    reason = str(error).split(": line ", maxsplit=1)[0]
    return finding("PS002", place, f"not well-formed JSON: {quoted(reason)[1:-1]}", "check quotes, commas and brackets")


def _literal(text: str) -> str | None:
    return None if text == "null" else text


def _pairs(pairs: list[tuple[str, Any]]) -> object:
    """Take an object's keys; one written twice, or a list of more than texts, makes the item be read with places."""
    found = dict(pairs)
    if len(found) != len(pairs):
        return _CLASH
    if _UNUSUAL.isdisjoint(map(type, found.values())):
        return found
    if any(value is _CLASH or (type(value) is list and not _TEXTS.issuperset(map(type, value))) for _, value in pairs):
        return _CLASH
    return {key: "true" if value is True else "false" if value is False else value for key, value in pairs}


class _EnoughError(Exception):
    """There are more findings than are shown: reading on would take long, and tell nobody anything."""


class _Reader:
    """Reads a text that is known to be JSON, with places."""

    def __init__(self, file: str, text: str, *, plain: bool) -> None:
        self.file = file
        self.text = text
        self.starts = line_starts(text)
        self.findings: list[Diagnostic] = []
        hook = None if plain else _pairs
        self.fast = JSONDecoder(object_pairs_hook=hook, parse_int=str, parse_float=str).raw_decode

    def skip(self, offset: int) -> int:
        match = _SPACE.match(self.text, offset)
        return offset if match is None else match.end()

    def place(self, offset: int) -> Place:
        return place_at(self.file, self.starts, offset)

    def again(self, item: LazyNode) -> Node:
        """Read an item with its places that so far was read without."""
        node, _ = self.value(item.span[0])
        return node

    def value(self, offset: int) -> tuple[Node, int]:
        first = self.text[offset]
        if first == "{":
            return self._mapping(offset)
        if first == "[":
            return self._list(offset)
        return self._scalar(offset)

    def _scalar(self, offset: int) -> tuple[ScalarNode, int]:
        place = self.place(offset)
        if self.text[offset] == '"':
            text, end = self.fast(self.text, offset)
            return ScalarNode(text, place.line, place.column, end - offset, '"'), end
        match = _LITERAL.match(self.text, offset)
        written = "" if match is None else match[0]
        end = offset + len(written)
        return ScalarNode(_literal(written), place.line, place.column, len(written), ""), end

    def _mapping(self, offset: int) -> tuple[MappingNode, int]:
        place = self.place(offset)
        node = MappingNode(place.line, place.column)
        at = self.skip(offset + 1)
        while self.text[at] != "}":
            key, at = self._scalar(at)
            value, at = self.value(self.skip(self.skip(at) + 1))
            self._enter(node, key, value)
            at = self._next(at)
        return node, at + 1

    def _enter(self, node: MappingNode, key: ScalarNode, value: Node) -> None:
        name = key.text or ""
        first = node.entries.get(name)
        if first is None:
            node.entries[name] = (key, value)
            return
        place = self.place(self.starts[key.line - 1] + key.column - 1)
        help_text = f"the key was first written on line {first[0].line}"
        self.findings.append(finding("PS003", place, f"duplicate key {quoted(name)}", help_text, key.length))
        if len(self.findings) > MOST_FINDINGS:
            raise _EnoughError

    def _list(self, offset: int) -> tuple[ListNode, int]:
        place = self.place(offset)
        node = ListNode(place.line, place.column)
        at = self.skip(offset + 1)
        while self.text[at] != "]":
            if len(node.items) >= EAGER:
                return node, self._further_items(node, at)
            item, at = self.value(at)
            node.items.append(item)
            at = self._next(at)
        return node, at + 1

    def _next(self, offset: int) -> int:
        match = _NEXT.match(self.text, offset)
        return offset if match is None else match.end()

    def _further_items(self, node: ListNode, at: int) -> int:
        """Read the items of a long list from here on; return where the text goes on behind it."""
        text, starts, read, again = self.text, self.starts, self.fast, self.again
        line = bisect_right(starts, at)
        value: Any
        while text[at] != "]":
            while line < len(starts) and starts[line] <= at:
                line += 1
            value, end = read(text, at) if text[at] == "{" else (_CLASH, at)
            item: AnyNode
            if value is _CLASH:
                item, end = self.value(at)
            else:
                item = LazyNode(value, line, at - starts[line - 1] + 1, (at, end), again)
            node.items.append(item)
            at = self._next(end)
        return at + 1
