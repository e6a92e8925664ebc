"""Lines and columns of a text, and the limits that every text keeps."""

from __future__ import annotations

import re
from bisect import bisect_right
from codecs import BOM_UTF8
from typing import TYPE_CHECKING

from policy_service.domain.place import Place
from policy_service.language.wording import finding

if TYPE_CHECKING:
    from policy_service.domain.diagnostic import Diagnostic

MAX_BYTES = 5 * 1024 * 1024
"""How large a file may be."""

MAX_DEPTH = 64
"""How deep mappings and lists may be nested."""

MOST_FINDINGS = 1000
"""Findings of one file that are told; a file with more has one mistake many times, and reading stops."""

_BREAKS = "\n\r\x85\u2028\u2029"
_BREAK = re.compile(f"\r\n|[{_BREAKS}]")


def text_of(data: bytes) -> str:
    """Return what a file says, a byte order mark left out; what is no UTF-8 is replaced."""
    return data.removeprefix(BOM_UTF8).decode(errors="replace")


def line_starts(text: str) -> list[int]:
    """Return the offset at which each line begins, by the line breaks of YAML."""
    if not any(each in text for each in _BREAKS):  # a long text without any takes the pattern a hundred times as long
        return [0]
    return [0, *(match.end() for match in _BREAK.finditer(text))]


def split_lines(text: str) -> list[str]:
    """Return the lines of a text without their breaks, by the line breaks of YAML."""
    return _BREAK.split(text)


def place_at(file: str, starts: list[int], offset: int) -> Place:
    """Return the place of an offset, given where lines start."""
    line = bisect_right(starts, offset)
    return Place(file, line, offset - starts[line - 1] + 1)


def place_of(file: str, text: str, offset: int) -> Place:
    """Return the place of an offset in a text."""
    return place_at(file, line_starts(text), offset)


def too_deep(place: Place) -> Diagnostic:
    """Return the finding about nesting beyond the limit."""
    return finding("PS005", place, f"nested deeper than {MAX_DEPTH} levels", "write it flatter")
