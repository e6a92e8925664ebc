"""Policy files compared over HTTP with others, with a revision, and with what is in force."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fakes.served import POLICIES, eventually

if TYPE_CHECKING:
    from fakes.served import Served

FILES = {str(path.relative_to(POLICIES)): path.read_text(encoding="utf-8") for path in POLICIES.rglob("*.yaml")}
NORTH = "melbourne/north-depot.yaml"
EDITED = {**FILES, NORTH: FILES[NORTH].replace("start: 18:00\n      end: 06:00", "start: 18:00\n      end: 05:00")}
ONE_NIGHT = {"from": "2026-11-24T06:00:00Z", "days": 1}


def compared(served: Served, **body: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    reply = served.client.post("/v1/policies/diff", json={**ONE_NIGHT, **body})
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def test_files_are_compared_with_what_is_in_force(served: Served) -> None:
    assert compared(served, new={"files": FILES})["changes"] == []
    found = compared(served, new={"files": EDITED})
    assert (found["from"], found["to"], found["truncated"]) == ("2026-11-24T06:00:00Z", "2026-11-25T06:00:00Z", False)
    strangers = [each for each in found["changes"] if each["vehicle_class"] == "unknown"]
    assert {each["charger"] for each in strangers} == {f"NTH-{number:02}" for number in range(1, 23)}
    assert {(each["start"], each["end"]) for each in strangers} == {("2026-11-24T18:00:00Z", "2026-11-24T19:00:00Z")}
    assert strangers[0]["before"] == {"mode": "managed", "outcome": "access_denied"}
    assert strangers[0]["after"] == {"mode": "freevend", "outcome": "allowed"}


def test_files_are_compared_with_files(served: Served) -> None:
    forth = compared(served, old={"files": FILES}, new={"files": EDITED})["changes"]
    back = compared(served, old={"files": EDITED}, new={"files": FILES})["changes"]
    assert forth
    assert [(each["before"], each["after"]) for each in forth] == [(each["after"], each["before"]) for each in back]


def test_files_are_compared_with_those_of_a_revision(served: Served) -> None:
    revision = served.client.get("/health/ready").json()["revision"]
    body = {**ONE_NIGHT, "old": {"revision": revision}, "new": {"files": EDITED}}

    def kept() -> bool:
        return served.client.post("/v1/policies/diff", json=body).status_code == 200

    eventually(kept)
    assert compared(served, old={"revision": revision}, new={"files": EDITED})["changes"]
    unknown = {**body, "old": {"revision": "sha256:" + "0" * 64}}
    assert served.client.post("/v1/policies/diff", json=unknown).status_code == 404


def test_a_long_answer_is_cut_off_and_says_so(served: Served) -> None:
    found = compared(served, new={"files": EDITED}, limit=3)
    assert (len(found["changes"]), found["truncated"]) == (3, True)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"new": {"files": {NORTH: "kind: [a"}}}, "/new"),
        ({"old": {"files": {NORTH: "kind: [a"}}, "new": {"files": FILES}}, "/old"),
        ({"new": {"files": FILES}, "days": 401}, "/days"),
        ({"new": {"files": FILES}, "limit": 0}, "/limit"),
        ({"old": {"revision": "latest"}, "new": {"files": FILES}}, "/old"),
        ({}, "/new"),
    ],
)
def test_what_cannot_be_compared_is_told(served: Served, body: dict[str, Any], pointer: str) -> None:
    reply = served.client.post("/v1/policies/diff", json=body)
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["pointer"].startswith(pointer)
