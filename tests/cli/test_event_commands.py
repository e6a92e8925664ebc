"""Access events by command: listed, counted and shown."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from fakes.follower import WITHIN_S, following
from fakes.keyed import keys, stored
from fakes.served import POLICIES, eventually, serving
from nightly import AUCKLAND, MELBOURNE, NIGHT, decided

from policy_service.application.commands.manage_keys import WantedKey
from policy_service.domain.caller import Scope
from policy_service.entrypoints.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ended import Ended
    from fakes.served import Served

    Events = Callable[..., Ended]

BUS = {"identifier": "04A2B3C4D5E681", "type": "rfid", "class": "own", "vehicle": "bus-17", "fleet": "north"}
CROWD = "NTH-06"
NOWHERE = "http://127.0.0.1:9"


class Recorded(NamedTuple):
    """A service with events of which the tests know everything."""

    node: Served
    north: str
    bus: str
    harbour: str


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    with serving(POLICIES, tmp_path_factory.mktemp("state")) as node:
        assert node.client.put(f"/v1/identifiers/{'a' * 32}", json=BUS).is_success
        ids = [
            decided(node, "NTH-07", "04C20000000001", transaction_id="tx-1"),
            decided(node, "NTH-08", BUS["identifier"]),
            decided(node, "AKL-01", "04C20000000002"),
        ]
        yield Recorded(node, *ids)


@pytest.fixture
def events(cli: Callable[..., Ended], recorded: Recorded) -> Events:
    """Run ``events`` against that service."""
    return lambda *arguments: cli("events", *arguments, "--url", recorded.node.url)


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve more events of one charger than stand on a page."""
    with serving(POLICIES, tmp_path_factory.mktemp("crowded")) as node:
        for count in (1000, 203):
            asked = [{"charger": CROWD, "identifier": f"04C3{number:010X}", "time": NIGHT} for number in range(count)]
            assert node.client.post("/v1/decide/batch", json={"requests": asked}).is_success
        yield node


def _ids(listed: Ended) -> list[str]:
    assert listed.code == 0, listed
    return [event["decision_id"] for event in json.loads(listed.out)["events"]]


def _an_hour_ago(zone: str) -> str:
    return (datetime.now(ZoneInfo(zone)) - timedelta(hours=1)).strftime("%Y-%m-%d %H:%M")


def test_a_list_is_in_columns_the_latest_first_by_the_depots_clocks(events: Events, recorded: Recorded) -> None:
    listed = events("list")
    assert listed.code == 0, listed
    heading, *lines = listed.out.splitlines()
    assert heading.split() == ["time", "charger", "outcome", "reason", "class", "vehicle", "decision"]
    assert [line[:25] for line in lines] == [AUCKLAND, MELBOURNE, MELBOURNE]
    assert [line.split()[-1] for line in lines] == [recorded.harbour, recorded.bus, recorded.north]
    assert [line.split()[2] for line in lines] == ["AKL-01", "NTH-08", "NTH-07"]
    assert [line.split()[6] for line in lines] == ["…0002", "bus-17", "…0001"]
    starts = {line.index(line.split()[-1]) for line in lines} | {heading.index("decision")}
    assert len(starts) == 1
    assert listed.err == "3 events\n"
    assert "04C2" not in listed.out


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (("--charger", "NTH-07"), ["north"]),
        (("--label", "depot:auckland"), ["harbour"]),
        (("--vehicle-class", "own"), ["bus"]),
        (("--vehicle", "bus-17"), ["bus"]),
        (("--fleet", "north"), ["bus"]),
        (("--transaction", "tx-1"), ["north"]),
        (("--policy", "north-depot"), ["bus", "north"]),
        (("--reason", "unknown_identifier"), ["harbour", "north"]),
        (("--outcome", "access_denied", "--charger", "AKL-01"), ["harbour"]),
        (("--type", "access.denied", "--charger", "NTH-07"), ["north"]),
        (("--from", "2020-01-01T00:00:00Z", "--label", "depot:north"), ["bus", "north"]),
        (("--to", "2020-01-01T00:00:00Z"), []),
        (("--limit", "2"), ["harbour", "bus"]),
    ],
)
def test_filters_leave_what_they_name(
    events: Events, recorded: Recorded, filters: tuple[str, ...], found: list[str]
) -> None:
    assert _ids(events("list", *filters, "--json")) == [getattr(recorded, name) for name in found]


def test_a_time_without_offset_is_by_the_clock_of_the_chargers_that_are_asked_about(
    events: Events, recorded: Recorded
) -> None:
    melbourne = ("list", "--label", "depot:north", "--json", "--from", _an_hour_ago("Australia/Melbourne"))
    assert _ids(events(*melbourne)) == [recorded.bus, recorded.north]
    assert _ids(events("list", "--charger", "AKL-01", "--json", "--to", _an_hour_ago("Pacific/Auckland"))) == []
    unclear = events("list", "--from", "2026-11-24 22:00")
    assert unclear.code == ExitCode.USAGE
    assert "by which clock" in unclear.err
    no_time = events("list", "--from", "yesterday")
    assert no_time.code == ExitCode.USAGE
    assert "not an RFC 3339 instant" in no_time.err


def test_a_time_is_listed_as_it_can_be_typed(events: Events) -> None:
    listed = events("list", "--charger", "NTH-07").out.splitlines()[1]
    assert events("list", "--from", listed[:25], "--to", "2199-01-01T00:00Z").code == 0


def test_nothing_found_is_said_beside_the_answer(events: Events, recorded: Recorded) -> None:
    nothing = events("list", "--charger", "nth-07")
    assert (nothing.code, nothing.out) == (0, "")
    assert nothing.err == "no event is on record that fits (ids are case-sensitive)\n"
    as_json = events("list", "--charger", "nth-07", "--json")
    assert json.loads(as_json.out) == {"events": []}
    typo = "note: no charger has the label `depot:nort`; did you mean `depot:north`?\n"
    assert events("list", "--label", "depot:nort").err == nothing.err + typo
    assert events("list", "--label", "depot:nort", "--json").err == nothing.err + typo
    assert events("list", "--label", "depot:north", "--reason", "no_policy").err == nothing.err
    assert events("summary", "--label", "depot:nort").err.endswith(f" (ids are case-sensitive)\n{typo}")
    with following(recorded.node.url, "--label", "depot:nort") as follower:
        eventually(lambda: typo.rstrip() in follower.err, within=WITHIN_S)
    counted = events("summary", "--charger", "nth-07")
    assert (counted.code, counted.out) == (0, "")
    assert counted.err.startswith("no event is on record that fits, from ")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("list", "--limit", "1", "--all"), "--limit and --all both say how many"),
        (("list", "--json", "--csv"), "--json and --csv both say how to write"),
        (("list", "--limit", "0"), "--limit"),
        (("list", "--reason", "bad_luck"), "unknown_identifier"),
        (("list", "--label", "depot"), "write it like --label depot:north"),
        (("list", "--label", "depot:north", "--label", "row:a"), "here one label can be given"),
        (("list", "--from", "2026-02-01T00:00Z", "--to", "2026-01-01T00:00Z"), "--from must lie before --to"),
        (("list", "--charger", "NTH-07", "--from", "yesterday"), "not an RFC 3339 instant"),
        (("summary", "--group-by", "moon"), "reason"),
        (("follow", "--label", "depot"), "write it like --label depot:north"),
    ],
)
def test_what_makes_no_sense_is_told_with_what_would(events: Events, words: tuple[str, ...], told: str) -> None:
    ended = events(*words)
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")
    assert told in ended.err


@pytest.mark.parametrize(
    ("flags", "count", "told"),
    [
        ((), 20, "the latest 20 events; for more give --limit 200, or --all\n"),
        (("--limit", "1100"), 1100, "the latest 1100 events; for more give --limit 11000, or --all\n"),
        (("--all",), 1203, "1203 events\n"),
    ],
)
def test_lists_of_any_length_are_put_together_from_pages(
    cli: Callable[..., Ended], crowded: Served, flags: tuple[str, ...], count: int, told: str
) -> None:
    asked = ("events", "list", "--charger", CROWD, *flags, "--url", crowded.url)
    ids = _ids(cli(*asked, "--json"))
    assert (len(ids), len(set(ids))) == (count, count)
    lines = cli(*asked)
    assert [line.split()[-1] for line in lines.out.splitlines()[1:]] == ids
    assert lines.err == told
    as_csv = cli(*asked, "--csv")
    assert [row["decision_id"] for row in csv.DictReader(io.StringIO(as_csv.out))] == ids
    assert as_csv.err == ("" if "--all" in flags else told)


def test_csv_holds_what_the_service_exports(events: Events, recorded: Recorded) -> None:
    exported = recorded.node.client.get("/v1/events", headers={"Accept": "text/csv"})
    listed = events("list", "--csv")
    assert listed.out.splitlines() == exported.text.splitlines()


def test_events_are_counted_with_their_shares(events: Events) -> None:
    counted = events("summary", "--group-by", "depot")
    assert counted.code == 0, counted
    heading, *lines = counted.out.splitlines()
    assert heading.split() == ["depot", "events", "denied", "share"]
    assert [line.split()[:2] for line in lines] == [["north", "2"], ["auckland", "1"]]
    assert [line.split()[3] for line in lines] == ["66.7", "33.3"]
    assert [len(line.split()[-1]) for line in lines] == [30, 15]
    assert counted.err.startswith("3 events, ")
    asked = ("summary", "--group-by", "hour", "--json", "--from", "2020-01-01T00:00Z")
    found = json.loads(events(*asked).out)
    assert sum(group["count"] for group in found["groups"]) == 3
    assert found["from"] == "2020-01-01T00:00:00Z"


def test_days_are_those_of_the_clock_that_is_asked_for(events: Events) -> None:
    for zone in ("UTC", "Asia/Kolkata"):
        counted = events("summary", "--group-by", "day", "--timezone", zone, "--from", "2020-01-01T00:00Z")
        days = {line.split()[0] for line in counted.out.splitlines()[1:]}
        now = datetime.now(ZoneInfo(zone))
        assert days <= {f"{now - timedelta(days=1):%Y-%m-%d}", f"{now:%Y-%m-%d}"}
        assert counted.err.endswith(f"; days by the clock of {zone}\n")
    hour = events("summary", "--group-by", "hour", "--timezone", "Asia/Kolkata").out.splitlines()[1]
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:00:00\+05:30 ", hour)
    unknown = events("summary", "--group-by", "day", "--timezone", "Europe/Berlyn")
    assert (unknown.code, unknown.out) == (ExitCode.USAGE, "")
    assert "did you mean `Europe/Berlin`?" in unknown.err


def test_one_event_is_shown_as_why_shows_it(cli: Callable[..., Ended], events: Events, recorded: Recorded) -> None:
    shown = events("show", recorded.north)
    assert shown.code == 0, shown
    assert shown.out == cli("why", "--event", recorded.north, "--url", recorded.node.url).out
    assert "unknown_identifier" in shown.out
    told: dict[str, Any] = json.loads(events("show", recorded.north, "--json").out)
    explanation = told.pop("explanation")
    assert told == recorded.node.client.get(f"/v1/events/{recorded.north}").json()
    assert explanation["missing"] is None


@pytest.mark.parametrize("name", ["019b2c1e-7a00-7000-8000-3f9d2c41aa07", "nonsense", "../policies"])
def test_a_decision_that_is_not_on_record_is_a_problem(events: Events, name: str) -> None:
    assert events("show", name).code == ExitCode.REFUSED


@pytest.mark.parametrize("words", [("list",), ("summary",), ("show", "some"), ("follow",), ("follow", "--json")])
def test_without_a_service_it_says_how_to_start_one(cli: Callable[..., Ended], words: tuple[str, ...]) -> None:
    ended = cli("events", *words, "--url", NOWHERE)
    assert (ended.code, ended.out) == (ExitCode.UNREACHABLE, "")
    assert "policy-service serve" in ended.err


def test_a_key_sees_its_own_chargers_and_one_of_another_scope_none(cli: Callable[..., Ended], tmp_path: Path) -> None:
    every, bound, other = stored(
        tmp_path,
        WantedKey("all", frozenset({Scope.ADMIN})),
        WantedKey("south", frozenset({Scope.READ}), labels=(("depot", ("auckland",)),)),
        WantedKey("csms", frozenset({Scope.DECIDE})),
    )
    files = {name: tmp_path / name for name in ("bound", "other")}
    files["bound"].write_text(bound)
    files["other"].write_text(other)
    with serving(POLICIES, tmp_path) as node:
        for charger in ("NTH-07", "AKL-01"):
            asked = {"charger": charger, "identifier": "04C2FF", "time": NIGHT}
            assert node.bringing(every).post("/v1/decide", json=asked).is_success
        seen = cli("events", "list", "--url", node.url, "--key-file", str(files["bound"]))
        assert (seen.code, seen.err) == (0, "1 event\n")
        assert seen.out.splitlines()[1].startswith("2026-11-24 11:15:00Z       AKL-01")
        for words in (("list",), ("summary",), ("follow", "--json"), ("list", "--csv")):
            for flags, told in (((), "--key-file"), (("--key-file", str(files["other"])), "may not do this")):
                refused = cli("events", *words, "--url", node.url, *flags)
                assert (refused.code, refused.out) == (ExitCode.REFUSED, "")
                assert told in refused.err
        with following(node.url, "--json", "--key-file", str(files["bound"])) as follower:
            assert keys(tmp_path, "revoke", "south").returncode == 0
            assert follower.ended() == ExitCode.REFUSED
            assert "answered 401" in follower.err[-2]


@pytest.mark.parametrize("flags", [(), ("--json",), ("--csv",)])
def test_a_reader_that_goes_away_ends_it_quietly(crowded: Served, flags: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "policy_service", "events", "list", "--all", *flags, "--url", crowded.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603 - our own
        assert process.stdout is not None
        assert process.stderr is not None
        assert os.read(process.stdout.fileno(), 1)
        process.stdout.close()
        told = process.stderr.read()
        assert (process.wait(WITHIN_S), told) == (ExitCode.CLOSED_PIPE, b"")
