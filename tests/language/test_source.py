"""Texts that are no policy files are told of, and never crash the reader."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_service.language.lines import MOST_FINDINGS
from policy_service.language.load import load
from policy_service.language.source import read
from policy_service.language.tree import At, ListNode, plain

DEEP = 20_000


def items(values: str) -> st.SearchStrategy[str]:
    """Draw mappings of these values, written as JSON; some have a key twice, and a few are no mappings."""
    value = st.sampled_from(values.split())
    pairs = st.lists(st.tuples(st.sampled_from("abc"), value), max_size=3)
    mappings = pairs.map(lambda each: "{" + ", ".join(f'"{key}": {value}' for key, value in each) + "}")
    return st.one_of(mappings, mappings, mappings, value)


PLAIN = '"x" "é" "{[" 1 1.50 -1e3 null [] {} ["y",{"z":"1"}]'
ANY = PLAIN + r' true false "true" "a\"b" "\u00e9" [true] {"d":1,"d":false} {"e":{"f":"","f":""}} [{"g":1,"g":2}]'
ITEMS = st.one_of([st.lists(items(each), min_size=60, max_size=90) for each in (PLAIN, ANY)])


def codes(file: str, data: bytes) -> list[str]:
    return [found.code for found in read(file, data).diagnostics]


@pytest.mark.parametrize(
    ("file", "data", "code"),
    [
        ("a.yaml", b"\xff", "PS001"),
        ("a.yaml", b"a: \xed\xa0\x80", "PS001"),
        ("a.yaml", b"a: b\x00c", "PS001"),
        ("a.yaml", b'a: "\\0"', "PS001"),
        ("a.yaml", b'a: "\\ud800"', "PS001"),
        ("a.yaml", b"a: \x01", "PS001"),
        ("a.json", b'{"a": "\\ud800"}', "PS001"),
        ("a.json", b'{"a": "\\u0000"}', "PS001"),
        ("a.json", b'{"a": "\\\\u0000"}', None),
        ("a.json", b'{"a": NaN}', "PS002"),
        ("a.json", b'{"a": 1e999}', "PS002"),
        ("a.json", b'{"a": 1,}', "PS002"),
        ("a.json", b'{"a": 1, "a": 2}', "PS003"),
        ("a.yaml", b"a: 1\na: 2", "PS003"),
        ("a.yaml", b"a: *b", "PS004"),
        ("a.yaml", b"a: !!python/object:os.system x", "PS004"),
        ("a.yaml", b"%TAG ! tag:x,2:\n--- \na: b", "PS004"),
        ("a.yaml", b"[" * DEEP, "PS005"),
        ("a.yaml", b"- " * DEEP, "PS005"),
        ("a.yaml", b'{"a":' * DEEP, "PS005"),
        ("a.json", b"[" * DEEP, "PS005"),
        ("a.json", b"[" * DEEP + b"]" * DEEP, "PS005"),
        ("a.json", b'{"a":' * DEEP, "PS005"),
        ("a.yaml", b" " * (5 * 1024 * 1024 + 1), "PS005"),
        ("a.yaml", b"", "PS002"),
        ("a.json", b" \n", "PS002"),
        ("a.yaml", b"---\n# nothing\n---\n", "PS007"),
        ("a.yaml", b"\xef\xbb\xbfa: b", None),
        ("a.json", b'\xef\xbb\xbf{"a": "\\ud83d\\ude8c"}', None),
    ],
)
def test_a_text_that_is_no_policy_file_is_told(file: str, data: bytes, code: str | None) -> None:
    assert codes(file, data) == ([] if code is None else [code])


@pytest.mark.parametrize("text", ["22:00", "on", "04E2", "0777", "1e3", "1_000", "2026-01-01", "0x1F", "1.10", "Yes"])
def test_scalars_keep_what_the_author_wrote(text: str) -> None:
    (document,) = read("a.yaml", f"a: {text}".encode()).documents
    assert plain(document) == {"a": text}


def test_json_scalars_keep_what_the_author_wrote() -> None:
    (document,) = read("a.json", b'{"a": 1.10, "b": true, "c": [1e3, null], "d": "on"}').documents
    assert plain(document) == {"a": "1.10", "b": "true", "c": ["1e3", None], "d": "on"}


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("w: a > b", 1, 4),
        ('w: "a > b"', 1, 5),
        ("w: 'a > b'", 1, 5),
        ("w: |\n\n    a > b\n", 3, 5),
        ("w: >-\n  a > b", 2, 3),
    ],
)
def test_a_text_has_the_place_of_its_first_character(text: str, line: int, column: int) -> None:
    (document,) = read("a.yaml", text.encode()).documents
    at = At("a.yaml", document).follow(("w",))
    assert (at.text, at.text_place.line, at.text_place.column) == ("a > b", line, column)


@pytest.mark.parametrize("file", ["a.yaml", "a.json"])
def test_items_far_down_a_long_list_have_their_places(file: str) -> None:
    rows = [f'{{"id": "C{number}", "labels": {{"a": "x"}}}}' for number in range(200)]
    (document,) = read(file, ("[\n " + ",\n ".join(rows) + "\n]").encode()).documents
    at = At(file, document).follow((150, "labels", "a"))
    assert (str(at.place), at.text) == (f"{file}:152:33", "x")


def test_items_of_a_long_block_list_have_their_places() -> None:
    text = "list:\n" + "".join(f"  - id: C{number}\n    labels:\n      a: é b\n" for number in range(200))
    (document,) = read("a.yaml", text.encode()).documents
    at = At("a.yaml", document).follow(("list", 150, "labels", "a"))
    assert (str(at.place), at.text) == (f"a.yaml:{1 + 150 * 3 + 3}:10", "é b")


@pytest.mark.parametrize(
    ("row", "code"),
    [("{a: 1, a: 2}", "PS003"), ("{a: &x 1}", "PS004"), ("{a: *x}", "PS004"), ("{a: " + "[" * 80, "PS005")],
)
def test_a_mistake_far_down_a_long_list_is_told_at_its_line(row: str, code: str) -> None:
    text = "- {a: 1}\n" * 100 + f"- {row}\n"
    (found,) = read("a.yaml", text.encode()).diagnostics
    assert (found.code, found.place.line) == (code, 101)


def test_a_duplicate_key_far_down_a_long_json_list_is_told_at_its_line() -> None:
    (found,) = read("a.json", ("[" + '{"a": {}},\n' * 100 + '{"a": {"b": 1, "b": 2}}]').encode()).diagnostics
    assert (found.code, found.place.line, found.place.column) == ("PS003", 101, 16)


@pytest.mark.parametrize("file", ["a.yaml", "a.json"])
def test_a_text_is_read_no_further_than_findings_are_shown(file: str) -> None:
    text = "{" + '"a": 1,\n' * 5000 + '"a": 1}'
    assert codes(file, text.encode()) == ["PS003"] * (MOST_FINDINGS + 1)
    loaded = load({file: text.encode()})
    (*duplicates, last) = [found for found in loaded.diagnostics if found.code in ("PS003", "PS005")]
    assert (len(duplicates), last.code, last.place.line) == (MOST_FINDINGS, "PS005", MOST_FINDINGS + 1)


@pytest.mark.parametrize("file", ["a.yaml", "a.json"])
@pytest.mark.parametrize(("before", "after"), [("[", "]"), ('{"a": ', "}")])
def test_nesting_has_one_limit(file: str, before: str, after: str) -> None:
    assert codes(file, (before * 64 + "1" + after * 64).encode()) == []
    assert codes(file, (before * 65 + "1" + after * 65).encode()) == ["PS005"]


@given(ITEMS, st.sampled_from([", ", ",\n", "\n,\r\n  "]))
@settings(deadline=None)
def test_a_long_json_list_reads_as_its_items_do_alone(rows: list[str], between: str) -> None:
    """Whatever else the list holds: flags, escapes and keys that are written twice, before it and after it."""
    told = read("a.json", f"[{between.join(rows)}]".encode())
    (document,) = told.documents
    assert isinstance(document, ListNode)
    at, findings = 1, 0
    for row, item in zip(rows, document.items, strict=True):
        alone = read("a.json", f"[{row}]".encode())
        (only,) = alone.documents
        assert plain(item) == plain(only)[0]  # type: ignore[index]  # a list was written
        line = f"[{between.join(rows)}]"[:at].replace("\r\n", "\n")
        assert (item.line, item.column) == (line.count("\n") + 1, at_column(line))
        at += len(row) + len(between)
        findings += len(alone.diagnostics)
    assert len(told.diagnostics) == findings


YAML_KEYS = ["a", "é", "null", "~", '"null"', "''", "1"]
YAML_VALUES = ["x", "~", "null", '"null"', "''", "'it''s'", "[x, ~, [y]]", "{x: ~, null: z}", "{x: 1, x: 2}", "&x y"]
YAML_VALUES += ["!t y", "x # not y", "'two\n   lines'", "|\n   two\n   lines", ">\n\n   folded", "\n   - x"]


@given(st.lists(st.dictionaries(st.sampled_from(YAML_KEYS), st.sampled_from(YAML_VALUES), min_size=1), max_size=3))
@settings(deadline=None)
def test_a_long_yaml_list_reads_as_its_items_do_alone(rows: list[dict[str, str]]) -> None:
    """Whatever they hold: nulls, quotes, blocks, and what has to be read again with its places."""
    items = ["- " + "\n  ".join(f"{key}: {value}" for key, value in row.items()) + "\n" for row in rows]
    told = read("a.yaml", ("- {a: 1}\n" * 100 + "".join(items)).encode())
    (document,) = told.documents
    alone = [read("a.yaml", item.encode()) for item in items]
    assert plain(document)[100:] == [plain(one.documents[0])[0] for one in alone]  # type: ignore[index]  # lists
    assert [found.code for found in told.diagnostics] == [found.code for one in alone for found in one.diagnostics]


def at_column(before: str) -> int:
    return len(before) - (before.rfind("\n") + 1) + 1


def test_every_file_is_told_of_in_one_run_and_in_reading_order() -> None:
    checked = load({"b.yaml": b"\xff", "a.json": b"[", "c.yaml": b""})
    assert [(found.place.file, found.code) for found in checked.diagnostics] == [
        ("a.json", "PS002"),
        ("b.yaml", "PS001"),
        ("c.yaml", "PS002"),
    ]


def test_a_file_of_nothing_but_mistakes_is_given_up_early() -> None:
    checked = load({"a.yaml": b"a: 1\n" * 500_000})
    assert len(checked.diagnostics) == 1001
    assert checked.diagnostics[-1].code == "PS005"


def test_a_hundred_thousand_unknown_keys_are_told_in_time() -> None:
    head = b"apiVersion: policy-service/v1\nkind: AccessPolicy\nmetadata: {name: depot}\nspec:\n"
    began = time.monotonic()
    found = load({"a.yaml": head + b"".join(b"  k%d: 1\n" % number for number in range(100_000))}).diagnostics
    assert {finding.code for finding in found} == {"PS005", "PS011", "PS012"}
    assert time.monotonic() - began < 30
