"""PS221: a file that does not tell editors which schema it follows, or tells the wrong one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policy_service.domain.place import Place
from policy_service.language.kinds import KINDS
from policy_service.lint.found import Edit, Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.lint.linted import Linted

_LINE = re.compile(r"^#[ \t]*yaml-language-server:[ \t]*\$schema=(\S+)", re.MULTILINE)
_KIND = re.compile(r"^kind:[ \t]*[\"']?(\w+)", re.MULTILINE)
_ANY = "policy-file"
_BEGIN = "# yaml-language-server: $schema="
_MESSAGE = "the file does not say which schema it follows"


def find(linted: Linted) -> Iterator[Found]:
    """Yield YAML files without the line by which editors find the schema; the first document says which."""
    for file in linted.sources:
        if not file.endswith((".yaml", ".yml")):
            continue
        head = linted.text(file).text
        kind = _KIND.search(head)
        wanted = KINDS[kind[1]].schema if kind is not None and kind[1] in KINDS else None
        line = _LINE.search(head)
        if line is None and kind is not None:
            yield _missing(linted, file, wanted or _ANY)
        elif line is not None and wanted is not None and not _fits(line[1], wanted):
            place = linted.written(line[1], Place(file, 1, 1))
            help_text = f"name `{wanted}.v1.json`, or `{_ANY}.v1.json`, which takes every kind"
            yield Found(
                place, f"the schema line does not name the schema of {kind[1] if kind else ''}", help_text, len(line[1])
            )


def _fits(schema: str, wanted: str) -> bool:
    name = schema.rpartition("/")[2]
    return not name.endswith(".v1.json") or name in {f"{wanted}.v1.json", f"{_ANY}.v1.json"}


def _missing(linted: Linted, file: str, wanted: str) -> Found:
    if linted.schemas is None:
        help_text = (
            f"begin it with `{_BEGIN}…/{wanted}.v1.json`; `policy-service schema --output DIR` writes the schemas"
        )
        return Found(Place(file, 1, 1), _MESSAGE, help_text)
    line = _BEGIN + _address(file, linted.schemas, f"{wanted}.v1.json")
    edit = Edit(file, 0, 0, f"{line}\n")
    return Found(Place(file, 1, 1), _MESSAGE, f"begin it with `{line}`", 1, edit)


def _address(file: str, base: str, name: str) -> str:
    """Return where the schema is, as seen from the file."""
    if "://" in base:
        return f"{base.rstrip('/')}/{name}"
    here, there = file.split("/")[:-1], [part for part in base.split("/") if part != "."]
    shared = 0
    while shared < min(len(here), len(there)) and here[shared] == there[shared]:
        shared += 1
    return "/".join([*[".."] * (len(here) - shared), *there[shared:], name])
