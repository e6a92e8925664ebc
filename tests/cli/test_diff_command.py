from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from policy_service.domain.instant import parse_instant
from policy_service.engine.zone import Zone
from policy_service.entrypoints.cli.charger_ranges import charger_ranges
from policy_service.entrypoints.cli.exit_codes import ExitCode
from policy_service.entrypoints.cli.occasions import occasions

if TYPE_CHECKING:
    from collections.abc import Callable

    from ended import Ended

DASH = "\N{EN DASH}"
FROM = ("--from", "2026-06-01T00:00Z")


@pytest.fixture
def edited(tmp_path: Path) -> Path:
    """Return the sound tree with a shorter night, another height, and one charger more."""
    return edit(
        tmp_path / "edited",
        ("end: 06:00", "end: 05:00"),
        ("height_m < 4.2", "height_m < 4.0"),
        ("    - {id: GATE,", "    - {id: LDN-03, labels: {depot: london}}\n    - {id: GATE,"),
    )


def edit(directory: Path, *changes: tuple[str, str]) -> Path:
    shutil.copytree(Path(__file__).parent / "trees/sound", directory)
    text = (directory / "depot.yaml").read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    (directory / "depot.yaml").write_text(text, encoding="utf-8")
    return directory


@pytest.mark.parametrize("written", ["human", "markdown"])
def test_changes_are_told_in_sentences(
    cli: Callable[..., Ended], golden: Callable[[str, str], None], edited: Path, written: str
) -> None:
    ended = cli("diff", "trees/sound", str(edited), *FROM, "--format", written)
    assert ended.code == 0
    golden(f"diff-{written}.txt", ended.out)


def test_a_start_without_an_offset_is_by_the_clock_of_the_depot(cli: Callable[..., Ended], edited: Path) -> None:
    ended = cli("diff", "trees/sound", str(edited), "--from", "2026-06-01 10:00", "--days", "2")
    over = "from Mon 2026-06-01 10:00 to Wed 2026-06-03 10:00 Europe/London; all times by that clock"
    assert ended.out.splitlines()[-1].endswith(f" changes at 3 chargers {over}")
    skipped = cli("diff", "trees/sound", str(edited), "--from", "2026-03-29 01:30", "--days", "1")
    assert "note: clocks skip that time in Europe/London" in skipped.err


def test_where_depots_keep_several_zones_each_line_names_its_own(cli: Callable[..., Ended], tmp_path: Path) -> None:
    text = (Path(__file__).parent / "trees/mixed/yards.yaml").read_text(encoding="utf-8")
    (tmp_path / "yards.yaml").write_text(text.replace("managed", "freevend"), encoding="utf-8")
    ended = cli("diff", "trees/mixed", str(tmp_path), *FROM, "--days", "2")
    assert [line.split(": ")[0] for line in ended.out.splitlines()[:-1]] == [
        "EAST-1, GATE-1 (Europe/London)",
        "WEST-1 (America/New_York)",
    ]
    assert ended.out.splitlines()[-1].endswith("from Mon 2026-06-01 00:00 to Wed 2026-06-03 00:00 UTC")
    unclear = cli("diff", "trees/mixed", str(tmp_path), "--from", "2026-06-01 10:00")
    assert unclear.code == ExitCode.USAGE
    assert "write it with an offset" in unclear.err


def test_changes_as_json_are_intervals_in_utc(cli: Callable[..., Ended], edited: Path) -> None:
    told: dict[str, Any] = json.loads(
        cli("diff", "trees/sound", str(edited), *FROM, "--days", "2", "--format", "json").out
    )
    opened = [each for each in told["changes"] if each["charger"] == "LDN-01" and each["vehicle_class"] == "unknown"]
    managed, freevend = {"mode": "managed", "outcome": "access_denied"}, {"mode": "freevend", "outcome": "allowed"}
    assert opened == [
        {
            "charger": "LDN-01",
            "vehicle_class": "unknown",
            "agreement": None,
            "start": f"2026-06-0{day}T04:00:00Z",
            "end": f"2026-06-0{day}T05:00:00Z",
            "before": managed,
            "after": freevend,
        }
        for day in (1, 2)
    ]
    assert {each["before"] is None for each in told["changes"] if each["charger"] == "LDN-03"} == {True}
    tall = [each for each in told["changes"] if each["agreement"] == "haul-1" and each["after"]["mode"] == "managed"]
    assert tall[0]["before"]["when"] == [{"condition": "vehicle.height_m < 4.2", "given": {}}]


@pytest.mark.parametrize(("other", "code"), [("trees/sound", ExitCode.OK), ("edited", ExitCode.FINDINGS)])
def test_the_exit_code_tells_where_asked(cli: Callable[..., Ended], edited: Path, other: str, code: ExitCode) -> None:
    side = str(edited) if other == "edited" else other
    assert cli("diff", "trees/sound", side, *FROM, "--exit-code").code == code
    assert cli("diff", "trees/sound", side, *FROM).code == ExitCode.OK


def test_revisions_of_git_are_compared_without_touching_the_working_tree(
    cli: Callable[..., Ended], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    depot = edit(tmp_path / "site/policies")
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "before")
    text = (depot / "depot.yaml").read_text(encoding="utf-8")
    (depot / "depot.yaml").write_text(text.replace("end: 06:00", "end: 05:00"), encoding="utf-8")
    git(tmp_path, "commit", "--quiet", "--all", "--message", "after")
    (depot / "depot.yaml").write_text("not: [even", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    ended = cli("diff", "main~1", "main", "--policies", str(depot), *FROM)
    assert "LDN-01, LDN-02: every day 05:00-06:00 open to everyone from 2026-06-01" in ended.out.replace(DASH, "-")
    assert cli("diff", "main", f"main:{depot}", "-p", str(depot), *FROM, "--exit-code").code == ExitCode.OK
    assert (depot / "depot.yaml").read_text(encoding="utf-8") == "not: [even"
    broken = cli("diff", "main", "-p", str(depot), *FROM)
    assert broken.code == ExitCode.USAGE
    assert "PS002" in broken.err
    nowhere = cli("diff", "no-such-branch", "main", "-p", str(depot))
    assert nowhere.code == ExitCode.USAGE
    assert "`no-such-branch` is no directory" in nowhere.err


def git(at: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=Depot", "-c", "user.email=depot@example.com")
    subprocess.run(["git", *identity, *arguments], cwd=at, check=True)  # noqa: S603, S607 - ours


def event(time: str, outcome: str, reason: str, **changed: object) -> str:
    told = {"type": "access.denied" if outcome == "access_denied" else "access.allowed", "charger": "LDN-01"}
    told |= {"time": time, "outcome": outcome, "reason": reason, "vehicle_class": "unknown", "agreement": None}  # type: ignore[dict-item]
    return json.dumps({**told, **changed})


def test_recorded_decisions_are_asked_again(cli: Callable[..., Ended], edited: Path, tmp_path: Path) -> None:
    haul = {"vehicle_class": "agreement", "agreement": "haul-1", "vehicle": "truck 7"}
    recorded = tmp_path / "events.ndjson"
    recorded.write_text(
        "\n".join(
            [
                event("2026-06-02T04:30:00Z", "access_denied", "unknown_identifier"),
                event("2026-06-02T03:30:00Z", "access_denied", "unknown_identifier"),
                event("2026-06-02T03:30:00Z", "allowed", "agreement_vehicle", **haul),
                event("2026-06-02T03:30:00Z", "access_denied", "identifier_blocked", vehicle_class="own"),
                json.dumps(
                    {"specversion": "1.0", "data": json.loads(event("2026-06-02T12:00:00Z", "allowed", "freevend"))}
                ),
            ]
        ),
        encoding="utf-8",
    )
    ended = cli("diff", "trees/sound", str(edited), *FROM, "--days", "1", "--replay", str(recorded))
    assert ended.err.splitlines() == [
        "replay: 2026-06-02T04:30:00Z LDN-01 unknown: access_denied (unknown_identifier), now allowed",
        "replay: 1 of 5 decisions would differ; of 1 the events do not tell enough",
    ]
    recorded.write_text("{}\n", encoding="utf-8")
    refused = cli("diff", "trees/sound", str(edited), *FROM, "--replay", str(recorded))
    assert refused.code == ExitCode.USAGE
    assert "events.ndjson:1: no access event: it has no `type`" in refused.err


@pytest.mark.parametrize(
    "written", ['{"events":[EVENT],"next_cursor":null}', '{"events": [\n  EVENT\n]}', "\ufeffEVENT\n"]
)
def test_events_are_read_as_the_service_answers_them(
    cli: Callable[..., Ended], edited: Path, tmp_path: Path, written: str
) -> None:
    recorded = tmp_path / "events.json"
    denied = event("2026-06-02T04:30:00Z", "access_denied", "unknown_identifier", window="one\u2028window")
    recorded.write_text(written.replace("EVENT", denied.replace("\\u2028", "\u2028")), encoding="utf-8")
    ended = cli("diff", "trees/sound", str(edited), *FROM, "--days", "1", "--replay", str(recorded))
    assert ended.err.splitlines()[-1] == "replay: 1 of 1 decision would differ"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (b'{"events": [1]}', "events.json: no JSON object"),
        (b'{"specversion": "1.0", "data": 1}', "events.json:1: no JSON object"),
        (event("", "allowed", "freevend", charger=[]).encode(), "events.json:1: no access event: it has no `charger`"),
        (event("", "allowed", "freevend", type=None).encode(), "events.json:1: no access event: it has no `type`"),
        (event("", "allowed", "freevend").encode(), "an event cannot be asked again: not an RFC 3339 instant"),
        (b"\xff", "events.json` cannot be read: it is no UTF-8"),
        (b"[" * 100_000, "events.json:1: no JSON object"),
    ],
)
def test_what_is_no_event_is_told(
    cli: Callable[..., Ended], edited: Path, tmp_path: Path, written: bytes, told: str
) -> None:
    recorded = tmp_path / "events.json"
    recorded.write_bytes(written)
    ended = cli("diff", "trees/sound", str(edited), *FROM, "--days", "1", "--replay", str(recorded))
    assert ended.code == ExitCode.USAGE
    assert told in ended.err


def utc(*stretches: str) -> list[tuple[int, int]]:
    return [tuple(parse_instant(f"{edge}Z") for edge in each.split("/")) for each in stretches]  # type: ignore[misc]


SPAN = utc("2026-11-01T00:00/2027-11-01T00:00")[0]


@pytest.mark.parametrize(
    ("stretches", "expected"),
    [
        (("2026-11-01T00:00/2027-11-01T00:00",), "at all times"),
        (("2026-11-01T00:00/2026-11-03T06:00",), "until 2026-11-03 06:00"),
        (("2027-10-05T06:00/2027-11-01T00:00",), "from 2027-10-05 06:00 on"),
        (("2026-12-05T02:00/2026-12-05T03:00",), "2026-12-05 02:00-03:00"),
        (("2026-12-05T02:00:30/2026-12-05T23:59:59",), "2026-12-05 02:00:30-23:59:59"),
        (("2026-12-05T18:00/2026-12-06T00:00",), "2026-12-05 18:00-24:00"),
        (("2026-12-05T00:00/2026-12-06T00:00",), "2026-12-05 all day"),
        (("2026-12-05T18:00/2026-12-06T06:00",), "2026-12-05 18:00-06:00"),
        (("2026-12-05T06:00/2026-12-06T07:00",), "2026-12-05 06:00-07:00 1 day later"),
        (("2026-12-05T06:00/2026-12-08T06:00",), "2026-12-05 06:00 to 2026-12-08 06:00"),
        (
            tuple(f"2026-12-{day:02}T02:00/2026-12-{day:02}T03:00" for day in (5, 12, 19, 26)),
            "Saturdays 02:00-03:00 from 2026-12-05 to 2026-12-26",
        ),
        (
            tuple(f"2026-12-{day:02}T02:00/2026-12-{day:02}T03:00" for day in (1, 8, 22, 29)),
            "Tuesdays 02:00-03:00 from 2026-12-01 to 2026-12-29, except 2026-12-15",
        ),
        (
            tuple(f"2026-12-{day:02}T02:00/2026-12-{day:02}T03:00" for day in range(1, 29) if day != 25),
            "every day 02:00-03:00 from 2026-12-01 to 2026-12-28, except 2026-12-25",
        ),
        (
            tuple(
                f"2027-{month:02}-{day:02}T02:00/2027-{month:02}-{day:02}T03:00"
                for month, day in ((9, 6), (9, 20), (10, 4), (10, 18))
            ),
            "every second Monday 02:00-03:00 from 2027-09-06",
        ),
    ],
)
def test_stretches_are_told_as_people_say_them(stretches: tuple[str, ...], expected: str) -> None:
    told = occasions(utc(*stretches), Zone.of("UTC"), SPAN)
    assert "; ".join(one.head + one.tail for one in told).replace(DASH, "-") == expected


def test_consecutive_numbers_are_a_range() -> None:
    ids = ["NTH-01", "NTH-02", "NTH-03", "NTH-05", "NTH-06", "GATE", "A9", "A10", "A11", "A12", "7"]
    assert charger_ranges(ids) == ["7", "A10…A12", "A9", "GATE", "NTH-01…NTH-03", "NTH-05", "NTH-06"]
