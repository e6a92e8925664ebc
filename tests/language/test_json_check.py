"""A long JSON text is found to be what it is when it is read a piece at a time: the oracle reads all of it at once."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_service.language.json_check import Nature, nature_of
from policy_service.language.lines import MAX_DEPTH

_TEXTS = st.one_of(
    st.text(max_size=6),
    st.sampled_from(["", "},{", "}, {", "[{", '"', '":[{', "}", "\\", "true", "é", "\ud83d\ude8c"]),
)
_VALUES = st.recursive(
    st.one_of(_TEXTS, st.integers(-9, 9), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_TEXTS, inner, max_size=3)),
    max_leaves=6,
)
_ITEMS = st.lists(st.dictionaries(_TEXTS, _VALUES, max_size=3), max_size=12)
_DOCUMENTS = st.dictionaries(_TEXTS, st.one_of(_VALUES, _ITEMS), max_size=4)
_LAYOUTS = st.sampled_from([{}, {"indent": 1}, {"separators": (",", ":")}, {"ensure_ascii": False}])
_BITS = ["", '"', "{", "}", "[", "]", ",", ":", "},{", "[{", "\\", " ", "0", "true", '"a":1,"a":2', '{"a":1,"a":2}']
_DAMAGES = st.tuples(st.integers(0, 400), st.integers(0, 3), st.sampled_from(_BITS))


def _said(text: str, piece: int) -> Nature | str:
    try:
        return nature_of(text, piece=piece)
    except orjson.JSONDecodeError as error:
        return str(error)


@given(_DOCUMENTS, _LAYOUTS, st.integers(1, 40))
def test_a_document(document: object, layout: dict[str, object], piece: int) -> None:
    text = json.dumps(document, **layout)  # type: ignore[arg-type]
    assert _said(text, piece) == _said(text, len(text) + 1)


@given(
    _ITEMS, _LAYOUTS, st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3), st.sampled_from(_BITS)), max_size=3)
)
def test_a_text_that_somebody_has_damaged(
    items: object, layout: dict[str, object], damages: list[tuple[int, int, str]]
) -> None:
    text = json.dumps({"kind": "x", "items": items, "end": [{}, {}]}, **layout)  # type: ignore[arg-type]
    for where, gone, put in damages:
        at = where % (len(text) + 1)
        text = text[:at] + put + text[at + gone :]
    assert _said(text, 8) == _said(text, len(text) + 1)


@pytest.mark.parametrize("depth", [MAX_DEPTH // 2 - 3, MAX_DEPTH // 2 + 3, MAX_DEPTH - 3, MAX_DEPTH - 2, MAX_DEPTH])
def test_depth(depth: int) -> None:
    deep = '{"a":' * depth + "1" + "}" * depth
    text = f'{{"items":[{{"b":2}},{deep},{{"c":3}},{{"d":4}}]}}'
    assert nature_of(text, piece=1) == Nature(deep=depth > MAX_DEPTH - 2, plain=True)


def test_a_key_twice_is_found_in_any_piece() -> None:
    items = [f'{{"id":"{number}"}}' for number in range(9)]
    for at in range(len(items)):
        twice = [*items[:at], '{"id":"x","id":"y"}', *items[at + 1 :]]
        assert nature_of(f'{{"items":[{",".join(twice)}]}}', piece=4) == Nature(deep=False, plain=False)


def test_a_list_in_words_is_none() -> None:
    with pytest.raises(orjson.JSONDecodeError):
        nature_of('{"a":"[{},{"b":1},{}]"}', piece=1)
