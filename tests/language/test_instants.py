"""Instants as texts: what RFC 3339 writes is read to the second, and nothing else is."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_service.domain.instant import (
    EARLIEST,
    LATEST,
    InstantError,
    format_instant,
    format_instant_ms,
    parse_instant,
    parse_instant_ms,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OFFSETS = st.integers(-(24 * 60 - 1), 24 * 60 - 1).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.integers(EARLIEST * 1000, LATEST * 1000 - 1), OFFSETS, st.sampled_from("Tt "))
def test_an_instant_is_one_however_its_offset_is(at: int, offset: timezone, between: str) -> None:
    written = (EPOCH + timedelta(milliseconds=at)).astimezone(offset).isoformat(between, "milliseconds")
    assert (parse_instant_ms(written), parse_instant(written)) == (at, at // 1000)
    assert parse_instant(format_instant(at // 1000)) == at // 1000
    assert parse_instant_ms(format_instant_ms(at)) == at


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T01:00+01:00", 0),
        ("1970-01-01t00:00:00.999999999999z", 0),
        ("2016-12-31T23:59:60Z", 1_483_228_800),
        ("2017-01-01T05:29:60+05:30", 1_483_228_800),
        ("2199-12-31T23:59:59Z", LATEST - 1),
    ],
)
def test_edges_of_what_is_accepted(text: str, at: int) -> None:
    assert parse_instant(text) == at


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-11-24T11:15:00", "needs an offset"),
        ("2026-11-24 11:15", "needs an offset"),
        ("2026-11-24", "write it like"),
        ("2026-11-24T11:15:00+1100", "write it like"),
        ("2026-11-24T11:15:00.Z", "write it like"),
        ("2026-11-24T11:15:00Z\n", "write it like"),
        ("٢٠٢٦-11-24T11:15:00Z", "write it like"),
        ("2026-02-29T00:00:00Z", "no such date"),
        ("2026-11-24T24:00:00Z", "no such date"),
        ("2026-11-24T11:15:61Z", "no such date"),
        ("2026-11-24T11:15:00+24:00", "no such offset"),
        ("2026-11-24T11:15:00-00:60", "no such offset"),
        ("1969-12-31T23:59:59Z", "between 1970"),
        ("1970-01-01T00:00:00+00:01", "between 1970"),
        ("2199-12-31T23:59:60Z", "between 1970"),
    ],
)
def test_what_is_no_instant_is_told_with_what_to_write_instead(text: str, told: str) -> None:
    with pytest.raises(InstantError, match=told):
        parse_instant(text)
