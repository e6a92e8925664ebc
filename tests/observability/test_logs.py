"""Logs: lines in the shape of OpenTelemetry's data model, a denial among them as what it is, and no identifier."""

from __future__ import annotations

import json
import logging
from datetime import datetime
from shutil import copytree
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from exposed import NIGHT
from fakes.served import POLICIES, eventually, serving

import policy_service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.served import Served

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CARD = "04A2B3C4D5E680"
QUESTION = {"charger": "NTH-01", "identifier": CARD, "time": NIGHT}


@pytest.fixture(scope="module")
def talkative(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(POLICIES, tmp_path_factory.mktemp("talkative"), log_level="debug") as served:
        yield served


def lines(served: Served) -> list[dict[str, Any]]:
    return [json.loads(line) for line in served.log().splitlines()]


def said(served: Served, body: str) -> list[dict[str, Any]]:
    return [line for line in lines(served) if line["body"] == body]


def test_every_line_is_a_record_of_the_log_data_model(talkative: Served) -> None:
    talkative.client.get("/v1/policies")
    numbers = {"DEBUG": 5, "INFO": 9, "WARNING": 13, "ERROR": 17}
    written = lines(talkative)
    assert len(written) > 5
    for line in written:
        assert datetime.fromisoformat(line["timestamp"]).utcoffset() is not None
        assert line["timestamp"].endswith("Z")
        assert line["severity_number"] == numbers[line["severity_text"]]
        assert isinstance(line["body"], str)
        assert (line["service.name"], line["service.version"]) == ("policy-service", policy_service.__version__)
        assert line["process.pid"] == talkative.process.pid
        assert line["otel.scope.name"]
    assert len({line["service.instance.id"] for line in written}) == 1


def test_a_denial_is_one_line_of_its_own_kind_at_info(talkative: Served) -> None:
    headers = {"X-Request-ID": "request-7", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    reply = talkative.client.post("/v1/decide", json=QUESTION, headers=headers)
    decision = reply.json()
    (line,) = [line for line in said(talkative, "access denied") if line["decision.id"] == decision["decision_id"]]
    assert (line["event.name"], line["severity_text"]) == ("access.denied", "INFO")
    assert (line["charger.id"], line["decision.reason"]) == ("NTH-01", "unknown_identifier")
    assert (line["policy.name"], line["policy.window"]) == ("north-depot", "weeknights")
    assert (line["policy.revision"], line["request.id"]) == (decision["revision"], "request-7")
    assert line["trace_id"] == TRACE
    assert reply.headers["traceresponse"] == f"00-{TRACE}-{line['span_id']}-01"


def test_a_request_in_no_trace_is_given_none(talkative: Served) -> None:
    reply = talkative.client.post("/v1/decide", json=QUESTION)
    assert "traceresponse" not in reply.headers
    (line,) = [line for line in said(talkative, "access denied") if line["request.id"] == reply.headers["x-request-id"]]
    assert "trace_id" not in line


def test_what_one_request_is_about_stands_in_no_line_of_another(talkative: Served) -> None:
    for number in range(20):
        headers = {"X-Request-ID": f"mine-{number}"} | (
            {"traceparent": f"00-{TRACE}-{number + 1:016x}-01"} if number % 2 else {}
        )
        talkative.client.post("/v1/decide", json=QUESTION, headers=headers)
    mine = [line for line in said(talkative, "access denied") if str(line.get("request.id")).startswith("mine-")]
    assert [line["request.id"] for line in mine] == [f"mine-{number}" for number in range(20)]
    assert [("trace_id" in line) for line in mine] == [bool(number % 2) for number in range(20)]


def test_requests_are_told_by_route_and_never_by_path(talkative: Served) -> None:
    assert talkative.client.get(f"/v1/identifiers/{'e' * 32}").status_code == 404
    assert talkative.client.get(f"/v1/elsewhere/{CARD}").status_code == 404
    wanted = {"unmatched", "/v1/identifiers/{record_id}"}
    eventually(lambda: wanted <= {line["http.route"] for line in said(talkative, "request answered")})
    told = said(talkative, "request answered")
    found = next(line for line in told if line["http.route"] == "/v1/identifiers/{record_id}")
    assert (found["http.request.method"], found["http.response.status_code"]) == ("GET", 404)
    assert found["http.server.request.duration"] > 0
    assert CARD not in talkative.log()
    assert "e" * 32 not in talkative.log()


def test_an_allowed_vehicle_and_freevend_leave_no_line(talkative: Served) -> None:
    before = len(said(talkative, "access denied"))
    assert (
        talkative.decide(charger="NTH-01", identifier=CARD, time="2026-11-24T01:15:00Z").json()["outcome"] == "allowed"
    )
    assert len(said(talkative, "access denied")) == before


def test_lines_for_denials_can_be_switched_off(tmp_path: Path) -> None:
    with serving(POLICIES, tmp_path, log_denials="false") as served:
        assert served.decide(**QUESTION).json()["outcome"] == "access_denied"
        assert said(served, "access denied") == []
        assert 'reason="unknown_identifier"} 1.0' in served.client.get("/metrics").text


def test_a_line_holds_neither_messages_of_exceptions_nor_what_has_no_value(capsys: pytest.CaptureFixture[str]) -> None:
    from policy_service.adapters.telemetry import configure_logs  # noqa: PLC0415 - it imports prometheus_client

    before = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        for form in ("json", "console"):
            configure_logs("info", form)
            try:
                message = f"nobody may read {CARD}"
                raise ValueError(message)  # noqa: TRY301
            except ValueError:
                logging.getLogger("somebody.else").exception("it failed")
            written = capsys.readouterr().err
            assert CARD not in written
            assert "ValueError" in written
            assert "test_logs.py" in written
            structlog.get_logger("ours").info("it is told", **{"error.message": None, "event.count": 0})
            written = capsys.readouterr().err
            assert "event.count" in written
            assert "error.message" not in written, "what has no value is left out"
    finally:
        logging.getLogger().handlers[:] = before[0]
        logging.getLogger().setLevel(before[1])


def test_why_policies_are_not_in_force_is_told_by_the_first_error_or_what_cannot_be_read(tmp_path: Path) -> None:
    policies = tmp_path / "policies"
    copytree(POLICIES, policies)
    with serving(policies, tmp_path / "state") as served:
        (policies / "broken.yaml").write_text("apiVersion: policy-service/v1\nkind: Calendar\nfirst: 1\n")
        eventually(lambda: len(said(served, "policies not in force")) == 1)
        policies.rename(tmp_path / "elsewhere")
        eventually(lambda: len(said(served, "policies not in force")) == 2)
        broken, gone = said(served, "policies not in force")
        found = [line for line in lines(served) if line["severity_text"] == "ERROR" and "diagnostic.help" in line]
    assert broken["diagnostic.count"] == len(found)
    assert len(found) > 1
    for name in ("diagnostic.code", "diagnostic.file"):
        assert broken[name] == found[0][name]
    assert "error.message" not in broken
    assert gone["error.message"]
    assert "diagnostic.count" not in gone


def test_text_for_a_terminal_has_no_colours_in_a_file(tmp_path: Path) -> None:
    with serving(POLICIES, tmp_path, log_format="console") as served:
        assert "policies in force" in served.log()
        assert "\x1b" not in served.log()


def test_why_the_database_cannot_be_asked_is_told_once_a_minute(tmp_path: Path) -> None:
    with serving(POLICIES, tmp_path) as served:
        (tmp_path / "policy-service.sqlite3").unlink()
        eventually(lambda: said(served, "store does not answer"), within=30)

        def reasons_told() -> list[str]:
            return [line["error.message"] for line in said(served, "the database could not be asked")]

        eventually(lambda: "NoDatabaseFileError" in reasons_told(), within=30)
        told, reasons = said(served, "the database could not be asked"), reasons_told()
        assert len(reasons) == len(set(reasons)), "each once a minute, however often somebody asks"
        assert {line["severity_text"] for line in told} == {"WARNING"}
