"""Traces: what a receiver of OTLP gets, that no identifier is in it, and that nothing is there while none is set."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest
from exposed import NIGHT
from fakes.served import POLICIES, eventually, serving
from hypothesis import given
from hypothesis import strategies as st
from servers.otlp import Receiver, receiving
from servers.redis import running_redis

from policy_service.application.tracing import PassedOn, Trace, trace_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.served import Served
    from servers.otlp import Received
    from servers.postgres import Postgres

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
CARD = "04A2B3C4D5E680"
SERVER, CLIENT = 2, 3
QUICK = {"OTEL_BSP_SCHEDULE_DELAY": "100"}


class Traced(NamedTuple):
    """A service, and who receives its traces."""

    served: Served
    receiver: Receiver


@pytest.fixture(scope="module")
def traced(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traced]:
    address = asyncio.run(postgres.new_database())
    with receiving() as receiver, running_redis() as redis:
        settings = {"database_url": address, "redis_url": redis.url, "snapshot_max_age": 0}
        variables = {**QUICK, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "OTEL_SERVICE_NAME": "depot-policies"}
        with serving(POLICIES, tmp_path_factory.mktemp("traced"), variables=variables, **settings) as served:
            yield Traced(served, receiver)


def _decide(served: Served, trace_id: str, identifier: str = CARD) -> str:
    headers = {"traceparent": f"00-{trace_id}-{PARENT}-01"}
    question = {"charger": "NTH-01", "identifier": identifier, "time": NIGHT}
    reply = served.client.post("/v1/decide", json=question, headers=headers)
    assert reply.status_code == 200
    return str(reply.headers["traceresponse"])


def _of(receiver: Receiver, trace_id: str) -> dict[str, Received]:
    return {span.name: span for span in list(receiver.spans) if span.trace_id == trace_id}


def test_a_decision_is_one_trace_from_the_callers_span_to_the_database(traced: Traced) -> None:
    answered = _decide(traced.served, TRACE, "04A2B3C4D5E677")
    eventually(lambda: "POST /v1/decide" in _of(traced.receiver, TRACE), within=10)
    spans = _of(traced.receiver, TRACE)
    request = spans["POST /v1/decide"]
    assert (request.kind, request.parent_id) == (SERVER, PARENT)
    assert answered == f"00-{TRACE}-{request.span_id}-01"
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/v1/decide",
        "http.response.status_code": 200,
    }
    assert request.resource["service.name"] == "depot-policies"
    assert {"service.version", "service.instance.id", "process.pid"} <= request.resource.keys()
    decide, look_up = spans["decide"], spans["look up"]
    assert decide.parent_id == request.span_id
    assert (decide.attributes["decision.reason"], decide.attributes["charger.id"]) == ("unknown_identifier", "NTH-01")
    assert look_up.parent_id == decide.span_id
    assert look_up.attributes == {"policy_service.lookup.level": "database"}
    assert spans["GET"].attributes["db.system.name"] == "redis"
    assert spans["record event"].parent_id == decide.span_id
    assert spans["record event"].attributes == {"event.name": "access.denied"}
    asked = [span for span in spans.values() if span.attributes.get("db.system.name") == "postgresql"]
    assert asked
    assert all(span.kind == CLIENT and span.attributes["db.operation.name"] == "SELECT" for span in asked)


def test_what_this_process_knows_is_looked_up_nowhere(traced: Traced) -> None:
    _decide(traced.served, "a" * 32, "04A2B3C4D5E699")
    _decide(traced.served, "b" * 32, "04A2B3C4D5E699")
    eventually(lambda: "POST /v1/decide" in _of(traced.receiver, "b" * 32), within=10)
    again = _of(traced.receiver, "b" * 32)
    assert again["decide"].attributes["policy_service.lookup.level"] == "process"
    assert "look up" not in again


def test_no_identifier_is_in_any_span(traced: Traced) -> None:
    _decide(traced.served, "c" * 32)
    record = {"identifier": CARD, "type": "rfid", "class": "own", "vehicle": "bus-1", "fleet": "north"}
    assert traced.served.client.put(f"/v1/identifiers/{'d' * 32}", json=record).status_code == 201
    assert traced.served.client.post("/v1/identifiers/lookup", json={"identifier": CARD}).status_code == 200
    assert traced.served.client.get(f"/v1/{CARD}/{CARD}?identifier={CARD}").status_code == 404
    traced.served.client.post("/v1/decide", content=f'{{"identifier": "{CARD}", '.encode())
    eventually(lambda: traced.receiver.named("GET") and traced.receiver.named("POST /v1/identifiers/lookup"), within=10)
    time.sleep(0.3)
    text = b"".join(traced.receiver.bodies).upper().replace(b":", b"")
    assert CARD.encode() not in text
    assert b"URL.PATH" not in text


def test_what_goes_on_in_the_background_is_in_no_trace(traced: Traced) -> None:
    time.sleep(1.0)
    roots = [span for span in list(traced.receiver.spans) if not span.parent_id]
    assert all(span.kind == SERVER for span in roots)


def test_a_sampler_of_the_standard_variables_is_heeded(tmp_path: Path) -> None:
    with receiving() as receiver:
        variables = {**QUICK, "OTEL_TRACES_SAMPLER": "parentbased_always_off"}
        with serving(POLICIES, tmp_path, variables=variables, otlp_endpoint=receiver.url) as served:
            assert served.decide(charger="NTH-01", identifier=CARD, time=NIGHT).status_code == 200
            assert _decide(served, "e" * 32).endswith("-01")
            eventually(lambda: receiver.named("decide"), within=10)
        assert {span.trace_id for span in receiver.spans} == {"e" * 32}


def test_a_receiver_that_is_gone_delays_neither_answers_nor_the_end(tmp_path: Path) -> None:
    with serving(POLICIES, tmp_path, variables=QUICK, otlp_endpoint="http://127.0.0.1:9") as served:
        began = time.monotonic()
        for _ in range(20):
            assert served.decide(charger="NTH-01", identifier=CARD, time=NIGHT).status_code == 200
        assert time.monotonic() - began < 5
        began = time.monotonic()
        assert served.stop() == 0
        assert time.monotonic() - began < 10


_START = "import sys; {first}; from policy_service.__main__ import main; main()"
_WITHOUT = "[sys.modules.__setitem__(name, None) for name in ('opentelemetry.sdk', 'opentelemetry.exporter')]"


def test_without_the_extra_the_start_says_what_to_install(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _START.format(first=_WITHOUT), "serve", "--policies", str(POLICIES)]
    command += ["--state-dir", str(tmp_path), "--otlp-endpoint", "http://127.0.0.1:9"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - our own code
    assert ended.returncode == 2
    assert "pip install 'policy-service[otel]'" in ended.stderr
    assert "Traceback" not in ended.stderr


# (redis-py imports OpenTelemetry's metrics by itself where they are installed)
_PLAIN = """
import asyncio, sys
from pathlib import Path
from policy_service.bootstrap import wiring
from policy_service.entrypoints.http.app import create_app
from policy_service.settings import Settings
async def run():
    settings = Settings(policies=Path(sys.argv[1]), state_dir=Path(sys.argv[2]))
    async with wiring.running(settings) as service:
        create_app(service, max_body_bytes=1024)
asyncio.run(run())
unwanted = ("opentelemetry.sdk.trace", "opentelemetry.exporter", "policy_service.adapters.tracing")
print("imported:", [name for name in sys.modules if name.startswith(unwanted)])
"""


def test_nothing_of_it_is_imported_while_no_receiver_is_set(tmp_path: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "POLICY_SERVICE_"))}
    command = [sys.executable, "-c", _PLAIN, str(POLICIES), str(tmp_path)]
    ended = subprocess.run(command, env=clean, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - our own code
    assert ended.stdout.splitlines()[-1:] == ["imported: []"], ended.stderr


_HEX = "0123456789abcdef"
_IDS = st.tuples(st.text(_HEX, min_size=32, max_size=32), st.text(_HEX, min_size=16, max_size=16), st.booleans())


@given(_IDS.filter(lambda ids: int(ids[0], 16) and int(ids[1], 16)))
def test_a_traceparent_that_is_valid_is_read_as_it_was_written(ids: tuple[str, str, bool]) -> None:
    trace = Trace(*ids)
    assert trace_of(str(trace)) == trace
    span = PassedOn().begin(str(trace), None)
    assert span.trace is not None
    assert (span.trace.trace_id, span.trace.sampled) == (trace.trace_id, trace.sampled)
    assert span.trace.span_id != trace.span_id


@pytest.mark.parametrize(
    "header",
    [
        "",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01-more",
        f"00-{TRACE}-{PARENT}",
    ],
)
def test_a_traceparent_that_is_not_is_as_none(header: str) -> None:
    assert trace_of(header) is None
    assert PassedOn().begin(header, None).trace is None


@given(st.text())
def test_no_text_is_too_odd_for_a_traceparent(header: str) -> None:
    found = trace_of(header)
    assert found is None or header.startswith(f"{header[:2]}-{found.trace_id}-{found.span_id}-")
