"""Apply edits to files: comments, blanks and line breaks stay as the author wrote them."""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from policy_service.lint.found import Edit


def edited(sources: Mapping[str, bytes], edits: Iterable[Edit]) -> dict[str, bytes]:
    """Return the files that change, as they become; of edits that touch each other the first one is made."""
    by_file: dict[str, list[Edit]] = {}
    for edit in sorted(set(edits)):
        known = by_file.setdefault(edit.file, [])
        if not known or known[-1].end <= edit.start:
            known.append(edit)
    return {file: _edited(sources[file], found) for file, found in by_file.items()}


def _edited(data: bytes, edits: list[Edit]) -> bytes:
    mark = BOM_UTF8 if data.startswith(BOM_UTF8) else b""
    text = data.removeprefix(BOM_UTF8).decode()
    for edit in reversed(edits):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return mark + text.encode()
