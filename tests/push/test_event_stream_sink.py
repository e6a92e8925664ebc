"""Every event in a Redis Stream: across restarts and outages of Redis, in order, bounded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from fakes.events import MemoryEvents
from fakes.samples import event, lines
from fakes.served import POLICIES, eventually, serving
from fakes.webhooks import MemoryLeases, MemorySinkPositions
from servers.redis import running_cluster, running_redis

from policy_service.adapters.redis.connect import connect
from policy_service.adapters.redis.event_stream import RedisEventStream
from policy_service.application.event_sink import NamedFeed, SinkFeeding
from policy_service.application.ports import SinkMessage, StoreUnavailableError
from policy_service.application.process_lease import PUSHING, ProcessLease
from policy_service.domain.outward import FeedName
from policy_service.entrypoints.http.event_schema import envelope_schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.clock import FakeClock
    from fakes.served import Served
    from fakes.stores import MemoryState
    from servers.redis import RedisServer

pytestmark = pytest.mark.anyio

ENVELOPE = jsonschema_rs.validator_for(envelope_schema())
STREAM = "depot:events"


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


def streamed(redis: RedisServer) -> list[dict[str, Any]]:
    """Return the events of the stream, each in its envelope."""
    found = []
    for _, fields in redis.ask("XRANGE", STREAM, "-", "+"):
        told = {name.decode(): value for name, value in fields.items()}
        envelope = json.loads(told["event"])
        assert (told["id"].decode(), told["type"].decode()) == (envelope["id"], envelope["type"])
        found.append(envelope)
    return found


def deny(node: Served, number: int) -> str:
    asked = node.decide(charger="NTH-07", identifier=f"04C2{number:010X}", time="2026-11-24T11:15:00Z").json()
    return str(asked["decision_id"])


def test_the_stream_gets_every_event_from_its_beginning_on(tmp_path: Path, redis: RedisServer) -> None:
    with serving(POLICIES, tmp_path) as before:
        deny(before, 0)
        before.client.get("/v1/events")
    settings = {"redis_url": redis.url, "event_stream": STREAM}
    with serving(POLICIES, tmp_path, **settings) as node:
        # it begins when a process has looked for the first time
        told: list[str] = []

        def begun() -> bool:
            told.append(deny(node, len(told)))
            return bool(streamed(redis))

        eventually(begun, within=20)
        first = streamed(redis)[0]["id"]
        told = told[told.index(first) :]
        eventually(lambda: [each["id"] for each in streamed(redis)] == told, within=10)
        for each in streamed(redis):
            ENVELOPE.validate(each)
            assert each["data"] == node.client.get(f"/v1/events/{each['id']}").json()
        redis.kill()
        told.append(deny(node, 1001))
    with serving(POLICIES, tmp_path, **settings) as again:
        told.append(deny(again, 1002))
        redis.start()
        eventually(lambda: [each["id"] for each in streamed(redis)] == told[-2:], within=20)
        assert "policy_service_events_streamed_total" in again.client.get("/metrics").text


class _Unheard:
    """Takes no notice."""

    def streamed(self, _: int) -> None:
        """Take no notice."""

    def stream_waits(self, _: FeedName, __: float) -> None:
        """Take no notice."""


async def test_a_stream_is_bounded_and_told_in_pages(state: MemoryState, clock: FakeClock, redis: RedisServer) -> None:
    stream = RedisEventStream(connect(redis.url, 5), STREAM, 100)
    events, positions = MemoryEvents(state), MemorySinkPositions(state)
    await events.write(lines(*(event(f"d{number}") for number in range(1000))))
    await positions.set("stream", 0)
    lease = ProcessLease(MemoryLeases(state), clock, PUSHING)
    feeding = SinkFeeding(
        "stream", stream, NamedFeed(FeedName.ACCESS, events), positions, lease, _Unheard(), clock, "/tests"
    )
    while not await feeding.look(1):
        pass
    assert state.sink_positions == {"stream": 1000}
    kept = [each["id"] for each in streamed(redis)]
    assert 100 <= len(kept) < 400
    assert kept == [f"d{number}" for number in range(1000 - len(kept), 1000)]
    await stream.close()


async def test_a_server_that_is_gone_is_a_store_that_is_gone(redis: RedisServer) -> None:
    stream = RedisEventStream(connect(redis.url, 5), STREAM, 100)
    redis.kill()
    with pytest.raises(StoreUnavailableError):
        await stream.add([SinkMessage("d", "access.denied", b"{}")])
    await stream.close()


async def test_a_cluster_takes_a_stream_as_well() -> None:
    with running_cluster() as (url, _):
        stream = RedisEventStream(connect(url, 5), STREAM, 100)
        await stream.add([SinkMessage(f"d{number}", "access.denied", b"{}") for number in range(3)])
        client = connect(url, 5)
        assert await client.xlen(STREAM) == 3
        await client.aclose()
        await stream.close()
