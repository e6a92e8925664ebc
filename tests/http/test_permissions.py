"""The table of permissions, held against every route: who may do what, and what bound keys see."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import httpx2
import pytest
from fakes.keyed import bearer, stored
from fakes.served import serving
from fastapi import APIRouter, FastAPI

from policy_service.application.commands.manage_keys import WantedKey
from policy_service.application.tracing import PassedOn
from policy_service.domain.caller import ANYBODY, Caller, Scope
from policy_service.entrypoints.http.app import create_app, include
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.permissions import PERMISSIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.served import Served

    from policy_service.application.service import Service

TREE = """
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: yard}
spec:
  timezone: Europe/London
  chargers: {ids: ["*"]}
  defaultMode: managed
  windows: [{name: nights, mode: freevend, start: "22:00", end: "06:00", from: 2026-01-05, rrule: FREQ=DAILY}]
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: yard}
spec:
  chargers:
    - {id: N-1, labels: {depot: north, row: a}}
    - {id: N-2, labels: {depot: north, row: b}}
    - {id: E-1, labels: {depot: east, row: a}}
    - {id: S-1, labels: {depot: south, row: a}}
"""
NORTH_AND_EAST = (("depot", ("east", "north")), ("row", ("a",)))
IDS = {
    "{charger_id}": "N-1",
    "{record_id}": "0" * 32,
    "{agreement_id}": "none",
    "{webhook_id}": "wh-0000000000",
    "{override_id}": "ov-00000000",
    "{decision_id}": "00000000-0000-0000-0000-000000000000",
    "{name}": "yard",
    "{fleet}": "metro",
    "{profile}": "unknown",
    "{token_uid}": "04A2B3C4",
}
NDJSON = {"Content-Type": "application/x-ndjson"}


class Keyed:
    """A service with keys of each kind."""

    def __init__(self, served: Served, texts: dict[str, str]) -> None:
        """Keep a client for each key."""
        self.by_scope = {scope: served.bringing(texts[scope]) for scope in Scope}
        self.bound = served.bringing(texts["bound"])
        self.sourced = served.bringing(texts["sourced"])
        self.served = served

    @property
    def admin(self) -> httpx2.Client:
        return self.by_scope[Scope.ADMIN]


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    tree, state = tmp_path_factory.mktemp("policies"), tmp_path_factory.mktemp("state")
    (tree / "yard.yaml").write_text(TREE)
    wanted = [WantedKey(str(scope), frozenset({scope})) for scope in Scope if scope is not Scope.REPORT]
    wanted.append(WantedKey("report", frozenset({Scope.REPORT}), fleet="metro"))
    wanted.append(WantedKey("bound", frozenset({Scope.DECIDE, Scope.READ, Scope.OPERATE}), NORTH_AND_EAST))
    wanted.append(WantedKey("sourced", frozenset({Scope.IMPORT}), source="fleet"))
    texts = dict(zip([each.name for each in wanted], stored(state, *wanted), strict=True))
    with serving(tree, state) as served:
        yield Keyed(served, texts)


def call(asking: httpx2.Client, method: str, template: str) -> int:
    path = template
    for name, value in IDS.items():
        path = path.replace(name, value)
    with asking.stream(method, path) as reply:  # of a stream, the head is all that there ever is
        return reply.status_code


def ask(asking: httpx2.Client, charger: str, path: str = "/v1/decide") -> httpx2.Response:
    return asking.post(path, json={"charger": charger, "identifier": "04A2B3C4", "time": "2026-11-24T11:15:00Z"})


def override(asking: httpx2.Client, **chargers: list[str] | dict[str, str]) -> httpx2.Response:
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600))
    body = {"chargers": chargers, "mode": "freevend", "until": until, "reason": "a test"}
    return asking.post("/v1/overrides", json=body)


def detail(answer: httpx2.Response) -> str:
    assert answer.status_code == 403, answer.text
    return str(answer.json()["detail"])


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    idle = cast("Service", SimpleNamespace(metrics=None))
    app = cast("FastAPI", create_app(idle, max_body_bytes=1).app)
    described = {(method.upper(), path) for path, found in app.openapi()["paths"].items() for method in found}
    hidden = {("GET", path) for path in ("/docs", "/docs/docs.js", "/docs/docs.css", "/openapi.json")}
    hidden |= {("HEAD", path) for path in ("/health/live", "/health/ready", "/metrics")}
    assert described | hidden == set(PERMISSIONS)


class _Idle:
    """Stands for a service that lets everybody in and does nothing."""

    def asked(self) -> None:
        """Take no notice."""

    def answered(self, *_: object) -> None:
        """Take no notice."""

    async def identify(self, _: str | None) -> Caller:
        return ANYBODY


@pytest.mark.anyio
async def test_a_route_without_a_row_is_refused() -> None:
    idle = _Idle()
    service = cast("Service", SimpleNamespace(metrics=idle, callers=idle, audit_trail=idle, tracing=PassedOn()))
    edge, router = create_app(service, max_body_bytes=1), APIRouter(route_class=GuardedRoute)

    @router.get("/v1/new")
    async def new() -> dict[str, bool]:
        return {"reached": True}

    include(cast("FastAPI", edge.app), router)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(edge), base_url="http://service") as asking:
        assert detail(await asking.get("/v1/new")).startswith("nobody may do this")
        assert (await asking.get("/v1/newer")).status_code == 404


def test_a_router_that_asks_nobody_is_not_taken_in() -> None:
    app, router = FastAPI(), APIRouter()

    @router.get("/v1/new")
    async def new() -> dict[str, bool]:
        return {"reached": True}

    with pytest.raises(TypeError, match="GuardedRoute"):
        include(app, router)


@pytest.mark.parametrize(("method", "template"), PERMISSIONS, ids=[" ".join(row) for row in PERMISSIONS])
def test_a_scope_opens_what_the_table_says_and_nothing_else(keyed: Keyed, method: str, template: str) -> None:
    row = PERMISSIONS[method, template]
    for scope, asking in keyed.by_scope.items():
        admitted = not row.scopes or scope is Scope.ADMIN or scope in row.scopes
        assert (call(asking, method, template) != 403) == admitted, scope
    assert (call(keyed.served.client, method, template) == 401) == bool(row.scopes)
    refused = not row.by_charger or not (row.scopes & {Scope.DECIDE, Scope.READ, Scope.OPERATE})
    assert not (refused and row.scopes) or call(keyed.bound, method, template) == 403
    assert not row.scopes or row.by_source or call(keyed.sourced, method, template) == 403


def test_a_refusal_names_the_scope(keyed: Keyed) -> None:
    assert detail(ask(keyed.by_scope[Scope.READ], "N-1")) == "this needs the scope `decide`"
    answer = keyed.by_scope[Scope.READ].delete(f"/v1/identifiers/{'0' * 32}")
    assert detail(answer) == "this needs the scope `operate` or `import`"
    assert detail(keyed.bound.get("/metrics")) == "the key is bound to chargers, and this is not about chargers"
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_bound_key_decides_at_its_chargers_alone(keyed: Keyed) -> None:
    assert [ask(keyed.bound, charger).status_code for charger in ("N-1", "E-1", "N-2", "S-1")] == [200, 200, 403, 403]
    assert [ask(keyed.bound, charger, "/v1/explain").status_code for charger in ("N-1", "S-1")] == [200, 403]
    assert ask(keyed.bound, "X-9").json()["reason"] == "unknown_charger"
    items = [{"charger": charger, "identifier": "04A2B3C4"} for charger in ("S-1", "N-1", "X-9", "N-2")]
    batch = keyed.bound.post("/v1/decide/batch", json={"requests": items}).json()["decisions"]
    assert [item.get("status") or item["charger"] for item in batch] == [403, "N-1", "X-9", 403]


def test_a_bound_key_sees_its_chargers_alone(keyed: Keyed) -> None:
    listed = keyed.bound.get("/v1/chargers").json()["chargers"]
    assert [charger["id"] for charger in listed] == ["E-1", "N-1"]
    first = keyed.bound.get("/v1/chargers", params={"limit": 1}).json()
    assert [charger["id"] for charger in first["chargers"]] == ["E-1"]
    assert keyed.bound.get("/v1/chargers", params={"limit": 1, "cursor": first["next_cursor"]}).json()["chargers"]
    assert keyed.bound.get("/v1/chargers", params={"label": "depot:south"}).json()["chargers"] == []
    for path in (f"/v1/chargers/{{}}{part}" for part in ("", "/mode", "/schedule", "/commands")):
        found = [keyed.bound.get(path.format(charger)).status_code for charger in ("N-1", "S-1", "X-9")]
        assert found == [200, 403, 404], path
    assert keyed.bound.get("/v1/charger-profiles/unknown").json()["chargers"] == len(listed)
    assert keyed.admin.get("/v1/charger-profiles/unknown").json()["chargers"] >= len(listed) + 2
    changes = keyed.bound.get("/v1/transitions").json()["transitions"]
    assert {change["charger"] for change in changes} == {"N-1", "E-1"}


def test_a_bound_key_sees_events_of_its_chargers_alone(keyed: Keyed) -> None:
    asked = {charger: ask(keyed.by_scope[Scope.DECIDE], charger).json()["decision_id"] for charger in ("N-1", "S-1")}
    seen = keyed.bound.get("/v1/events").json()["events"]
    assert {event["charger"] for event in seen} <= {"N-1", "E-1"}
    assert asked["N-1"] in [event["decision_id"] for event in seen]
    assert keyed.bound.get("/v1/events", params={"charger": "S-1"}).json()["events"] == []
    assert keyed.bound.get(f"/v1/events/{asked['N-1']}").status_code == 200
    assert keyed.bound.get(f"/v1/events/{asked['S-1']}").status_code == 403


def test_a_bound_key_makes_overrides_for_its_chargers_alone(keyed: Keyed) -> None:
    for beyond in ({"ids": ["*"]}, {"ids": ["S-1"]}, {"ids": ["N-1", "N-2"]}, {"labels": {"row": "a"}}):
        assert detail(override(keyed.bound, **beyond)) == "the key is bound to other chargers"
    made = override(keyed.bound, ids=["N-1", "E-*"])
    assert made.status_code == 201
    assert made.json()["chargers"] == ["E-1", "N-1"]
    # what is imported later does not come under it
    fresh = {"labels": {"depot": "south", "row": "a"}}
    assert keyed.admin.put("/v1/chargers/E-2", json=fresh).status_code == 201
    found = keyed.admin.get(f"/v1/overrides/{made.json()['id']}").json()
    assert found["chargers"] == ["E-1", "N-1"]
    assert keyed.admin.delete("/v1/chargers/E-2").status_code == 204
    assert keyed.bound.delete(f"/v1/overrides/{made.json()['id']}").json()["ended_by"] == "bound"


def test_a_bound_key_sees_overrides_on_its_chargers_and_ends_only_its_own(keyed: Keyed) -> None:
    ids = [override(keyed.admin, ids=ids).json()["id"] for ids in (["*"], ["S-1"], ["N-1"])]
    listed = [each["id"] for each in keyed.bound.get("/v1/overrides").json()["overrides"]]
    assert listed == [ids[2], ids[0]]
    assert keyed.bound.get(f"/v1/overrides/{ids[0]}").json()["chargers"] == ["E-1", "N-1"]
    assert keyed.bound.get(f"/v1/overrides/{ids[1]}").status_code == 403
    assert [keyed.bound.delete(f"/v1/overrides/{each}").status_code for each in ids] == [403, 403, 200]
    assert keyed.bound.delete("/v1/overrides/ov-00000000").status_code == 404
    for each in ids:
        keyed.admin.delete(f"/v1/overrides/{each}")


@pytest.mark.parametrize("kind", ["identifiers", "agreements"])
def test_a_source_bound_key_imports_as_its_source_alone(keyed: Keyed, kind: str) -> None:
    def imported(query: str) -> int:
        return keyed.sourced.post(f"/v1/{kind}/import{query}", content=b"", headers=NDJSON).status_code

    assert imported("?source=fleet") == 200
    others = ("", "?source=other", "?source=fleet&source=other", "?source=other&source=fleet", "?source=")
    assert [imported(query) for query in others] == [403] * len(others)
    assert keyed.sourced.post("/v1/chargers/import?source=fleet", content=b"", headers=NDJSON).status_code == 403


def _audit(keyed: Keyed, **wanted: str) -> list[dict[str, Any]]:
    return list(keyed.admin.get("/v1/audit", params=wanted).json()["entries"])


def test_every_change_is_audited_with_who_what_and_when(keyed: Keyed) -> None:
    began = time.time()
    record = {"identifier": "04DEADBEEF0101", "type": "rfid", "class": "own", "vehicle": "b", "fleet": "f"}
    record_id = "f" * 32
    put = keyed.by_scope[Scope.IMPORT].put(
        f"/v1/identifiers/{record_id}", json=record, headers={"X-Request-ID": "audited-1"}
    )
    assert put.status_code == 201
    newest = _audit(keyed)[0]
    assert newest["caller"] == "import"
    assert newest["action"] == "PUT /v1/identifiers/{record_id}"
    assert (newest["subject"], newest["request_id"]) == (record_id, "audited-1")
    assert time.strftime("%Y-%m-%dT%H:%M", time.gmtime(began))[:13] == newest["at"][:13]
    keyed.admin.delete(f"/v1/identifiers/{record_id}")
    body = json.dumps({**record, "identifier": "04DEADBEEF0202"}) + "\nnonsense\n"
    keyed.sourced.post("/v1/identifiers/import?source=fleet", content=body, headers=NDJSON)
    newest, before = _audit(keyed)[:2]
    assert (before["action"], before["caller"]) == ("DELETE /v1/identifiers/{record_id}", "admin")
    assert newest["detail"] == {
        "source": "fleet",
        "mode": "merge",
        "atomic": False,
        "force": False,
        "accepted": 1,
        "rejected": 1,
        "dropped": 0,
    }
    made = override(keyed.by_scope[Scope.OPERATE], ids=["N-1"]).json()["id"]
    assert {"override": made, "mode": "freevend", "chargers": 1}.items() <= _audit(keyed)[0]["detail"].items()
    keyed.admin.delete(f"/v1/overrides/{made}")
    assert _audit(keyed)[0]["subject"] == made
    everything = json.dumps(_audit(keyed, **{"from": "2020-01-01T00:00:00Z"})) + keyed.served.log()
    assert "DEADBEEF" not in everything.upper()


def test_what_changes_nothing_is_not_audited(keyed: Keyed) -> None:
    before = _audit(keyed)
    ask(keyed.admin, "N-1")
    ask(keyed.admin, "N-1", "/v1/explain")
    keyed.admin.get("/v1/chargers")
    keyed.admin.post("/v1/identifiers/lookup", json={"identifier": "04A2"})
    keyed.admin.post("/v1/policies/validate", json={"files": {}})
    keyed.admin.delete(f"/v1/identifiers/{'0' * 32}")
    keyed.admin.post("/v1/identifiers/import?atomic=true", content=b"nonsense\n", headers=NDJSON)
    keyed.by_scope[Scope.READ].post("/v1/policies/reload", headers={"X-Request-ID": "refused-1"})
    assert _audit(keyed) == before
    refused = [line for line in keyed.served.log().splitlines() if "change refused" in line and "refused-1" in line]
    assert len(refused) == 1
    assert '"read"' in refused[0]
    assert "WARNING" in refused[0]


def test_an_import_that_ends_early_is_audited_for_what_it_did(keyed: Keyed) -> None:
    def listing(count: int) -> bytes:
        lines = [{"agreement": f"lossy-{number}", "fleet": "f"} for number in range(count)]
        return b"".join(json.dumps(line).encode() + b"\n" for line in lines)

    imports = keyed.by_scope[Scope.IMPORT]
    imports.post("/v1/agreements/import?source=lossy", content=listing(5), headers=NDJSON)
    answer = imports.post("/v1/agreements/import?source=lossy&mode=replace", content=listing(1), headers=NDJSON)
    assert answer.status_code == 409
    assert _audit(keyed)[0]["detail"]["status"] == 409


def test_the_audit_is_filtered_and_paged(keyed: Keyed) -> None:
    for number in range(3):
        keyed.by_scope[Scope.OPERATE].put(f"/v1/agreements/paged-{number}", json={"fleet": "f"})
    wanted = {"action": "PUT /v1/agreements/{agreement_id}", "caller": "operate"}
    subjects = [entry["subject"] for entry in _audit(keyed, **wanted)]
    assert subjects == ["paged-2", "paged-1", "paged-0"]
    first = keyed.admin.get("/v1/audit", params={**wanted, "limit": "2"}).json()
    second = keyed.admin.get("/v1/audit", params={**wanted, "limit": "2", "cursor": first["next_cursor"]}).json()
    assert [entry["subject"] for entry in first["entries"] + second["entries"]] == subjects
    assert _audit(keyed, to="2020-01-01T00:00:00Z") == []
    assert keyed.admin.get("/v1/audit", params={"cursor": "AAAA"}).status_code == 404


def test_metrics_name_no_key(keyed: Keyed) -> None:
    assert keyed.served.client.get("/metrics", headers=bearer("nobody-knows-this-key-here")).status_code == 401
    text = keyed.by_scope[Scope.READ].get("/metrics").text
    assert "sourced" not in text
    assert 'status="401"' in text
