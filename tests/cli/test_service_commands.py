from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import httpx2
import pytest
from fakes.hexadecimal import without_ids
from fakes.keyed import stored
from fakes.served import POLICIES, serving

from policy_service.application.commands.manage_keys import WantedKey
from policy_service.domain.caller import Scope
from policy_service.domain.instant import parse_instant
from policy_service.entrypoints.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ended import Ended

NOBODYS = "019b2c1e-7a00-7000-8000-3f9d2c41aa07"
LONDON = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+0[01]:00"
WEBHOOK_WORDS = ("show", "pause", "resume", "rotate", "test", "dead-letters", "remove")
HEADER = "identifier,type,class,vehicle,fleet\n"


def test_a_file_is_imported_and_its_lines_counted(cli: Callable[..., Ended], service: str) -> None:
    ended = cli("import", "agreements", "agreements.csv", "--url", service)
    assert (ended.code, ended.out) == (0, "1 accepted, 0 rejected\n")
    ended = cli("import", "identifiers", "records.ndjson", "--url", service)
    assert (ended.code, ended.out) == (0, "6 accepted, 0 rejected\n")


def test_chargers_come_from_standard_input(cli: Callable[..., Ended], tmp_path: Path) -> None:
    with serving(POLICIES, tmp_path) as own:  # another charger is another revision, which others compare
        ended = cli("import", "chargers", "-", "--csv", "--url", own.url, stdin="id,labels.depot\nEXTRA-1,none\n")
    assert (ended.code, ended.out) == (0, "1 accepted, 0 rejected\n")


def test_rejected_lines_are_told_by_place_and_never_by_content(
    cli: Callable[..., Ended], service: str, tmp_path: Path
) -> None:
    file = tmp_path / "fleet.csv"
    file.write_text(HEADER + "C0DEBEEF,rfid,own,bus-9,buses\nFEEDBEEF,rfdi,own,bus-8,buses\n", encoding="utf-8")
    ended = cli("import", "identifiers", str(file), "--url", service, "--source", "fleet")
    assert ended.code == ExitCode.FINDINGS
    assert ended.out.splitlines()[0].startswith(f"{file}:3: /type must be one of")
    assert ended.out.splitlines()[-1] == "1 accepted, 1 rejected"
    assert "BEEF" not in ended.out + ended.err
    refused = cli("import", "identifiers", str(file), "--url", service, "--source", "fleet", "--atomic", "--json")
    assert refused.code == ExitCode.FINDINGS
    assert json.loads(refused.out)["refused"] is True


def test_a_denial_is_told_on_one_screen(cli: Callable[..., Ended], service: str) -> None:
    body = {"charger": "LDN-02", "identifier": "CA:FE:CA:FE:01:02", "time": "2026-06-01T21:30:00Z"}
    assert httpx2.post(f"{service}/v1/decide", json=body).json()["outcome"] == "access_denied"
    ended = cli("why", "LDN-02", "--url", service)
    assert ended.code == 0
    assert ended.out.splitlines()[:6] == [
        "refused  nobody knows the identifier",
        "when     Mon 2026-06-01 22:30 Europe/London, 2026-06-01T21:30:00Z",
        "charger  LDN-02",
        "vehicle  not on record (class unknown, identifier …0102)",
        "reason   unknown_identifier",
        "policy   depot, window nights: managed",
    ]
    assert "CAFE" not in ended.out.replace(":", "")
    assert json.loads(cli("why", "LDN-02", "--url", service, "--json").out)["events"][0]["charger"] == "LDN-02"


@pytest.mark.parametrize(("charger", "reason"), [("LDN-77", "unknown_charger"), ("GATE", "no_policy")])
def test_of_a_vehicle_that_nobody_looked_up_nothing_is_claimed(
    cli: Callable[..., Ended], service: str, charger: str, reason: str
) -> None:
    decision = httpx2.post(f"{service}/v1/decide", json={"charger": charger, "identifier": "CAFECAFE0104"}).json()
    told = cli("why", "--event", decision["decision_id"], "--url", service).out.splitlines()
    assert f"reason   {reason}" in told
    assert "vehicle  not looked up (identifier …0104)" in told
    assert [line[:6] for line in told].count("driver") == (reason == "no_policy")


def test_a_breach_is_not_told_as_a_denial(cli: Callable[..., Ended], service: str) -> None:
    body = {"charger": "LDN-02", "time": "2026-06-01T21:30:00Z", "transaction_id": "4711"}
    recorded = httpx2.post(f"{service}/v1/breaches", json=body).json()
    ended = cli("why", "--event", recorded["decision_id"], "--url", service)
    assert ended.out.splitlines()[0] == "breach   a session began that the charger asked nobody about"
    assert "refused" not in ended.out


def test_a_denial_is_told_with_its_rule_and_what_would_let_the_vehicle_in(
    cli: Callable[..., Ended], service: str
) -> None:
    body = {"charger": "LDN-02", "identifier": "CA:FE:CA:FE:01:03", "time": "2026-06-01T21:30:00Z"}
    decision = httpx2.post(f"{service}/v1/decide", json=body).json()
    ended = cli("why", "--event", decision["decision_id"], "--url", service)
    lines = {line[:9].strip(): line[9:] for line in reversed(ended.out.splitlines())}
    assert lines["because"].startswith("charger LDN-02 is in the inventory")
    assert lines["until"].endswith(decision["valid_until"])
    assert lines["way in"].startswith("import the identifier")
    assert "window nights sets managed" in ended.out
    told = json.loads(cli("why", "--event", decision["decision_id"], "--url", service, "--json").out)["events"]
    assert told[0]["explanation"]["decision"] == decision
    assert told[0]["explanation"]["missing"] is None


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("LDN-02", "--event", "01a20660-16e1-7b29-b7cb-c1ca63137f0c"),
        ("--vehicle", "bus-17", "--event", "01a20660-16e1-7b29-b7cb-c1ca63137f0c"),
    ],
)
def test_why_is_asked_about_a_charger_or_a_decision(cli: Callable[..., Ended], arguments: tuple[str, ...]) -> None:
    assert cli("why", *arguments).code == ExitCode.USAGE


def test_no_denial_is_told_as_well(cli: Callable[..., Ended], service: str) -> None:
    ended = cli("why", "NOBODY-1", "--url", service)
    assert ended.code == 0
    assert ended.out.startswith("nobody was refused at NOBODY-1, as far as events are on record")
    assert "the inventory has no charger NOBODY-1" in ended.out


def test_a_misspelt_charger_is_answered_with_the_right_one(cli: Callable[..., Ended], service: str) -> None:
    told = cli("why", "ldn-02", "--url", service).out
    assert "the inventory has no charger ldn-02: did you mean `LDN-02`?" in told
    httpx2.post(f"{service}/v1/decide", json={"charger": "LDN-002", "identifier": "CAFECAFE0105"})
    assert "charger  LDN-002 (did you mean LDN-02?)" in cli("why", "LDN-002", "--url", service).out


def test_a_denial_is_found_by_its_vehicle(cli: Callable[..., Ended], tmp_path: Path) -> None:
    bus = {"type": "rfid", "class": "own", "vehicle": "bus-17", "fleet": "north", "status": "blocked"}
    night = "2026-11-24T11:15:00Z"
    with serving(POLICIES, tmp_path) as node:
        node.client.put(f"/v1/identifiers/{'a' * 32}", json={"identifier": "04A2B3C4D5E681", **bus}).raise_for_status()
        blocked = node.decide(charger="NTH-07", identifier="04A2B3C4D5E681", time=night).json()["decision_id"]
        unknown = node.decide(charger="NTH-07", identifier="04C20000000001", time=night).json()["decision_id"]
        for words, found in (
            (("NTH-07",), unknown),
            (("--vehicle", "bus-17"), blocked),
            (("NTH-07", "--vehicle", "bus-17"), blocked),
            (("--fleet", "north"), blocked),
            (("NTH-07", "--reason", "identifier_blocked"), blocked),
        ):
            assert f"decision {found}" in cli("why", *words, "--url", node.url).out.splitlines()
        elsewhere = cli("why", "NTH-08", "--vehicle", "bus-17", "--url", node.url).out.splitlines()
    assert elsewhere[0].startswith("nobody was refused at NTH-08 (vehicle bus-17), as far as")
    assert "such a denial is found by its charger" in elsewhere[1]


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_a_key_bound_to_other_chargers_is_told_nothing_about_denials(
    cli: Callable[..., Ended], tmp_path: Path, flags: tuple[str, ...]
) -> None:
    [bound] = stored(tmp_path, WantedKey("south", frozenset({Scope.READ}), labels=(("depot", ("auckland",)),)))
    file = tmp_path / "bound"
    file.write_text(bound)
    with serving(POLICIES, tmp_path) as node:
        refused = cli("why", "NTH-07", "--url", node.url, "--key-file", str(file), *flags)
    assert (refused.code, refused.out) == (ExitCode.REFUSED, "")
    assert "bound to other chargers" in refused.err


def test_a_key_file_may_begin_with_a_byte_order_mark(cli: Callable[..., Ended], tmp_path: Path) -> None:
    [reader] = stored(tmp_path, WantedKey("reader", frozenset({Scope.READ})))
    file = tmp_path / "reader"
    file.write_text(reader, encoding="utf-8-sig")
    with serving(POLICIES, tmp_path) as node:
        assert cli("events", "summary", "--url", node.url, "--key-file", str(file)).code == 0


def test_a_problem_is_told_with_the_part_that_is_at_fault(cli: Callable[..., Ended], service: str) -> None:
    ended = cli("events", "list", "--vehicle", "a\tb", "--url", service)
    assert ended.code == ExitCode.REFUSED
    assert "vehicle: there are characters, or a form, that are not accepted here" in ended.err.replace("\n", " ")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("why", "--event", "04C0FFEE"), "no event has this decision id: it must look like 01a20660-"),
        (("events", "show", NOBODYS), "no event has this decision id\n"),
        (
            ("enrol", "04C0FFEE", "--vehicle", "v", "--fleet", "f"),
            "no event has this decision id: it must look like 01a",
        ),
        (("override", "show", "ov-nope"), "no override has this id: it must look like ov-7k3m9x2a\n"),
        (("override", "end", "ov-00000000"), "no override has this id\n"),
        (("webhooks", "show", "wh-nope"), "no webhook has this id: it must look like wh-7k3m9x2a4c\n"),
        *((("webhooks", word, "wh-0000000000"), "no webhook has this id\n") for word in WEBHOOK_WORDS),
    ],
)
def test_an_id_that_leads_nowhere_is_told_with_where_there_are_some(
    cli: Callable[..., Ended], service: str, words: tuple[str, ...], told: str
) -> None:
    ended = cli(*words, "--url", service)
    assert (ended.code, ended.out) == (ExitCode.REFUSED, "")
    assert ended.err.startswith(f"error: {told}")
    assert re.fullmatch(
        "  help: `policy-service (events list|override list --all|webhooks list)` shows the ids",
        ended.err.splitlines()[1],
    )
    assert "C0FFEE" not in ended.err


@pytest.mark.parametrize("arguments", [("why", "LDN-01"), ("import", "agreements", "agreements.csv")])
def test_without_a_service_it_says_how_to_start_one(cli: Callable[..., Ended], arguments: tuple[str, ...]) -> None:
    ended = cli(*arguments, "--url", "http://127.0.0.1:9")
    assert ended.code == ExitCode.UNREACHABLE
    assert "policy-service serve" in ended.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("why", "LDN-01", "--url", "nonsense"),
        ("why", "LDN-01", "--key-file", "nowhere"),
        ("why", "LDN-01", "--key-file", "/dev/zero"),
        ("import", "agreements", "nowhere.csv"),
        ("import", "vehicles", "agreements.csv"),
    ],
)
def test_a_call_that_makes_no_sense_reaches_nobody(cli: Callable[..., Ended], arguments: tuple[str, ...]) -> None:
    assert cli(*arguments).code == ExitCode.USAGE


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_how_no_connection_comes_about_is_told_in_plain_words(
    cli: Callable[..., Ended], service: str, scheme: str
) -> None:
    url = "http://127.0.0.1:9" if scheme == "http" else service.replace("http:", "https:")
    ended = cli("why", "LDN-01", "--url", url)
    what = "no service answers at" if scheme == "http" else "no secure connection (https) comes about with"
    assert (ended.code, ended.err.splitlines()[0]) == (ExitCode.UNREACHABLE, f"error: {what} {url}")
    assert ("--ca-file" in ended.err, "policy-service serve" in ended.err) == (scheme == "https", scheme == "http")


def test_a_problem_of_the_service_is_told(cli: Callable[..., Ended], service: str) -> None:
    ended = cli("import", "identifiers", "records.ndjson", "--url", service, "--source", "no such/source")
    assert ended.code == ExitCode.REFUSED
    assert "the service answered 4" in ended.err


def test_why_says_until_when_pins_are_refused_after_too_many(cli: Callable[..., Ended], tmp_path: Path) -> None:
    asked = {"charger": "NTH-07", "identifier_type": "pin", "time": "2026-11-24T11:15:00Z"}
    with serving(POLICIES, tmp_path) as own:
        reasons = [own.decide(**asked, identifier=f"7{number:04}").json()["reason"] for number in range(11)]
        told = cli("why", "NTH-07", "--url", own.url).out.splitlines()
    assert reasons[-2:] == ["unknown_identifier", "too_many_attempts"]
    at = r"\w{3} \d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)? Australia/Melbourne, (\S+Z)"
    pins = next(line for line in told if line.startswith("PINs"))
    again = re.fullmatch(f"PINs     judged again by {at} at the latest; cards always are", pins)
    assert again is not None, pins
    assert abs(parse_instant(again[1]) - time.time() - 600) < 60
    assert [line for line in told if line.startswith("until")] == []


def test_sources_tell_what_came_and_what_is_owed(cli: Callable[..., Ended], service: str) -> None:
    of_office = ("agreements", "-", "--csv", "--source", "office", "--url", service)
    cli("import", *of_office, stdin="agreement,fleet\noffice-1,metro\n")
    told = cli("sources", "--url", service)
    assert told.code == 0
    cells = next(line.split() for line in told.out.splitlines() if " office " in line)
    assert (cells[:5], cells[7:]) == (["agreements", "office", "1", "-", "-"], ["(1", "taken,", "0", "rejected)"])
    assert re.fullmatch(LONDON, " ".join(cells[5:7]))
    expected = cli("sources", "expect", "agreements", "office", "26h", "--url", service)
    assert expected.out.startswith("agreements of office: expected every 1 d 2 h, next by ")
    assert re.fullmatch(r".* \d\d:\d\d(:\d\d)? Europe/London, \S+Z\n", expected.out)
    listed = json.loads(cli("sources", "--json", "--url", service).out)["sources"]
    assert next(each for each in listed if each["source"] == "office")["expected_every"] == "PT26H"
    never = cli("sources", "expect", "agreements", "office", "never", "--url", service)
    assert never.out == "agreements of office: expected at no time\n"
    assert cli("sources", "expect", "agreements", "office", "soon", "--url", service).code == ExitCode.USAGE
    assert cli("sources", "expect", "agreements", "no such", "26h", "--url", service).code == ExitCode.REFUSED


def test_a_source_that_did_not_come_is_marked(cli: Callable[..., Ended], service: str) -> None:
    cli("sources", "expect", "chargers", "late", "PT1S", "--url", service)
    time.sleep(1.1)
    told = cli("sources", "--url", service).out
    late = next(line for line in told.splitlines() if " late " in line)
    assert re.search(rf" {LONDON}  OVERDUE ", late)
    cli("sources", "expect", "chargers", "late", "never", "--url", service)


def test_a_long_upload_is_told_in_plain_lines_where_there_is_no_terminal(
    cli: Callable[..., Ended], service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("policy_service.entrypoints.cli.upload_progress.PLAIN_EVERY_S", 0.02)
    file = tmp_path / "fleet.csv"
    file.write_text(HEADER + "".join(f"AA{number:06X},rfid,own,b,f\n" for number in range(20_000)), encoding="utf-8")
    ended = cli("import", "identifiers", str(file), "--url", service, "--source", "progress")
    assert ended.out == "20000 accepted, 0 rejected\n"
    line = r"(uploading identifiers|taking effect): .* records, \d+ s, [\d,]+ records/s"
    assert ended.err
    assert all(re.fullmatch(line, told) for told in ended.err.splitlines())
    assert cli("import", "identifiers", str(file), "--url", service, "--source", "progress", "--json").err == ""


def test_a_service_at_a_unix_socket_is_asked_there(cli: Callable[..., Ended], tmp_path: Path) -> None:
    path = tmp_path / "s"
    with serving(POLICIES, tmp_path / "state", unix_socket=path):
        ended = cli("chargers", "show", "NTH-01", "--url", f"unix://{path}", "--json")
        assert (ended.code, json.loads(ended.out)["charger"]["id"]) == (0, "NTH-01")
    command = [sys.executable, "-m", "policy_service", "chargers", "show", "NTH-01", "--url", f"unix://{path}"]
    gone = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own; in here httpcore leaves a socket
    assert gone.returncode == ExitCode.UNREACHABLE
    assert gone.stderr.startswith(f"error: no service answers at unix://{path}\n")


def test_a_source_that_never_came_is_pointed_out(cli: Callable[..., Ended], tmp_path: Path) -> None:
    with serving(POLICIES, tmp_path) as own:
        file = tmp_path / "fleet.csv"
        file.write_text(HEADER + "".join(f"04C0DE{number:06X},rfid,own,bus-{number},buses\n" for number in range(10)))
        assert cli("import", "identifiers", str(file), "--source", "fleet", "--url", own.url).code == 0
        right = cli("sources", "expect", "identifiers", "fleet", "26h", "--url", own.url)
        wrong = cli("sources", "expect", "identifiers", "flet", "26h", "--url", own.url)
        file.write_text(HEADER + "04C0DE000001,rfid,own,bus-1,buses\n")
        lossy = cli("import", "identifiers", str(file), "--source", "fleet", "--mode", "replace", "--url", own.url)
    assert (right.code, right.err) == (0, "")
    assert wrong.err.startswith("note: nothing was ever imported from `flet`; did you mean `fleet`? `policy-service ")
    assert lossy.code == ExitCode.REFUSED
    assert lossy.err.splitlines() == [
        "error: nothing was taken: the import would drop 9 of 10 records that are not in it",
        "  help: check that the file is whole; --force drops them",
    ]


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("fleets", "column 5 of the header is no known field; did you mean `fleet`?"),
        ("kind", "column 5 of the header is no known field; attributes are columns like `attributes.kind`"),
    ],
)
def test_a_column_that_is_no_field_is_told_with_what_may_be_meant(
    cli: Callable[..., Ended], service: str, tmp_path: Path, column: str, told: str
) -> None:
    file = tmp_path / "fleet.csv"
    file.write_text(f"identifier,type,class,vehicle,{column}\n04C0DE000001,rfid,own,bus-1,buses\n")
    ended = cli("import", "identifiers", str(file), "--source", "columns", "--url", service)
    assert ended.code == ExitCode.FINDINGS
    assert told in ended.out


@pytest.mark.parametrize("divider", [";", "\t"])
def test_a_file_that_commas_do_not_divide_is_told_as_such(
    cli: Callable[..., Ended], service: str, tmp_path: Path, divider: str
) -> None:
    file = tmp_path / "fleet.csv"
    rows = (["identifier", "type", "class", "vehicle", "fleet"], ["04C0DE000001", "rfid", "own", "bus-1", "buses"])
    file.write_text("".join(divider.join(row) + "\n" for row in rows), encoding="utf-8-sig")
    ended = cli("import", "identifiers", str(file), "--source", "columns", "--url", service)
    assert ended.code == ExitCode.FINDINGS
    assert ":1: the header is one column: commas divide columns, nothing else does\n" in ended.out


def test_only_classes_that_a_record_may_have_are_offered(
    cli: Callable[..., Ended], service: str, tmp_path: Path
) -> None:
    file = tmp_path / "fleet.csv"
    file.write_text(HEADER + "04C0DE000001,rfid,Own,bus-1,buses\n04C0DE000002,rfid,unknown,bus-1,buses\n")
    ended = cli("import", "identifiers", str(file), "--source", "classes", "--url", service)
    assert ended.out.count(": /class must be one of own, agreement\n") == 2


def test_an_identifier_that_was_forgotten_is_not_offered_to_be_enrolled(
    cli: Callable[..., Ended], service: str
) -> None:
    body = {"charger": "LDN-02", "identifier": "CAFECAFE0155", "time": "2026-06-01T21:30:00Z"}
    denied = httpx2.post(f"{service}/v1/decide", json=body).json()
    assert httpx2.post(f"{service}/v1/events/forget", json={"identifier": "CAFECAFE0155"}).status_code == 200
    ended = cli("why", "--event", denied["decision_id"], "--url", service)
    assert "to admit import it: nothing of the identifier is kept with this event" in ended.out
    assert "enrol" not in ended.out


def test_a_pin_that_nobody_knows_is_not_offered_to_be_enrolled(cli: Callable[..., Ended], service: str) -> None:
    body = {"charger": "LDN-02", "identifier": "7788", "identifier_type": "pin", "time": "2026-06-01T21:30:00Z"}
    denied = httpx2.post(f"{service}/v1/decide", json=body).json()
    assert denied["reason"] == "unknown_identifier"
    ended = cli("why", "--event", denied["decision_id"], "--url", service)
    assert "to admit import it: what may be a PIN is not kept to be enrolled" in ended.out
    assert "7788" not in without_ids(ended.out)
