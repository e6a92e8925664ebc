"""Mode events of a real service to a real receiver and a real Redis: at least once, one id an event."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from fakes.mode_log import tell
from fakes.modes import AT, mode_event
from fakes.served import POLICIES, eventually, serving
from servers.receiver import running_receiver
from servers.redis import running_redis
from standardwebhooks import Webhook

from policy_service.domain.mode_events import ModeEventType
from policy_service.entrypoints.http.event_schema import mode_envelope_schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.served import Served
    from servers.receiver import Receiver

    from policy_service.domain.mode_events import ModeEvent

ENVELOPE = jsonschema_rs.validator_for(mode_envelope_schema())
STREAM = "depot:modes"
CHARGER = "of-the-tests"
"""No charger of the policies: whatever else is told is told of others."""
WITHIN_S = 60


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as found:
        yield found


def due(number: int, **changed: object) -> ModeEvent:
    return mode_event(CHARGER, **{"at": AT + number * 1000, "transition_id": f"t{number}", **changed})


def followed(node: Served, receiver: Receiver, **filters: object) -> dict[str, Any]:
    wanted = {"url": receiver.url, "feed": "modes", "filters": {"charger": [CHARGER], **filters}}
    reply = node.client.post("/v1/webhooks", json=wanted)
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()
    assert (made["feed"], made["filters"]) == ("modes", wanted["filters"])
    return made


def test_what_is_due_is_pushed_signed_and_in_order_whatever_is_killed(tmp_path: Path, receiver: Receiver) -> None:
    settings = {"webhooks_allow_private": "true"}
    with serving(POLICIES, tmp_path, **settings) as node:
        tell(tmp_path, due(0))
        made = followed(node, receiver, type=["mode.transition_due"], labels={"depot": ["north"]})
        told = tell(tmp_path, *(due(number) for number in range(1, 4)))
        tell(tmp_path, due(4, type=ModeEventType.SWITCHED), due(5, labels={"depot": "south"}))
        node.decide(charger="NTH-07", identifier="04C2FF", time="2026-11-24T11:15:00Z")
        eventually(lambda: receiver.taken == told, within=WITHIN_S)
        for received in receiver.received:
            event = Webhook(made["secret"]).verify(received.body, received.headers)
            ENVELOPE.validate(event)
            assert (event["id"], event["subject"]) == (received.headers["webhook-id"], CHARGER)
            assert event["data"]["from_mode"] == "freevend"
        receiver.delay_s = 1.0
        told += tell(tmp_path, *(due(number) for number in range(10, 14)))
        eventually(lambda: len(receiver.received) > 3, within=WITHIN_S)
        node.process.kill()
    receiver.delay_s = 0.0
    with serving(POLICIES, tmp_path, **settings) as again:
        told += tell(tmp_path, due(20))
        eventually(lambda: receiver.taken and receiver.taken[-1] == told[-1], within=WITHIN_S)
        assert list(dict.fromkeys(receiver.taken)) == told
        assert again.client.get(f"/v1/webhooks/{made['id']}").json()["failing_since"] is None


def test_what_nobody_took_is_a_dead_letter_and_goes_once_more(tmp_path: Path, receiver: Receiver) -> None:
    receiver.status = 500
    with serving(POLICIES, tmp_path, webhooks_allow_private="true", webhook_retry_for="0") as node:
        address = f"/v1/webhooks/{followed(node, receiver)['id']}/dead-letters"
        told = tell(tmp_path, due(1))

        def dead() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = node.client.get(address).json()["dead_letters"]
            return found

        eventually(dead, within=WITHIN_S)
        assert [(each["event_id"], each["decision_id"], each["type"]) for each in dead()] == [
            (told[0], None, "mode.transition_due")
        ]
        receiver.status = 204
        late = tell(tmp_path, due(2))
        eventually(lambda: receiver.taken == late, within=WITHIN_S)
        assert node.client.post(f"{address}/retry").json() == {"queued": 1}
        eventually(lambda: dead() == [], within=WITHIN_S)
        assert receiver.taken == [*late, *told]


def test_a_choice_is_one_of_its_feed(tmp_path: Path, receiver: Receiver) -> None:
    with serving(POLICIES, tmp_path, webhooks_allow_private="true") as node:
        made = followed(node, receiver)
        path = f"/v1/webhooks/{made['id']}"
        wrong = ({"type": ["access.denied"]}, {"outcome": ["allowed"]}, {"fleet": ["metro"]}, {"reason": ["granted"]})
        for filters in wrong[:3]:
            body = {"url": receiver.url, "feed": "modes", "filters": filters}
            assert node.client.post("/v1/webhooks", json=body).status_code == 422
            assert node.client.patch(path, json={"filters": filters}).status_code == 422
        others = {"filters": {"type": ["mode.diverged"]}}
        for body, told in ((others, '"feed": "modes"'), ({"feed": "faults"}, "shape")):
            refused = node.client.post("/v1/webhooks", json={"url": receiver.url, **body})
            assert refused.status_code == 422
            assert told in refused.json()["detail"]
        assert node.client.patch(path, json={"feed": "access"}).status_code == 422
        changed = node.client.patch(path, json={"filters": {"type": ["mode.diverged"]}}).json()
        assert (changed["feed"], changed["filters"]) == ("modes", {"type": ["mode.diverged"]})


def test_a_stream_of_its_own_has_every_mode_event_across_restarts(tmp_path: Path) -> None:
    with running_redis() as redis:
        settings = {"redis_url": redis.url, "mode_stream": STREAM}

        def streamed() -> list[str]:
            found = []
            for _, fields in redis.ask("XRANGE", STREAM, "-", "+"):
                envelope = json.loads(fields[b"event"])
                assert (fields[b"id"].decode(), fields[b"type"].decode()) == (envelope["id"], envelope["type"])
                ENVELOPE.validate(envelope)
                found += [envelope["id"]] if envelope["subject"] == CHARGER else []
            return found

        told: list[str] = []

        def begun() -> bool:  # it begins when a process has looked for the first time
            told.extend(tell(tmp_path, due(len(told))))
            return bool(streamed())

        with serving(POLICIES, tmp_path, **settings) as node:
            eventually(begun, within=WITHIN_S)
            told[:] = told[told.index(streamed()[0]) :]
            eventually(lambda: streamed() == told, within=WITHIN_S)
            redis.kill()
            told += tell(tmp_path, due(1001))
            node.process.kill()
        redis.start()
        with serving(POLICIES, tmp_path, **settings) as again:
            told += tell(tmp_path, due(1002))
            eventually(lambda: told[-1] in streamed(), within=WITHIN_S)
            assert list(dict.fromkeys(streamed()))[-2:] == told[-2:]
            assert "policy_service_events_streamed_total" in again.client.get("/metrics").text
