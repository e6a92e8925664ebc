"""Findings for people: each with its line, a caret under it, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unicodedata import combining, east_asian_width

from policy_service.domain.diagnostic import Severity
from policy_service.language.lines import split_lines, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from policy_service.domain.diagnostic import Diagnostic

WIDTH = 100
"""Columns of an excerpt; longer lines are clipped around the caret."""

_LEAD = 40
_RED, _YELLOW, _CYAN = "\x1b[1;31m", "\x1b[1;33m", "\x1b[1;36m"
_BLUE, _BOLD, _PLAIN = "\x1b[1;34m", "\x1b[1m", "\x1b[0m"
_ACCENTS = {Severity.ERROR: _RED, Severity.WARNING: _YELLOW, Severity.INFO: _CYAN}


def render(diagnostics: Iterable[Diagnostic], sources: Mapping[str, bytes], *, colour: bool = False) -> str:
    """Return findings as text, one block each, with excerpts from the sources by file name."""
    lines: dict[str, list[str]] = {}
    blocks: list[str] = []
    for found in diagnostics:
        file = found.place.file
        if file not in lines:
            text = text_of(sources.get(file, b""))
            lines[file] = split_lines(text) if text else []
        blocks.append(_block(found, lines[file], colour=colour))
    return "\n".join(blocks)


def as_dict(found: Diagnostic) -> dict[str, str | int | None]:
    """Return a finding as data, for machines."""
    return {
        "code": found.code,
        "severity": str(found.severity),
        "file": found.place.file,
        "line": found.place.line,
        "column": found.place.column,
        "message": found.message,
        "help": found.help,
    }


def _block(found: Diagnostic, lines: list[str], *, colour: bool) -> str:
    accent = _ACCENTS[found.severity]
    gutter = " " * len(str(found.place.line))
    bar = _painted("|", _BLUE, colour=colour)
    rows = [
        _painted(f"{found.severity}[{found.code}]", accent, colour=colour)
        + _painted(f": {found.message}", _BOLD, colour=colour),
        f"{gutter}{_painted('-->', _BLUE, colour=colour)} {found.place}",
    ]
    if 0 < found.place.line <= len(lines):
        excerpt, caret = _excerpt(lines[found.place.line - 1], found.place.column - 1, found.length)
        number = _painted(str(found.place.line), _BLUE, colour=colour)
        rows += [
            f"{gutter} {bar}",
            f"{number} {bar} {excerpt}".rstrip(),
            f"{gutter} {bar} {_painted(caret, accent, colour=colour)}",
        ]
    if found.help is not None:
        rows.append(f"{gutter} {_painted('=', _BLUE, colour=colour)} help: {found.help}")
    return "\n".join(rows) + "\n"


def _painted(text: str, accent: str, *, colour: bool) -> str:
    if not colour:
        return text
    indent = text[: len(text) - len(text.lstrip(" "))]
    return f"{indent}{accent}{text.lstrip(' ')}{_PLAIN}"


def _excerpt(line: str, column: int, length: int) -> tuple[str, str]:
    """Return a line as shown and the carets under it; a clipped line says so with an ellipsis."""
    column = min(column, len(line))
    first = max(0, column - _LEAD) if len(line) > WIDTH else 0
    shown = line[first : first + WIDTH]
    before, after = "…" if first else "", "…" if first + WIDTH < len(line) else ""
    marked = shown[column - first : column - first + length]
    indent = _width(before + shown[: column - first])
    return before + "".join(map(_shown, shown)) + after, " " * indent + "^" * max(1, _width(marked))


def _shown(character: str) -> str:
    if character == "\t":
        return "    "
    return character if character.isprintable() else "�"


def _width(text: str) -> int:
    return sum(_cells(character) for character in text)


def _cells(character: str) -> int:
    if character == "\t":
        return 4
    if combining(character):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1
