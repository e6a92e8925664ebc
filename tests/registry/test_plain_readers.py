"""The fast readers of imports hold to the verdicts of the strict ones: property tests over both."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policy_service.adapters.secret_fingerprints import SecretFingerprints
from policy_service.application.imports import plain_json, rows
from policy_service.application.imports.fields import Fields, InvalidRecordError
from policy_service.application.imports.identifier_shape import FIELDS, read_identifier
from policy_service.application.imports.plain_identifier import PlainIdentifiers
from policy_service.application.imports.rows import ImportFormat
from policy_service.application.lookup import Lookup

LOOKUP = Lookup(SecretFingerprints(b"secret"))
DECLARED = {"kind": "string", "height_m": "number", "electric": "boolean"}
RECORD_ID = "0" * 32

NUMBERS = st.one_of(
    st.integers(), st.floats(), st.sampled_from([2**53, 2**64, -(2**63) - 1, 10**400, 0, -0.0, 1e308, float("nan")])
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=8,
)
WRITTEN = st.builds(
    lambda value, dense, plain: json.dumps(value, ensure_ascii=plain, separators=(",", ":") if dense else None).encode(
        errors="surrogatepass"
    ),
    st.dictionaries(st.text(max_size=3), VALUES, max_size=4),
    st.booleans(),
    st.booleans(),
)
SCRAPS = st.lists(
    st.sampled_from(
        ["{", "}", '"a"', '"b"', ":", " :", ",", "1", "-0", "1e999", '"', '""', '":"', '"\\u0061"', "[", "]", " ", "\t",
         "NaN", "-Infinity", "null", "true", "01", "1.", "\ufeff", "\r", "\x00", "9" * 30, "9" * 400, "\u00a0"]
    ),
    max_size=12,
).map(lambda parts: "".join(parts).encode())  # fmt: skip


def strictly(line: bytes) -> object:
    row = rows._read_strictly(1, line, rows._object)  # noqa: SLF001 - the reader that the fast one is held to
    return None if row is None or row.fault else row.values


@given(st.one_of(WRITTEN, SCRAPS, st.binary(max_size=30)))
@example(b'{"a": 1, "a": 2}')
@example(b'{"a" :1,"a":2}')
@example(b'{"x": {"a":1,"a":1}}')
@example(b'{"a": ":", "b": 1, "b": 1}')
@example(b'{"a": NaN}')
@example(b'{"a": 1e999}')
@example(b'{"a": 123456789012345678901234567890}')
@example(b'{"a":' * 40 + b"1" + b"}" * 40)
def test_a_line_that_is_read_fast_is_read_alike(line: bytes) -> None:
    fast = plain_json.plain_object(line)
    if fast is not None:
        strict = strictly(line)
        assert fast == strict
        assert repr(fast).replace("-0.0", "0") == repr(strict).replace("-0.0", "0")


@given(st.dictionaries(st.text("abc", max_size=2), st.one_of(st.text(max_size=3), st.integers(0, 9)), max_size=4))
def test_a_plain_line_is_read_fast(table: dict[str, object]) -> None:
    line = json.dumps(table, ensure_ascii=False).encode()
    if b"\\" not in line:
        assert plain_json.plain_object(line) == table


PLAIN: dict[str, Any] = {"identifier": "04:A2:B3:C4", "type": "rfid", "class": "own", "vehicle": "bus", "fleet": "n"}
ODD = st.one_of(
    st.sampled_from(
        ["", "x" * 256, "a\u0007", "rfid", "pin", "own", "agreement", "unknown", "active", "blocked", "metro", "VID:9",
         "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "2026-01-01T00:00:00", {"kind": "bus", "height_m": 3},
         {"height_m": float("inf")}, {"height_m": 10**400}, {"electric": 1}, {"other": None}, {"other": 1},
         {"kind": ""}, {"ids": ["N-*"]}, {}, [], True, 0, "\uff21\uff22"]
    ),
    VALUES,
)  # fmt: skip


@given(
    st.fixed_dictionaries({}, optional={name: st.one_of(st.just(PLAIN.get(name)), ODD) for name in (*FIELDS, "odd")}),
    st.sets(st.sampled_from(sorted(PLAIN)), max_size=1),
    st.booleans(),
)
def test_a_record_that_is_read_fast_is_read_alike(changed: dict[str, Any], missing: set[str], from_text: bool) -> None:  # noqa: FBT001 - drawn
    values = {name: value for name, value in {**PLAIN, **changed}.items() if name not in missing}
    fast = PlainIdentifiers(LOOKUP, DECLARED, "feed", lambda: RECORD_ID)(values)
    try:
        strict = read_identifier(
            Fields(values, from_text=from_text), lookup=LOOKUP, declared=DECLARED, source="feed",
            record_id=lambda: RECORD_ID,
        )  # fmt: skip
    except InvalidRecordError:
        assert fast is None
    else:
        assert fast in (None, strict)
        if fast is not None:
            assert repr(fast) == repr(strict)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"type": "pin", "identifier": "4938"},
        {"class": "agreement", "agreement": "metro"},
        {"attributes": {"kind": "bus", "height_m": 3, "electric": True}},
        {"valid_from": "2026-01-01T00:00:00Z", "valid_to": "2026-01-02T00:00:00+01:00", "status": "blocked"},
    ],
)
def test_a_plain_record_is_read_fast(changed: dict[str, object]) -> None:
    assert PlainIdentifiers(LOOKUP, DECLARED, "feed", lambda: RECORD_ID)({**PLAIN, **changed}) is not None


@pytest.mark.anyio
async def test_lines_are_numbered_alike_however_the_upload_is_cut() -> None:
    body = b'\xef\xbb\xbf{"a": 1}\n\n{"b": "\xff"}\r\n' + b"x" * (rows.MAX_LINE + 9) + b"\n" + b'{"c": 3}\r\n{"d": 4}'

    async def cut(size: int) -> list[tuple[int, object, bool]]:
        async def chunks() -> Any:  # noqa: ANN401 - an async generator
            for start in range(0, len(body), size):
                yield body[start : start + size]

        found = [row async for block in rows.rows(chunks(), ImportFormat.NDJSON, ()) for row in block]
        return [(row.line, dict(row.values), row.fault is not None) for row in found]

    whole = await cut(len(body))
    assert whole == [(1, {"a": 1}, False), (3, {}, True), (4, {}, True), (5, {"c": 3}, False), (6, {"d": 4}, False)]
    assert all([await cut(size) == whole for size in (1, 2, 7, 4096, 65_536)])
