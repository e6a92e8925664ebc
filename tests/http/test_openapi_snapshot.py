"""The committed description of the API is the one that is served. Set UPDATE_SNAPSHOTS=1 to renew it."""

from __future__ import annotations

import calendar
import json
import os
import re
from typing import TYPE_CHECKING

import pytest
from fakes.served import ROOT

if TYPE_CHECKING:
    from fakes.served import Served

SNAPSHOT = ROOT / "schemas" / "openapi.v1.json"


def test_the_committed_description_is_the_one_that_is_served(served: Served) -> None:
    text = json.dumps(served.client.get("/openapi.json").json(), indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(text, encoding="utf-8")
    assert SNAPSHOT.read_text(encoding="utf-8") == text


def test_a_generator_makes_one_model_of_each_schema(served: Served) -> None:
    schemas = served.client.get("/openapi.json").json()["components"]["schemas"]
    assert [name for name in schemas if "__" in name] == [], "two shapes of one name are told apart by their modules"
    assert [name for name, schema in schemas.items() if "$ref" in schema] == [], "another name of a schema"
    assert {name for name, schema in schemas.items() if schema.get("title", name) != name} == set()
    assert schemas.keys().isdisjoint({"ApiClient", "ApiResponse", "Configuration"}), "names of what generators add"


def test_a_generator_makes_one_method_of_a_plain_name_of_each_operation(served: Served) -> None:
    paths = served.client.get("/openapi.json").json()["paths"]
    names = [operation["operationId"] for operations in paths.values() for operation in operations.values()]
    assert {name for name in names if names.count(name) > 1} == set()
    assert [name for name in names if not name.isidentifier() or "_v1_" in name] == []
    assert {"decide", "decide_batch", "authorize_ocpp_1_6", "list_events"} <= set(names)


def test_instants_are_of_every_day_there_is_and_of_no_other(served: Served) -> None:
    """A client that is made from the description looks at what it sends: also on the 29th of February."""
    schemas = served.client.get("/openapi.json").json()["components"]["schemas"]
    pattern = re.compile(schemas["DecideRequest"]["properties"]["time"]["anyOf"][0]["pattern"])
    for year in range(1968, 2202):
        for month in range(14):
            days = calendar.monthrange(year, month)[1] if 1 <= month <= 12 and 1970 <= year <= 2199 else 0
            taken = [day for day in range(33) if pattern.search(f"{year}-{month:02d}-{day:02d}T10:00:00Z")]
            assert taken == list(range(1, days + 1)), (year, month)


@pytest.mark.parametrize(
    ("shapes", "member", "known"),
    [
        (
            ("DecisionReply", "ExplainReply", "WouldBe", "EventReply", "DecisionContext"),
            "reason",
            "agreement_suspended",
        ),
        (("ModeEventReply",), "type", "mode.diverged"),
    ],
)
def test_words_to_which_more_may_be_added_are_no_closed_list(
    served: Served, shapes: tuple[str, ...], member: str, known: str
) -> None:
    schemas = served.client.get("/openapi.json").json()["components"]["schemas"]
    for shape in shapes:
        said = schemas[shape]["properties"][member]
        said = said.get("anyOf", [said])[0]
        assert (said["type"], "enum" in said, known in said["examples"]) == ("string", False, True), shape


def test_headers_that_a_caller_needs_are_described(served: Served) -> None:
    document = served.client.get("/openapi.json").json()
    described, headers = document["paths"], document["components"]["headers"]
    authorize = described["/v1/ocpp/2.0.1/{charger_id}/authorize"]["post"]["responses"]
    assert set(authorize["200"]["headers"]) == {"X-Request-ID", "Policy-Decision"}
    assert set(authorize["401"]["headers"]) == {"X-Request-ID", "WWW-Authenticate"}
    assert set(authorize["503"]["headers"]) == {"X-Request-ID", "Retry-After"}
    assert "X-Next-Cursor" in described["/v1/events"]["get"]["responses"]["200"]["headers"]
    bundle = described["/v1/bundle"]["get"]
    for status in ("200", "304"):
        assert "ETag" in bundle["responses"][status]["headers"]
    assert "If-None-Match" in {parameter["name"] for parameter in bundle["parameters"]}
    assert "`valid-until`" in headers["Policy-Decision"]["description"]
    assert {name for name, header in headers.items() if header["required"]} == {
        "X-Request-ID",
        "WWW-Authenticate",
        "ETag",
    }
