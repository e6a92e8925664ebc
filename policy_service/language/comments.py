"""Comments of a YAML text that begin with a marker: what authors say to tools, told apart from `#` inside of values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml
from yaml.error import YAMLError
from yaml.tokens import ScalarToken

from policy_service.language.lines import line_starts

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLANK_OR_COMMENT = re.compile(r"[ \t]*(?:#.*)?\r?\n?", re.ASCII)


class Comment(NamedTuple):
    """A comment: where its `#` stands (line and column from 1, offset from 0), its text, and what it is about."""

    line: int
    column: int
    start: int
    end: int
    text: str
    """What stands behind the marker."""
    alone: bool
    """Whether nothing else stands on its line."""
    covers: range
    """The lines that it is about: its own and, where it stands alone, the key or item below with all inside."""


def comments(text: str, marker: str) -> Iterator[Comment]:
    """Yield the comments of a well-formed text that begin with the marker, in order."""
    if marker not in text:
        return
    pattern = re.compile(rf"(?:(?<=[ \t])|^)#[ \t]*{re.escape(marker)}[ \t]*([^\r\n]*)", re.MULTILINE)
    values = list(_values(text))
    starts = line_starts(text)
    lines = text.splitlines(keepends=True)
    for match in pattern.finditer(text):
        start = match.start()
        if any(begin <= start < end for begin, end in values):
            continue
        line = sum(begin <= start for begin in starts)
        alone = not text[starts[line - 1] : start].strip()
        covers = range(line, _last_below(lines, line) + 1 if alone else line + 1)
        yield Comment(line, start - starts[line - 1] + 1, start, match.end(), match[1].rstrip(), alone, covers)


def _values(text: str) -> Iterator[tuple[int, int]]:
    try:
        tokens: Iterator[Any] = yaml.scan(text, Loader=yaml.CSafeLoader)
        for token in tokens:
            if isinstance(token, ScalarToken):
                yield token.start_mark.index, token.end_mark.index
    except YAMLError:  # what is no YAML has been told already
        return


def _last_below(lines: list[str], line: int) -> int:
    """Return the last line of what begins below a line: everything that is indented deeper than its first."""
    first = next((at for at in range(line, len(lines)) if not _is_blank(lines[at])), None)
    if first is None:
        return line
    indent = _indent(lines[first])
    last = first
    for at in range(first + 1, len(lines)):
        if _is_blank(lines[at]):
            continue
        if _indent(lines[at]) <= indent:
            break
        last = at
    return last + 1


def _is_blank(line: str) -> bool:
    return _BLANK_OR_COMMENT.fullmatch(line) is not None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))
