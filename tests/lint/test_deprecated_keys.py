from __future__ import annotations

from pydantic import Field

from policy_service.language.document_parts import Parts
from policy_service.language.kinds import KINDS
from policy_service.language.source import read
from policy_service.language.tree import At
from policy_service.lint.rules.deprecated_key import deprecated_keys, has_deprecated


class Inner(Parts):
    old_key: str | None = Field(None, deprecated="write `newKey`")
    new_key: str | None = None


class Outer(Parts):
    windows: list[Inner] | None = None
    single: Inner | None = None
    gone: bool | None = Field(None, deprecated=True)


TEXT = b"""\
windows:
  - {oldKey: a, newKey: b}
  - newKey: c
    oldKey: d
single: {oldKey: e}
gone: false
"""


def test_each_is_told_at_the_key_with_what_to_write_instead() -> None:
    at = At("a.yaml", read("a.yaml", TEXT).documents[0])
    told = [(str(found.place), found.message, found.help, found.length) for found in deprecated_keys(Outer, at)]
    assert told == [
        ("a.yaml:2:6", "`oldKey` is deprecated", "write `newKey`", 6),
        ("a.yaml:4:5", "`oldKey` is deprecated", "write `newKey`", 6),
        ("a.yaml:5:10", "`oldKey` is deprecated", "write `newKey`", 6),
        ("a.yaml:6:1", "`gone` is deprecated", "leave it out", 4),
    ]


def test_the_format_says_which_kinds_have_any() -> None:
    assert has_deprecated(Outer)
    assert [kind for kind, row in KINDS.items() if has_deprecated(row.shape)] == []
