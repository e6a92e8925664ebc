"""Access events as CSV, harmless to spreadsheets."""

import csv
import io
from typing import TYPE_CHECKING, Any

import orjson

from policy_service.entrypoints.http.wire_records import EventReply

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for a formula at the start of a cell."""


def csv_of(events: "Iterable[Mapping[str, Any]]", *, heading: bool = True) -> str:
    """Return a line for each event, below the names of the columns where wanted."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(EventReply.model_fields), lineterminator="\r\n")
    if heading:
        writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in event.items()} for event in events)
    return text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, dict):
        return orjson.dumps(value).decode()
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value
