from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from policy_service.language.lines import line_starts

_BREAKS = ("\r\n", "\n", "\r", "\x85", "\u2028", "\u2029")


@given(st.lists(st.sampled_from(["a", "\x0b", "\x0c", "\x1c", *_BREAKS])).map("".join))
def test_a_line_begins_behind_each_break_of_yaml(text: str) -> None:
    """Unlike Python's own lines, which form feeds and separators of records end as well."""
    starts, at = [0], 0
    while at < len(text):
        found = next((each for each in _BREAKS if text.startswith(each, at)), None)
        at += len(found or text[at])
        starts += [] if found is None else [at]
    assert line_starts(text) == starts
