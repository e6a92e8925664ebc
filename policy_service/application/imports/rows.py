"""Splits an upload into numbered rows, in bounded memory: NDJSON or CSV, UTF-8."""

from __future__ import annotations

import csv
import json
from codecs import BOM_UTF8
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from policy_service.application.imports.fields import Fault
from policy_service.application.imports.plain_json import plain_object

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

MAX_LINE = 64 * 1024
"""Bytes in one line."""
BLOCK = 128
"""Lines read at one go: what else the process does waits for no more."""

_LISTS = ("synthetic_ids", "chargers.ids", "chargers.exclude")
_LIST_TABLE = "chargers.labels."
_TABLES = ("attributes.", "labels.", _LIST_TABLE)
_TABLE_ROOTS = ("attributes", "labels", "chargers")


class ImportFormat(StrEnum):
    """How an upload is written: its media type."""

    NDJSON = "application/x-ndjson"
    CSV = "text/csv"


class Row(NamedTuple):
    """One row: its line, counted from 1, and its values, or what keeps it from being read."""

    line: int
    values: Mapping[str, object]
    fault: Fault | None = None


class HeaderError(Exception):
    """A CSV header that cannot be used; nothing of the upload is."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Carry the faults."""
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


async def rows(
    chunks: AsyncIterator[bytes], written: ImportFormat, columns: Sequence[str]
) -> AsyncIterator[Sequence[Row]]:
    """Yield the rows of an upload by small blocks; blank lines are passed over. ``columns`` are the record's fields.

    Raises HeaderError. A CSV cell never holds a line break, so that one stray quote spoils one line and not the rest.
    """
    read = _NdjsonLines() if written is ImportFormat.NDJSON else _CsvLines(columns)
    number = 1
    async for lines in _blocks(chunks):
        yield [
            row for at, line in enumerate(lines, number) if line not in _BLANK and (row := read(at, line)) is not None
        ]
        number += len(lines)


async def _blocks(chunks: AsyncIterator[bytes]) -> AsyncIterator[Sequence[bytes]]:
    """Yield lines without their ends, some at a time; of a line that is too long, only that it is."""
    rest, overlong, first = b"", False, True
    async for chunk in chunks:
        *lines, tail = (rest + chunk).split(b"\n")
        if lines:
            lines[0] = _TOO_LONG if overlong else lines[0].removeprefix(BOM_UTF8) if first else lines[0]
            overlong = first = False
        for start in range(0, len(lines), BLOCK):
            yield lines[start : start + BLOCK]
        overlong = overlong or len(tail) > MAX_LINE + len(BOM_UTF8)
        rest = b"" if overlong else tail
    if rest or overlong:
        yield [_TOO_LONG if overlong else rest.removeprefix(BOM_UTF8) if first else rest]


_BLANK = (b"", b"\r")
"""What a reader would pass over as well, but only after all that it does about a line that is no JSON."""
_TOO_LONG = b"\xff"
"""Stands for a line beyond the limit: like one, it is no UTF-8."""


class _NdjsonLines:
    """Reads a line as a JSON object: fast where it is plain, else strictly."""

    def __call__(self, number: int, line: bytes) -> Row | None:
        if len(line) <= MAX_LINE and (plain := plain_object(line)) is not None:
            return Row(number, plain)
        return _read_strictly(number, line, _object)


class _CsvLines:
    """Reads a line as cells, under the header that the first line is."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns
        self._parse: _CsvRow | None = None

    def __call__(self, number: int, line: bytes) -> Row | None:
        if self._parse is not None:
            return _read_strictly(number, line, self._parse)
        text = _decoded(line)
        if text is None:
            return _unreadable(number)
        if text.strip():
            self._parse = _CsvRow(text, self._columns)
        return None


def _read_strictly(number: int, line: bytes, parse: Callable[[str], Mapping[str, object]]) -> Row | None:
    text = _decoded(line)
    if text is None:
        return _unreadable(number)
    if not text.strip():
        return None
    try:
        return Row(number, parse(text))
    except (ValueError, RecursionError, csv.Error) as error:
        return Row(number, {}, Fault("", _why(error)))


def _unreadable(number: int) -> Row:
    return Row(number, {}, Fault("", f"must be UTF-8 of at most {MAX_LINE} bytes in a line"))


def _decoded(line: bytes) -> str | None:
    try:
        return line.decode().rstrip("\r") if len(line) <= MAX_LINE else None
    except UnicodeDecodeError:
        return None


class _RowError(ValueError):
    """A row at fault; its message shows nothing of the row."""


def _why(error: Exception) -> str:
    if isinstance(error, _RowError):
        return str(error)
    if isinstance(error, json.JSONDecodeError):
        return f"not well-formed JSON at column {error.colno}"
    if isinstance(error, RecursionError):
        return "nested too deep"
    return "not well-formed"


def _object(text: str) -> Mapping[str, object]:
    value = _DECODER.decode(text)
    if not isinstance(value, dict):
        message = "must be a JSON object"
        raise _RowError(message)
    return value  # pyright: ignore[reportUnknownVariableType] - JSON objects have text keys


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        message = "has a key twice"
        raise _RowError(message)
    return table


def _no_constant(_: str) -> NoReturn:
    message = "NaN and Infinity are not JSON"
    raise _RowError(message)


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)
"""Made once: json.loads() with options would make one for every line."""


class _CsvRow:
    """Reads rows under one header. Dotted columns make tables; cells of lists are divided by semicolons."""

    def __init__(self, header: str, fields: Sequence[str]) -> None:
        """Check the header. Raises HeaderError, which tells columns by number: they may hold identifiers."""
        try:
            self._columns = [name.strip() for name in _cells(header)]
        except csv.Error:
            raise HeaderError([Fault("", "the header is not well-formed")]) from None
        if len(self._columns) == 1 and any(divider in header for divider in ";\t|"):
            raise HeaderError([Fault("", "the header is one column: commas divide columns, nothing else does")])
        seen: set[str] = set()
        faults: list[Fault] = []
        for number, name in enumerate(self._columns, start=1):
            if not _is_column(name, fields):
                faults.append(Fault("", f"column {number} of the header is no known field{_may_be(name, fields)}"))
            elif name in seen:
                faults.append(Fault("", f"column {number} of the header repeats another"))
            seen.add(name)
        if faults:
            raise HeaderError(faults)

    def __call__(self, line: str) -> Mapping[str, object]:
        cells = _cells(line)
        if len(cells) != len(self._columns):
            message = f"has {len(cells)} cells where the header has {len(self._columns)}"
            raise _RowError(message)
        values: dict[str, object] = {}
        for name, cell in zip(self._columns, cells, strict=True):
            if cell:
                _put(values, name, cell)
        return values


def _cells(line: str) -> list[str]:
    return next(csv.reader([line], strict=True))


def _is_column(name: str, fields: Sequence[str]) -> bool:
    """Tell whether a column fits the record; tables (attributes, labels, chargers) come as dotted columns only."""
    root = name.partition(".")[0]
    if root not in fields:
        return False
    if name in _LISTS or any(name.startswith(table) and len(name) > len(table) for table in _TABLES):
        return True
    return name == root and root not in _TABLE_ROOTS


def _may_be(name: str, fields: Sequence[str]) -> str:
    """Return which field may be meant, or that attributes have columns of their own; never the name as it came."""
    meant = get_close_matches(name.lower(), fields, n=1)
    if meant and meant[0] not in _TABLE_ROOTS:
        return f"; did you mean `{meant[0]}`?"
    return "; attributes are columns like `attributes.kind`" if "attributes" in fields else ""


def _put(values: dict[str, object], name: str, cell: str) -> None:
    listed = name in _LISTS or name.startswith(_LIST_TABLE)
    value: object = [part.strip() for part in cell.split(";") if part.strip()] if listed else cell
    *path, leaf = name.split(".", 2) if name.startswith(_LIST_TABLE) else name.split(".", 1)
    table: dict[str, Any] = values
    for step in path:
        table = table.setdefault(step, {})
    table[leaf] = value
