"""The layout of policy files: indentation, blanks and line breaks made uniform; words, order and comments stay.

A file is rewritten only where it reads the same afterwards: what is not understood is left as it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import yaml

from policy_service.language.source import is_json, read
from policy_service.language.tree import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_STEP = 2
_BREAK = re.compile(r"\r\n?|\n")
_COMMENT = re.compile(r"^(\s*)#(?=[^\s#!])")
_MARK = re.compile(r"(?:---|\.\.\.|%)")


def formatted(name: str, data: bytes) -> bytes:
    """Return the file in the uniform layout; as it is where its text has mistakes, or is JSON. Never raises."""
    if is_json(name) or _content(name, data) is None:
        return data
    text = "\n".join(_BREAK.split(data.decode("utf-8-sig")))
    try:
        for attempt in (_laid_out, _tidied):
            found = attempt(text)
            if _content(name, found.encode()) == _content(name, data) and _comments(found) == _comments(text):
                return found.encode()
    except yaml.YAMLError:  # what one part of the library reads, another may not
        pass
    return data


def readable(name: str, data: bytes) -> bool:
    """Tell whether a file's text is free of mistakes, so that it can be laid out."""
    return _content(name, data) is not None


def _content(name: str, data: bytes) -> list[object] | None:
    """Return what the documents say, without places; None where they cannot be read."""
    source = read(name, data)
    return None if source.diagnostics else [plain(document) for document in source.documents]


def _comments(text: str) -> list[str]:
    """Return every comment, in order: what stands between tokens and begins with a hash."""
    found: list[str] = []
    end = 0
    for token in yaml.scan(text, Loader=yaml.CSafeLoader):
        found += _hashes(text[end : token.start_mark.index])
        end = max(end, token.end_mark.index)
    return found + _hashes(text[end:])


def _hashes(between: str) -> list[str]:
    lines = (line.partition("#") for line in between.split("\n"))
    return [rest.strip() for _, sign, rest in lines if sign]


class _Stretch(NamedTuple):
    """Lines that go on with what an earlier one began: a text, or brackets."""

    first: int
    last: int
    verbatim: bool
    """Blanks at the ends of its lines are part of the text."""


def _stretches(text: str) -> list[_Stretch]:
    found: list[_Stretch] = []
    depth = 0
    begin = 0
    for token in yaml.scan(text, Loader=yaml.CSafeLoader):
        first, last = token.start_mark.line, token.end_mark.line
        if isinstance(token, yaml.FlowMappingStartToken | yaml.FlowSequenceStartToken):
            begin = first if depth == 0 else begin
            depth += 1
        elif isinstance(token, yaml.FlowMappingEndToken | yaml.FlowSequenceEndToken):
            depth -= 1
            if depth == 0 and last > begin:
                found.append(_Stretch(begin + 1, last, verbatim=False))
        elif isinstance(token, yaml.ScalarToken) and depth == 0 and last > first:
            block = token.style in {"|", ">"}
            found.append(_Stretch(first + 1, last - 1 if block else last, verbatim=block))
    return found


def _laid_out(text: str) -> str:
    """Indent every level by two, list items below their key, and tidy up."""
    lines = text.split("\n")
    inside = {number: each for each in _stretches(text) for number in range(each.first, each.last + 1)}
    levels = _Levels()
    shifted: list[str] = []
    shift = 0
    for number, line in enumerate(lines):
        if number in inside:
            bare = line if inside[number].verbatim else line.rstrip()
            kept = max(0, len(bare) - len(bare.lstrip(" ")) + shift)
            shifted.append(" " * kept + bare.lstrip(" ") if bare.strip() else bare)
            continue
        if _MARK.match(line) or not line.strip():
            levels = _Levels() if _MARK.match(line) else levels
            shifted.append(line.rstrip())
            continue
        told = line if not line.lstrip().startswith("#") else _next_of(lines, number, inside)
        laid = levels.place(told if told is not line else line, keep=told is line)
        comment = line.lstrip().rstrip()
        shifted.append(laid if told is line else " " * (len(laid) - len(laid.lstrip(" "))) + comment)
        if told is line:
            shift = len(laid) - len(laid.lstrip(" ")) - (len(line) - len(line.lstrip(" ")))
    return _joined(shifted, inside)


def _next_of(lines: Sequence[str], number: int, inside: Mapping[int, _Stretch]) -> str:
    """Return the line that a comment on a line of its own is about: the next one that says something."""
    for later in range(number + 1, len(lines)):
        if lines[later].strip() and not lines[later].lstrip().startswith("#") and later not in inside:
            own = len(lines[number]) - len(lines[number].lstrip(" "))
            there = len(lines[later]) - len(lines[later].lstrip(" "))
            return lines[later] if own >= there else " " * own + "#"
    return lines[number]


class _Levels:
    """Where each open level of indentation stood, and where it stands now."""

    def __init__(self) -> None:
        self._open: list[tuple[int, bool, int]] = []

    def place(self, line: str, *, keep: bool) -> str:
        """Return the line in its new place; without ``keep`` no level is opened or closed by it."""
        before = list(self._open)
        body = line.lstrip(" ").rstrip()
        column = len(line) - len(body) if not line.endswith(" ") else len(line) - len(line.lstrip(" "))
        laid = ""
        while True:
            item = body.startswith("- ") or body == "-"
            new = self._level(column, item=item)
            if not laid:
                laid = " " * new
            if not item:
                break
            rest = body[1:].lstrip(" ")
            laid += "- " if rest else "-"
            column += len(body) - len(rest)
            body = rest
            if not body:
                break
        if not keep:
            self._open = before
        return laid + body

    def _level(self, column: int, *, item: bool) -> int:
        while self._open and (
            self._open[-1][0] > column or (self._open[-1][0] == column and self._open[-1][1] and not item)
        ):
            self._open.pop()
        if self._open and self._open[-1][0] == column and self._open[-1][1] == item:
            return self._open[-1][2]
        new = self._open[-1][2] + _STEP if self._open else 0
        self._open.append((column, item, new))
        return new


def _tidied(text: str) -> str:
    """Take blanks from the ends of lines, and superfluous empty lines out."""
    inside = {number: each for each in _stretches(text) for number in range(each.first, each.last + 1)}
    lines = text.split("\n")
    return _joined([line if number in inside else line.rstrip() for number, line in enumerate(lines)], inside)


def _joined(lines: Sequence[str], inside: Mapping[int, _Stretch]) -> str:
    """Join lines: one empty line at most between others, none at the ends, a blank behind the hash of a comment."""
    kept: list[str] = []
    for number, line in enumerate(lines):
        if number in inside:
            kept.append(line)
        elif line or (kept and kept[-1]):
            kept.append(_COMMENT.sub(r"\1# ", line))
    return "\n".join(kept).strip("\n") + "\n"
