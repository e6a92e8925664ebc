"""Webhooks of a real service to a real receiver: signed, in order, across restarts, and to nobody inside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from fakes.served import POLICIES, eventually, serving
from servers.receiver import running_receiver
from standardwebhooks import Webhook, WebhookVerificationError

from policy_service.entrypoints.http.event_schema import envelope_schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.served import Served
    from servers.receiver import Receiver

ENVELOPE = jsonschema_rs.validator_for(envelope_schema())
NIGHT = "2026-11-24T11:15:00Z"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as found:
        yield found


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Served]:
    with serving(POLICIES, tmp_path, webhooks_allow_private="true") as served:
        yield served


def deny(node: Served, number: int, charger: str = "NTH-07") -> str:
    asked = node.decide(charger=charger, identifier=f"04C2{number:010X}", time=NIGHT).json()
    assert asked["outcome"] == "access_denied"
    return str(asked["decision_id"])


def added(node: Served, receiver: Receiver, *, query: str = "", **filters: object) -> dict[str, Any]:
    reply = node.client.post("/v1/webhooks", json={"url": receiver.url + query, "filters": filters})
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()
    return made


def state(node: Served, made: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = node.client.get(f"/v1/webhooks/{made['id']}").json()
    return found


def test_events_come_in_order_signed_and_as_cloud_events(node: Served, receiver: Receiver) -> None:
    deny(node, 0)
    node.client.get("/v1/events")
    made = added(node, receiver)
    told = [deny(node, number) for number in range(1, 6)]
    eventually(lambda: receiver.taken == told, within=10)
    for received in receiver.received:
        assert received.headers["content-type"] == "application/cloudevents+json"
        event = Webhook(made["secret"]).verify(received.body, received.headers)
        ENVELOPE.validate(event)
        assert event["id"] == received.headers["webhook-id"]
        assert b"04C2000000" not in received.body
        assert event["data"] == node.client.get(f"/v1/events/{event['id']}").json()
    with pytest.raises(WebhookVerificationError):
        Webhook(made["secret"]).verify(receiver.received[0].body + b" ", receiver.received[0].headers)


def test_filters_choose(node: Served, receiver: Receiver) -> None:
    depot = node.client.get("/v1/chargers").json()["chargers"]
    labels = next(each["labels"] for each in depot if each["id"] == "NTH-08")
    wanted_labels = {name: [value, "elsewhere"] for name, value in labels.items()}
    added(node, receiver, type=["access.denied"], charger=["NTH-08", "NTH-09"], labels=wanted_labels)
    deny(node, 1)
    node.decide(charger="NTH-08", identifier="", time="2026-11-24T02:00:00Z")
    wanted = deny(node, 2, "NTH-08")
    eventually(lambda: receiver.taken == [wanted], within=10)


def test_a_rotated_secret_signs_beside_the_new_one(node: Served, receiver: Receiver) -> None:
    made = added(node, receiver)
    fresh = node.client.post(f"/v1/webhooks/{made['id']}/rotate-secret").json()
    assert fresh["secret"] != made["secret"]
    assert fresh["previous_until"] > fresh["created_at"]
    told = deny(node, 1)
    eventually(lambda: receiver.taken == [told], within=10)
    (received,) = receiver.received
    assert len(received.headers["webhook-signature"].split(" ")) == 2
    for secret in (made["secret"], fresh["secret"]):
        assert Webhook(secret).verify(received.body, received.headers)["id"] == told


def test_what_fails_is_sent_again_after_a_restart_as_well(tmp_path: Path, receiver: Receiver) -> None:
    receiver.status = 503
    with serving(POLICIES, tmp_path, webhooks_allow_private="true") as node:
        made = added(node, receiver)
        told = [deny(node, number) for number in range(3)]
        eventually(lambda: state(node, made)["last_error"] == "status 503", within=10)
        assert {each.headers["webhook-id"] for each in receiver.received} == {told[0]}
    receiver.status = 200
    with serving(POLICIES, tmp_path, webhooks_allow_private="true") as again:
        eventually(lambda: receiver.taken == told, within=20)
        eventually(lambda: state(again, made)["failing_since"] is None, within=5)


def test_a_receiver_that_is_gone_is_told_nothing_more(node: Served, receiver: Receiver) -> None:
    receiver.status = 410
    made = added(node, receiver)
    told = deny(node, 1)
    eventually(lambda: state(node, made)["stopped"] == "gone", within=10)
    assert not state(node, made)["enabled"]
    receiver.status = 200
    last = deny(node, 2)
    node.client.get("/v1/events")
    assert receiver.taken == []
    assert node.client.patch(f"/v1/webhooks/{made['id']}", json={"enabled": True}).json()["stopped"] is None
    eventually(lambda: receiver.taken == [told, last], within=10)


def test_dead_letters_are_listed_and_sent_once_more(tmp_path: Path, receiver: Receiver) -> None:
    receiver.status = 500
    with serving(POLICIES, tmp_path, webhooks_allow_private="true", webhook_retry_for="0") as node:
        made = added(node, receiver)
        address = f"/v1/webhooks/{made['id']}/dead-letters"
        told = [deny(node, number) for number in range(2)]

        def dead() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = node.client.get(address).json()["dead_letters"]
            return found

        eventually(lambda: [letter["decision_id"] for letter in dead()] == told, within=20)
        assert {letter["last_error"] for letter in dead()} == {"status 500"}
        assert state(node, made)["dead_letters"] == 2
        receiver.status = 200
        told.append(deny(node, 9))
        eventually(lambda: receiver.taken == told[2:], within=20)
        assert node.client.post(f"{address}/retry").json() == {"queued": 2}
        eventually(lambda: dead() == [], within=10)
        assert receiver.taken == [told[2], *told[:2]]
        metrics = node.client.get("/metrics").text
        assert 'policy_service_webhook_deliveries_total{outcome="dead_letter"} 2.0' in metrics


def test_two_nodes_deliver_each_event_once(tmp_path: Path, receiver: Receiver) -> None:
    url = {"database_url": f"sqlite:///{tmp_path}/shared.db", "webhooks_allow_private": "true"}
    with serving(POLICIES, tmp_path / "a", **url) as one, serving(POLICIES, tmp_path / "b", **url) as other:
        added(one, receiver)
        told = [deny(node, number) for number in range(10) for node in (one, other)]
        eventually(lambda: set(receiver.taken) == set(told), within=20)
        one.stop()
        told.append(deny(other, 99))
        eventually(lambda: told[-1] in receiver.taken, within=20)
        assert len(receiver.received) == len(told)


def test_a_test_arrives_or_says_why_not(node: Served, receiver: Receiver) -> None:
    made = added(node, receiver)
    ended = node.client.post(f"/v1/webhooks/{made['id']}/test").json()
    assert ended == {"delivered": True, "status": 204, "error": None}
    (received,) = receiver.received
    ping = Webhook(made["secret"]).verify(received.body, received.headers)
    assert (ping["type"], ping["data"]) == ("webhook.ping", {"webhook": made["id"]})
    receiver.status, receiver.location = 302, f"{receiver.url}/elsewhere"
    refused = node.client.post(f"/v1/webhooks/{made['id']}/test").json()
    assert refused == {"delivered": False, "status": 302, "error": None}
    assert [each.path for each in receiver.received] == ["/hooks", "/hooks"]


def test_changes_are_audited_and_no_secret_is_told_twice(tmp_path: Path, receiver: Receiver) -> None:
    with serving(POLICIES, tmp_path, webhooks_allow_private="true", log_level="debug") as node:
        made = added(node, receiver, query="?token=hush")
        path = f"/v1/webhooks/{made['id']}"
        receiver.status = 503
        told = deny(node, 1)
        eventually(lambda: state(node, made)["last_error"] == "status 503", within=10)
        receiver.status = 204
        fresh = node.client.post(f"{path}/rotate-secret").json()
        changed = node.client.patch(path, json={"enabled": False, "filters": {"reason": ["not_granted"]}}).json()
        assert (changed["stopped"], changed["filters"]) == ("paused", {"reason": ["not_granted"]})
        assert changed["url"] == f"{receiver.url}?token=hush"
        node.client.patch(path, json={"enabled": True, "filters": {}})
        eventually(lambda: receiver.taken == [told], within=10)
        shown = [node.client.get(each).text for each in ("/v1/webhooks", path, "/v1/audit", "/metrics")]
        actions = [(each["action"], each["subject"]) for each in node.client.get("/v1/audit").json()["entries"]]
        assert actions == [
            ("PATCH /v1/webhooks/{webhook_id}", made["id"]),
            ("PATCH /v1/webhooks/{webhook_id}", made["id"]),
            ("POST /v1/webhooks/{webhook_id}/rotate-secret", made["id"]),
            ("POST /v1/webhooks", None),
        ]
        assert node.client.delete(path).json()["id"] == made["id"]
        assert node.client.get(path).status_code == 404
        assert "hush" not in node.log() + node.client.get("/v1/audit").text
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    for secret in (made["secret"], fresh["secret"]):
        bare = secret.removeprefix("whsec_")
        assert bare not in json.dumps(shown)
        assert bare.encode() not in written


@pytest.mark.parametrize(
    "url", ["http://csms.example/", "https://127.0.0.1/", "https://169.254.169.254/latest", "https://[fd00::1]/"]
)
def test_a_target_inside_is_refused(served: Served, url: str) -> None:
    refused = served.client.post("/v1/webhooks", json={"url": url})
    assert refused.status_code == 409, refused.text
    assert url not in refused.text
    made = served.client.post("/v1/webhooks", json={"url": "https://csms.invalid/hooks"}).json()
    assert served.client.patch(f"/v1/webhooks/{made['id']}", json={"url": url}).status_code == 409
    assert served.client.delete(f"/v1/webhooks/{made['id']}").is_success


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(POLICIES, tmp_path_factory.mktemp("state")) as service:
        yield service


def test_a_name_that_leads_inside_is_refused_when_something_is_sent(served: Served) -> None:
    made = served.client.post("/v1/webhooks", json={"url": "https://localhost/hooks"}).json()
    ended = served.client.post(f"/v1/webhooks/{made['id']}/test").json()
    assert ended == {"delivered": False, "status": None, "error": "private address"}


def test_what_is_not_there_is_not_found(served: Served) -> None:
    path = "/v1/webhooks/wh-0000000000"
    for method, address in (
        ("GET", path),
        ("DELETE", path),
        ("POST", f"{path}/rotate-secret"),
        ("POST", f"{path}/test"),
        ("GET", f"{path}/dead-letters"),
        ("POST", f"{path}/dead-letters/retry"),
    ):
        assert served.client.request(method, address).status_code == 404, address
    assert served.client.patch(path, json={}).status_code == 404
    assert (
        served.client.post("/v1/webhooks", json={"url": "https://a.example", "filters": {"no": []}}).status_code == 422
    )
