"""Spans that end before they begin are refused: an empty list would be read as a quiet night."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from fakes.served import POLICIES, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fakes.served import Served
    from httpx2 import Response

_EARLY, _LATE = "2020-01-01T00:00:00Z", "2090-01-01T00:00:00Z"
_LISTS = (
    "/v1/events",
    "/v1/events/summary?group_by=day",
    "/v1/transitions/events",
    "/v1/audit",
    "/v1/adherence",
    "/v1/transitions",
    "/v1/chargers/NTH-07/schedule",
    "/v1/reports/fleets/north",
)
_UP_TO_NOW = ("/v1/events/summary?group_by=day", "/v1/adherence", "/v1/reports/fleets/north")
_FROM_NOW = ("/v1/transitions", "/v1/chargers/NTH-07/schedule")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(POLICIES, tmp_path_factory.mktemp("state"), reports=True) as served:
        yield served


def _asked(node: Served, path: str, span: Mapping[str, str]) -> Response:
    return node.client.get(f"{path}{'&' if '?' in path else '?'}{urlencode(span)}")


def _errors(node: Served, path: str, span: Mapping[str, str]) -> object:
    told = _asked(node, path, span)
    assert told.status_code == 422, told.text
    return told.json()["errors"]


@pytest.mark.parametrize("path", _LISTS)
def test_to_does_not_lie_before_from(node: Served, path: str) -> None:
    span = {"from": _LATE, "to": _EARLY}
    assert _errors(node, path, span) == [{"parameter": "to", "detail": "this lies before `from`"}]


@pytest.mark.parametrize("path", _UP_TO_NOW)
def test_what_ends_now_does_not_begin_later(node: Served, path: str) -> None:
    detail = "this lies in the future, and `to` is left out"
    assert _errors(node, path, {"from": _LATE}) == [{"parameter": "from", "detail": detail}]


@pytest.mark.parametrize("path", _FROM_NOW)
def test_what_begins_now_does_not_end_before(node: Served, path: str) -> None:
    detail = "this lies in the past, and `from` is left out"
    assert _errors(node, path, {"to": _EARLY}) == [{"parameter": "to", "detail": detail}]


@pytest.mark.parametrize("path", [path for path in _LISTS if "reports" not in path])
def test_an_instant_is_an_empty_span(node: Served, path: str) -> None:
    assert _asked(node, path, {"from": _EARLY, "to": _EARLY}).status_code == 200
