"""Timelines for calendars and as pictures, each read by somebody else's parser; and holidays."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from icalendar import Calendar

from policy_service.entrypoints.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ended import Ended

TREE = ("--policies", "trees/sound")
SPRING = ("--from", "2026-03-28", "--days", "5")
SVG = "{http://www.w3.org/2000/svg}"


def events_of(text: str) -> list[Any]:
    calendar: Any = Calendar.from_ical(text)
    return list(calendar.walk("VEVENT"))


def test_a_calendar_holds_what_the_schedule_holds(cli: Callable[..., Ended]) -> None:
    text = cli("schedule", "LDN-01", *TREE, *SPRING, "--ics").out
    segments = json.loads(cli("schedule", "LDN-01", *TREE, *SPRING, "--json").out)["segments"]
    expected = [
        (each["start"], each["end"], f"{each['mode']}: {each['window']}") for each in segments if each["window"]
    ]
    events = events_of(text)
    found = [
        (f"{event['DTSTART'].dt:%Y-%m-%dT%H:%M:%SZ}", f"{event['DTEND'].dt:%Y-%m-%dT%H:%M:%SZ}", str(event["SUMMARY"]))
        for event in events
    ]
    assert found == expected
    assert all(event.errors == [] for event in events)
    assert len({str(event["UID"]) for event in events}) == len(events)
    assert "agreement haul-* when vehicle.height_m < 4.2" in str(events[0]["DESCRIPTION"])
    lines = text.split("\r\n")
    assert all(len(line.encode()) <= 75 and "\n" not in line for line in lines)


def test_a_calendar_read_again_replaces_its_events(cli: Callable[..., Ended]) -> None:
    def uids(*days: str) -> set[str]:
        text = cli("schedule", "--label", "depot:london", *TREE, *days, "--ics").out
        return {str(event["UID"]) for event in events_of(text)}

    week, later = uids("--from", "2026-06-01"), uids("--from", "2026-06-03")
    assert len(week & later) >= 4


def test_a_picture_is_told_in_words_and_runs_nothing(cli: Callable[..., Ended]) -> None:
    root = ET.fromstring(cli("schedule", "--label", "depot:london", *TREE, *SPRING, "--svg").out)  # noqa: S314 - ours
    assert root.tag == f"{SVG}svg"
    alone = cli("schedule", "LDN-01", *TREE, *SPRING, "--svg").out
    assert "When LDN-01 is open to everyone" in alone
    ids = {str(each.get("id")): each for each in root.iter() if each.get("id")}
    assert [ids[name].tag for name in str(root.get("aria-labelledby")).split()] == [f"{SVG}title", f"{SVG}desc"]
    assert "Mon 2026-03-30 09:15 to Mon 2026-03-30 11:00 managed (maintenance)." in str(ids["desc"].text)
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= {"svg", "title", "desc", "g", "rect", "text"}
    assert not [name for each in root.iter() for name in each.attrib if name.startswith("on") or "href" in name]
    texts = [str(each.text) for each in root.iter(f"{SVG}text")]
    assert any("23 h" in text for text in texts), "the day of the clock change says so"
    bars = [each for each in root.iter(f"{SVG}rect") if each.get("stroke")]
    assert all(float(str(bar.get("x"))) + float(str(bar.get("width"))) <= float(str(root.get("width"))) for bar in bars)


def test_a_charger_without_a_policy_is_a_picture_too(cli: Callable[..., Ended]) -> None:
    root = ET.fromstring(cli("schedule", "GATE", *TREE, *SPRING, "--svg").out)  # noqa: S314 - ours
    assert "GATE: no policy governs" in [each.text for each in root.iter(f"{SVG}text")]


def test_one_way_of_writing_at_a_time(cli: Callable[..., Ended]) -> None:
    assert cli("schedule", "LDN-01", *TREE, "--ics", "--svg").code == ExitCode.USAGE


def test_holidays_are_those_of_policies(cli: Callable[..., Ended]) -> None:
    ended = cli("holidays", "AU-VIC", "--year", "2027")
    assert ended.code == ExitCode.OK
    assert "2027-04-25 Sun  ANZAC Day" in ended.out.splitlines()
    told = json.loads(cli("holidays", "AU-VIC", "--year", "2027", "--json").out)
    assert (told["region"], told["year"], len(told["holidays"])) == ("AU-VIC", 2027, len(ended.out.splitlines()))


@pytest.mark.parametrize(
    ("region", "hint"),
    [
        ("AU-VCI", "did you mean `AU-VIC`?"),
        ("DE-XX", "help: known are `DE`, "),
        ("XQ", "help: write COUNTRY"),
        ("Berlin", "did you mean `DE-BE`?"),
        ("DE-Berlin", "did you mean `DE-BE`?"),
        ("AT-Berlin", "help: known are `AT`, "),
        ("New Zealand", "did you mean `NZ`?"),
        ("Georgia", "did you mean `GE` or `US-GA`?"),
    ],
)
def test_an_unknown_region_is_guessed(cli: Callable[..., Ended], region: str, hint: str) -> None:
    ended = cli("holidays", region, "--year", "2027")
    assert ended.code == ExitCode.USAGE
    assert hint in ended.err


def test_holidays_of_another_release_can_be_compared(cli: Callable[..., Ended], tmp_path: Path) -> None:
    told = json.loads(cli("holidays", "AU-VIC", "--year", "2027", "--json").out)
    told["holidays"] = [each for each in told["holidays"] if each["date"] != "2027-01-26"]
    (tmp_path / "old.json").write_text(json.dumps(told), encoding="utf-8")
    shipped = "../../policies"
    span = ("--from", "2027-01-01T00:00Z", "--days", "60")
    ended = cli("diff", shipped, shipped, *span, "--old-holidays", str(tmp_path / "old.json"), "--format", "json")
    changes = json.loads(ended.out)["changes"]
    assert {each["start"][:10] for each in changes} <= {"2027-01-25", "2027-01-26"}
    assert {each["charger"][:3] for each in changes} == {"NTH"}
    (tmp_path / "old.json").write_text("[]", encoding="utf-8")
    assert cli("diff", shipped, shipped, "--old-holidays", str(tmp_path / "old.json")).code == ExitCode.USAGE
