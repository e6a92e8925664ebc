from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from ended import HERE
from fakes.hexadecimal import without_ids
from fakes.served import POLICIES

from policy_service.entrypoints.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ended import Ended

TREE = ("--policies", "trees/sound")
RECORDS = ("--identifiers", "records.ndjson", "--agreements", "agreements.csv")
NIGHT = ("--at", "2026-06-01T21:30:00Z")
IDENTIFIERS = (
    *("04:A2:B3:C4:D5:E6:80", "112233445566", "11:22:33:44:55:77", "aabbccdd"),
    *("12EE34FF", "4711", "FREEVEND1", "DEADBEEF", ""),
)
INSTANTS = (
    "2026-06-01T21:30:00Z",
    "2026-06-01T12:00:00Z",
    "2026-03-29T01:00:00Z",
    "2026-10-25T01:30:00Z",
    "2027-06-01T22:00:00Z",
)
SENSITIVE = ("04A2B3C4D5E680", "04:A2:B3:C4:D5:E6:80", "112233445577", "11:22:33:44:55:77", "4711", "DEADBEEF")


@pytest.fixture(scope="module")
def asked(service: str) -> Callable[..., dict[str, Any]]:
    """Ask the running service, which holds the same records."""
    for path, file, kind in (
        ("identifiers", "records.ndjson", "application/x-ndjson"),
        ("agreements", "agreements.csv", "text/csv"),
    ):
        body, headers = (HERE / file).read_bytes(), {"content-type": kind}
        answer = httpx2.post(f"{service}/v1/{path}/import", content=body, headers=headers)
        assert answer.json()["rejected"] == 0, answer.text

    def ask(door: str, **body: object) -> dict[str, Any]:
        return httpx2.post(f"{service}/v1/{door}", json=body).json()

    return ask


def without_id(answer: dict[str, Any]) -> dict[str, Any]:
    """Leave out what no two decisions share, and opaque ids of records."""
    text = json.loads(json.dumps(answer))
    text.pop("decision_id")
    for step in text.get("steps", ()):
        for key in ("record", "source"):
            step["detail"].pop(key, None)
    return text


@pytest.mark.parametrize("door", ["decide", "explain"])
@pytest.mark.parametrize("charger", ["LDN-01", "GATE", "NOWHERE"])
@pytest.mark.parametrize("instant", INSTANTS)
def test_offline_answers_are_the_services(
    cli: Callable[..., Ended], asked: Callable[..., dict[str, Any]], door: str, charger: str, instant: str
) -> None:
    for identifier in IDENTIFIERS if charger == "LDN-01" else IDENTIFIERS[:2]:
        kind = "pin" if identifier == "4711" else "rfid"
        ended = cli(door, charger, "-", *TREE, *RECORDS, "--at", instant, "--type", kind, "--json", stdin=identifier)
        assert ended.code == 0, ended.err
        online = asked(door, charger=charger, identifier=identifier, identifier_type=kind, time=instant, record=False)
        assert without_id(json.loads(ended.out)) == without_id(online)


def test_a_denial_in_a_few_lines(cli: Callable[..., Ended], golden: Callable[[str, str], None]) -> None:
    ended = cli("decide", "LDN-01", "-", *TREE, *RECORDS, *NIGHT, stdin="11:22:33:44:55:77\n")
    assert ended.code == 0
    golden("decide-denied.txt", ended.out)


def test_an_explanation_step_by_step(cli: Callable[..., Ended], golden: Callable[[str, str], None]) -> None:
    ended = cli("explain", "LDN-01", "-", *TREE, *RECORDS, *NIGHT, stdin="11:22:33:44:55:77\n")
    assert ended.code == 0
    golden("explain-denied.txt", ended.out)


@pytest.mark.parametrize("asked", [("decide", "NTH-01", "--policies"), ("test",)])
def test_findings_of_a_tree_are_placed_where_the_caller_stands(
    cli: Callable[..., Ended], tmp_path: Path, asked: tuple[str, ...]
) -> None:
    (tmp_path / "depot.yaml").write_text("apiVersion: policy-service/v1\nkind: Calender\n", encoding="utf-8")
    ended = cli(*asked, str(tmp_path))
    assert ended.code == ExitCode.FINDINGS
    assert f" --> {tmp_path}/depot.yaml:2:7\n" in ended.err
    assert "2 | kind: Calender" in ended.err


def test_where_nobody_may_charge_no_import_lets_a_stranger_in(cli: Callable[..., Ended]) -> None:
    asked = ("NTH-01", "--policies", str(POLICIES), "--class", "unknown", "--json")
    closed = json.loads(cli("explain", *asked, "--at", "2026-12-01 09:30").out)  # the test of the feeder: `allow: []`
    night = json.loads(cli("explain", *asked, "--at", "2026-12-01 22:30").out)
    told = "import the identifier for an own or agreement vehicle"
    assert (closed["window"], night["window"]) == ("feeder-test", "weeknights")
    assert (closed["nearest_allow"]["change"], night["nearest_allow"]["change"]) == (told, told)
    assert closed["nearest_allow"]["then"] == "write a grant: under the rule in force nobody may charge"
    assert "then" not in night["nearest_allow"]


@pytest.mark.parametrize("door", ["decide", "explain"])
@pytest.mark.parametrize("form", [(), ("--json",)])
@pytest.mark.parametrize("identifier", ["04:A2:B3:C4:D5:E6:80", "11:22:33:44:55:77", "4711", "DEADBEEF"])
def test_no_output_shows_an_identifier(
    cli: Callable[..., Ended], door: str, form: tuple[str, ...], identifier: str
) -> None:
    given = cli(door, "LDN-01", identifier, *TREE, *RECORDS, *NIGHT, *form)
    read = cli(door, "LDN-01", "-", *TREE, *RECORDS, *NIGHT, *form, stdin=identifier)
    assert given.code == read.code == 0
    shown = without_ids(given.out + given.err + read.out + read.err).upper()
    assert not any(form in shown for form in SENSITIVE)


@pytest.mark.parametrize("identifier", ["X" * 300, "A\x07B"])
def test_what_cannot_be_an_identifier_is_refused_unseen(cli: Callable[..., Ended], identifier: str) -> None:
    ended = cli("decide", "LDN-01", "-", *TREE, *NIGHT, stdin=identifier)
    assert ended.code == ExitCode.USAGE
    assert identifier not in ended.err


def test_standard_input_that_is_no_text_is_refused(cli: Callable[..., Ended]) -> None:
    ended = cli("decide", "LDN-01", "-", *TREE, *NIGHT, stdin=b"\xff\xfe")
    assert ended.code == ExitCode.USAGE
    assert "not UTF-8" in ended.err


def test_a_vehicle_can_be_described_instead(cli: Callable[..., Ended]) -> None:
    truck = ("--class", "agreement", "--agreement", "haul-1", "--attribute")
    low = json.loads(cli("decide", "LDN-01", *TREE, *NIGHT, *truck, "height_m=4.1", "--json").out)
    tall = json.loads(cli("decide", "LDN-01", *TREE, *NIGHT, *truck, "height_m=4.3", "--json").out)
    assert (low["reason"], tall["reason"]) == ("agreement_vehicle", "not_granted")
    unknown = json.loads(cli("decide", "LDN-01", *TREE, *NIGHT, "--class", "unknown", "--json").out)
    assert unknown["reason"] == "unknown_identifier"


@pytest.mark.parametrize("truck", [("own",), ("agreement", "--agreement", "haul-1")])
def test_a_fleet_that_is_not_described_is_left_open(
    cli: Callable[..., Ended], tmp_path: Path, truck: tuple[str, ...]
) -> None:
    text = (HERE / "trees/sound/depot.yaml").read_text(encoding="utf-8")
    for grant in ("class: own", "class: agreement"):
        text = text.replace(f"- {grant}\n", f'- {grant}\n      when: vehicle.fleet != "metro"\n', 1)
    (tmp_path / "depot.yaml").write_text(text.replace("      when: vehicle.height_m < 4.2\n", ""), encoding="utf-8")
    asked = ("explain", "LDN-01", "--policies", str(tmp_path), *NIGHT, "--class", *truck)
    ended = cli(*asked)
    assert f"vehicle as described, {truck[0]}: in good standing" in ended.out
    assert "not_granted" in ended.out
    named = cli(*asked, "--fleet", "haul")
    assert f"vehicle as described, {truck[0]}, fleet haul: in good standing" in named.out
    assert "not_granted" not in named.out


@pytest.mark.parametrize(
    ("described", "told"),
    [
        (("--attribute", "knd=bus"), "--attribute knd is not declared as an attribute; did you mean `kind`?"),
        (("--attribute", "height_m=tall"), "--attribute height_m must be a number"),
        (
            ("--agreement", "haul-1"),
            "--agreement goes with class agreement only\n  help: leave it out, or ask for --class agreement\n",
        ),
    ],
)
def test_what_is_wrong_with_a_description_is_told_by_its_flag(
    cli: Callable[..., Ended], described: tuple[str, ...], told: str
) -> None:
    assert (
        f"error: there can be no such vehicle: {told}"
        in cli("decide", "LDN-01", *TREE, "--class", "own", *described).err
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("--class", "own", "--attribute", "colour=red"),
        ("--class", "own", "--attribute", "height_m=tall"),
        ("--class", "own", "--attribute", "height_m"),
        ("--class", "agreement"),
        ("--class", "own", "--agreement", "haul-1"),
        ("--class", "unknown", "--fleet", "buses"),
        ("--fleet", "buses"),
        ("ABCDEF01", "--class", "own"),
        ("--at", "yesterday"),
        ("--at", "2026-06-31 12:00"),
        ("--at", "2026-06-01 25:00"),
        ("--at", "9999-12-31T00:00:00Z"),
        ("--at", "0001-01-01 00:00"),
        ("--at", "9999-12-31 23:59"),
        ("--identifiers", "nowhere.ndjson"),
        ("--policies", "nowhere"),
    ],
)
def test_a_question_that_makes_no_sense_is_told_with_help(
    cli: Callable[..., Ended], arguments: tuple[str, ...]
) -> None:
    ended = cli("decide", "LDN-01", *TREE, *arguments)
    assert ended.code == ExitCode.USAGE
    assert ended.err.startswith("error: ")
    assert "  help: " in ended.err
    assert "ABCDEF01" not in ended.err


@pytest.mark.parametrize(
    ("local", "instant", "remark"),
    [
        ("2026-06-01 22:30", "2026-06-01T21:30:00Z", ""),
        ("2026-06-01", "2026-05-31T23:00:00Z", ""),
        ("2026-03-29 01:30", "2026-03-29T01:30:00Z", "skip that time"),
        ("2026-10-25 01:30", "2026-10-25T00:30:00Z", "comes twice"),
    ],
)
def test_a_local_time_is_that_of_the_policys_zone(
    cli: Callable[..., Ended], local: str, instant: str, remark: str
) -> None:
    ended = cli("decide", "LDN-01", *TREE, "--at", local, "--json")
    assert json.loads(ended.out)["time"] == instant
    assert (remark in ended.err) if remark else not ended.err


def test_without_identifiers_it_is_noted_that_none_can_be_known(cli: Callable[..., Ended]) -> None:
    blind = cli("explain", "LDN-01", "-", *TREE, *NIGHT, stdin="DEADBEEF")
    assert "no --identifiers were given, so every identifier is unknown here" in blind.err
    assert "`policy-service why LDN-01`" in blind.err
    for arguments in (("-", *RECORDS), ("--class", "unknown"), ()):
        assert not cli("explain", "LDN-01", *arguments, *TREE, *NIGHT, stdin="12EE34AA").err


def test_a_denial_can_end_a_script(cli: Callable[..., Ended]) -> None:
    assert cli("decide", "LDN-01", *TREE, *NIGHT, "--exit-code").code == ExitCode.DENIED
    assert cli("decide", "LDN-01", *TREE, "--at", "2026-06-01T12:00:00Z", "--exit-code").code == ExitCode.OK


def test_a_misspelt_charger_is_answered_with_the_right_one(cli: Callable[..., Ended]) -> None:
    assert "unknown_charger" in cli("decide", "LDN-1", *TREE).out
    for said in ("LDN-1", "ldn01", "LDN 1"):
        assert "(did you mean LDN-01?)" in cli("decide", said, *TREE).out
    assert "(did you mean LDN-01 or LDN-02?)" in cli("decide", "LDM-01", *TREE).out


def test_rejected_lines_of_records_are_told_beside_the_answer(cli: Callable[..., Ended], tmp_path: Path) -> None:
    records = tmp_path / "records.csv"
    records.write_text(
        "identifier,type,class,vehicle,fleet\nDEADBEEF,rfdi,own,bus,buses\nDEADBEEF,rfid,own,bus,buses\n"
    )
    ended = cli("decide", "LDN-01", "-", *TREE, *NIGHT, "--identifiers", str(records), "--json", stdin="DEADBEEF")
    assert json.loads(ended.out)["reason"] == "own_vehicle"
    assert ":2: /type must be one of" in ended.err
    assert "1 lines rejected, 1 taken" in ended.err
    assert "DEADBEEF" not in ended.err


def test_a_broken_tree_answers_nothing_and_tells_its_findings(cli: Callable[..., Ended]) -> None:
    ended = cli("decide", "LDN-01", "--policies", "trees/broken")
    assert (ended.code, ended.out) == (ExitCode.FINDINGS, "")
    assert "Europe/Londn" in ended.err
    assert "policy-service check trees/broken" in ended.err
