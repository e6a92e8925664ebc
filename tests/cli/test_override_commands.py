"""Overrides by command: the running service opens and locks, and answers what to know at five in the morning."""

from __future__ import annotations

import json
import re
import time
from datetime import date
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from fakes.keyed import stored
from fakes.served import POLICIES, serving

from policy_service.application.commands.manage_keys import WantedKey
from policy_service.domain.caller import Scope
from policy_service.entrypoints.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ended import Ended

BECAUSE = ("--reason", "pull-out")


@pytest.fixture
def url(service: str) -> Iterator[str]:
    """Give the service's address, and leave it without overrides."""
    yield service
    for override in httpx2.get(f"{service}/v1/overrides").json()["overrides"]:
        httpx2.delete(f"{service}/v1/overrides/{override['id']}")


def mode(url: str, charger: str = "LDN-01") -> tuple[str, str | None]:
    found: dict[str, Any] = httpx2.get(f"{url}/v1/chargers/{charger}/mode").json()
    return found["mode"], found["window"]


def made(ended: Ended) -> dict[str, Any]:
    assert ended.code == 0, ended
    override: dict[str, Any] = json.loads(ended.out)
    return override


def test_one_command_opens_a_charger_and_says_how_to_end_that(cli: Callable[..., Ended], url: str) -> None:
    opened = cli("override", "open", "--charger", "LDN-01", "--for", "2h", *BECAUSE, "--url", url)
    assert opened.code == 0, opened
    first, until, reason, how = opened.out.splitlines()
    assert first == "open  LDN-01"
    assert re.fullmatch(r"until    \w{3} \d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? Europe/London, \S+Z", until)
    assert reason == "reason   pull-out"
    assert how.startswith("to end   policy-service override end ov-")
    override_id = how.rpartition(" ")[2]
    assert mode(url) == ("freevend", override_id)
    ended = cli("override", "end", override_id, "--url", url)
    assert ended.code == 0
    assert ended.out.startswith(f"{override_id} ended ")
    assert mode(url)[1] != override_id


def test_a_depot_is_locked_by_its_label_for_some(cli: Callable[..., Ended], url: str) -> None:
    words = ("--label", "depot:london", "--exclude", "*-02", "--for", "PT90M", "--only", "nobody", *BECAUSE)
    locked = made(cli("override", "lock", *words, "--message", "Closed", "--json", "--url", url))
    assert (locked["chargers"], locked["allow"], locked["message"]) == (["LDN-01"], [], "Closed")
    assert mode(url) == ("managed", locked["id"])
    shown = cli("override", "show", locked["id"], "--url", url)
    assert shown.out.splitlines()[:2] == ["locked  LDN-01", "for      nobody"]


def test_of_several_overrides_it_is_told_which_holds(cli: Callable[..., Ended], url: str) -> None:
    asked = ("--for", "2h", *BECAUSE, "--url", url)
    wide = made(cli("override", "open", "--charger", "LDN-*", *asked, "--json"))
    locked = cli("override", "lock", "--charger", "LDN-01", *asked)
    over = f"{wide['id']}  open  LDN-01, until "
    assert locked.out.splitlines()[-1].startswith(f"over     {over}")
    assert locked.out.splitlines()[-1].endswith(": pull-out")
    next_year = f"{time.gmtime().tm_year + 1}-01-02T00:00Z"
    assert "over  " not in cli("override", "lock", "--charger", "LDN-01", "--from", next_year, *asked).out
    narrow = re.findall("ov-[0-9a-z]{8}", locked.out)[0]
    first, *held = cli("override", "end", wide["id"], "--url", url).out.splitlines()
    assert first.endswith(": the policies hold again at LDN-02, another override still holds")
    assert [line.partition(", until ")[0] for line in held] == [f"holds    {narrow}  locked  LDN-01"]
    again = made(cli("override", "open", "--charger", "LDN-*", *asked, "--json"))
    first, *held = cli("override", "end", narrow, "--url", url).out.splitlines()
    assert first.endswith("Z: another override still holds")
    assert [line.partition(", until ")[0] for line in held] == [f"holds    {again['id']}  open  LDN-01"]
    assert mode(url) == ("freevend", again["id"])
    assert cli("override", "end", again["id"], "--url", url).out.endswith(": the policies hold again\n")


def test_the_list_tells_where_a_later_override_holds(cli: Callable[..., Ended], url: str) -> None:
    def listed() -> list[str]:
        return cli("override", "list", "--url", url).out.splitlines()

    asked = ("--for", "2h", *BECAUSE, "--json", "--url", url)
    wide = made(cli("override", "open", "--charger", "LDN-*", *asked))
    assert len(listed()) == 2
    narrow = made(cli("override", "lock", "--charger", "LDN-01", *asked))
    lines = listed()
    assert (lines[0].split()[0], lines[2].split()[0]) == (narrow["id"], wide["id"])
    assert lines[4:] == [f"    not at LDN-01: {narrow['id']} was made later and holds there"]
    last = made(cli("override", "open", "--charger", "LDN-*", *asked))
    everywhere = f"{last['id']} was made later and holds there"
    assert listed()[4:] == [
        f"    not at LDN-01: {everywhere}",
        *lines[2:4],
        f"    not at LDN-01, LDN-02: {everywhere}",
    ]
    cli("override", "end", last["id"], "--url", url)
    assert listed() == lines


def test_a_key_that_sees_no_overrides_is_promised_nothing(cli: Callable[..., Ended], tmp_path: Path) -> None:
    [operator] = stored(tmp_path, WantedKey("operator", frozenset({Scope.OPERATE})))
    file = tmp_path / "operator"
    file.write_text(operator)
    with serving(POLICIES, tmp_path) as node:
        asked = ("--url", node.url, "--key-file", str(file))
        opened = cli("override", "open", "--charger", "NTH-01", "--charger", "NTH-1", "--for", "2h", *BECAUSE, *asked)
        assert (opened.code, opened.err) == (0, "")
        ended = cli("override", "end", opened.out.split()[-1], *asked)
    assert ended.code == 0
    assert ended.out.endswith("; whether another override holds there, this key may not see\n")


def test_an_id_that_no_charger_has_is_told_with_the_one_that_is_meant(cli: Callable[..., Ended], url: str) -> None:
    asked = ("--for", "2h", *BECAUSE, "--url", url)
    nothing = cli("override", "open", "--charger", "LDN-1", *asked)
    assert (nothing.code, nothing.out) == (ExitCode.REFUSED, "")
    assert nothing.err.splitlines()[1] == "  help: no charger is called LDN-1; did you mean `LDN-01`?"
    some = cli("override", "open", "--charger", "LDN-01", "--charger", "ldn-02", "--charger", "NO-*", *asked)
    assert some.code == 0
    assert some.out.startswith("open  LDN-01\n")
    assert some.err.splitlines() == [
        "note: no charger is called ldn-02; did you mean `LDN-02`?",
        "note: no charger is called like NO-*; ids are case-sensitive",
    ]
    left = cli("override", "open", "--charger", "LDN-*", "--exclude", "*-2", "--exclude", "LDN-2", *asked)
    assert (left.code, left.out.splitlines()[0]) == (0, "open  LDN-01, LDN-02")
    assert left.err.splitlines() == [
        "note: no charger is called LDN-2; did you mean `LDN-02`?",
        "note: no charger is called like *-2; ids are case-sensitive",
    ]
    out = cli("override", "open", "--charger", "LDN-*", "--exclude", "*-02", *asked)
    assert (out.out.splitlines()[0], out.err) == ("open  LDN-01", "")
    nobody = cli("override", "open", "--charger", "NO-*", *asked)
    assert nobody.err.splitlines()[1] == "  help: no charger is called like NO-*; ids are case-sensitive"


def test_a_charger_that_is_left_out_by_another_flag_is_no_mistake(cli: Callable[..., Ended], url: str) -> None:
    words = ("--charger", "LDN-01", "--charger", "GATE", "--label", "depot:london", "--for", "2h", *BECAUSE)
    assert cli("override", "open", *words, "--url", url).err == ""


@pytest.mark.parametrize(("length", "seconds"), [("90m", 5400), ("2h", 7200), ("1d12h", 129_600), ("PT2H", 7200)])
def test_lengths_are_taken_as_people_write_them(cli: Callable[..., Ended], url: str, length: str, seconds: int) -> None:
    opened = made(cli("override", "open", "--charger", "LDN-*", "--for", length, *BECAUSE, "--json", "--url", url))
    wanted = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() + seconds))
    assert opened["until"][:16] in (wanted, time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() + seconds - 5)))


def test_an_instant_without_offset_is_by_the_chargers_clock(cli: Callable[..., Ended], url: str) -> None:
    year = time.gmtime().tm_year + 1
    summer = ("--from", f"{year}-07-01 05:00", "--until", f"{year}-07-01 07:30")
    opened = made(cli("override", "open", "--charger", "LDN-01", *summer, *BECAUSE, "--json", "--url", url))
    assert (opened["from"], opened["until"]) == (f"{year}-07-01T04:00:00Z", f"{year}-07-01T06:30:00Z")
    assert opened["state"] == "coming"


def test_the_list_tells_what_stands_and_what_stood(cli: Callable[..., Ended], url: str) -> None:
    opened = made(cli("override", "open", "--charger", "LDN-01", "--for", "2h", *BECAUSE, "--json", "--url", url))
    listed = cli("override", "list", "--url", url).out.splitlines()
    assert listed[0] == f"{opened['id']}  active  open  LDN-01"
    assert listed[1].endswith(": pull-out")
    cli("override", "end", opened["id"], "--url", url)
    assert cli("override", "list", "--url", url).out == "no override is active or coming\n"
    everything = json.loads(cli("override", "list", "--all", "--json", "--url", url).out)["overrides"]
    assert opened["id"] in [each["id"] for each in everything]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--charger", "LDN-01"), "an override needs an end"),
        (("--charger", "LDN-01", "--for", "2h", "--until", "2030-01-01T00:00Z"), "both say when it ends"),
        (("--charger", "LDN-01", "--for", "soon"), "no length of time"),
        (("--charger", "LDN-01", "--for", "0m"), "no length of time"),
        (("--for", "2h"), "no charger is named"),
        (("--label", "depot", "--for", "2h"), "no label"),
        (("--charger", "LDN-01", "--until", "tomorrow"), "not an RFC 3339 instant"),
    ],
)
def test_what_is_left_unclear_is_asked_back(
    cli: Callable[..., Ended], url: str, words: tuple[str, ...], told: str
) -> None:
    ended = cli("override", "open", *words, *BECAUSE, "--url", url)
    assert ended.code == ExitCode.USAGE
    assert told in ended.err
    assert ended.err.splitlines()[1].startswith("  help: ")
    assert httpx2.get(f"{url}/v1/overrides").json()["overrides"] == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--charger", "NOWHERE-*", "--for", "2h"), "picks no charger of the inventory"),
        (("--charger", "LDN-01", "--for", "99d"), "the end (--for, --until) must lie within 31 days"),
        (("--charger", "LDN-01", "--until", "2020-01-01T00:00:00Z"), "the end (--for, --until) must lie in the future"),
        (("--when", "charger.nothing == 1", "--for", "2h"), "--when"),
    ],
)
def test_what_the_service_refuses_is_told_in_terms_of_the_flags(
    cli: Callable[..., Ended], url: str, words: tuple[str, ...], told: str
) -> None:
    ended = cli("override", "open", *words, *BECAUSE, "--url", url)
    assert ended.code == ExitCode.REFUSED
    assert "nothing was made: " in ended.err
    assert told in ended.err


def test_an_override_that_is_not_there_is_a_problem(cli: Callable[..., Ended], url: str) -> None:
    assert cli("override", "end", "ov-00000000", "--url", url).code == ExitCode.REFUSED
    assert cli("override", "show", "../../health/live", "--url", url).code == ExitCode.REFUSED
    assert cli("override", "list", "--url", "http://127.0.0.1:9").code == ExitCode.UNREACHABLE


def test_locked_chargers_and_zones_are_told_apart(cli: Callable[..., Ended], mixed: str) -> None:
    told = cli("override", "open", "--charger", "*", "--for", "2h", *BECAUSE, "--url", mixed)
    assert told.out.splitlines()[:3] == [
        "open  EAST-1, WEST-1",
        "left     GATE-1: its policy is locked, --force takes it all the same",
        "left     STRAY-1: under no policy",
    ]
    refused = cli("override", "open", "--charger", "GATE-1", "--for", "2h", *BECAUSE, "--url", mixed)
    assert refused.code == ExitCode.REFUSED
    assert "--force takes them all the same" in refused.err
    forced = cli("override", "open", "--charger", "GATE-1", "--for", "2h", "--force", *BECAUSE, "--url", mixed)
    assert forced.out.startswith("open  GATE-1\n")
    year = time.gmtime().tm_year + 1
    local = ("--from", f"{year}-01-02T00:00Z", "--until", f"{year}-01-02 06:00", *BECAUSE, "--url", mixed)
    unclear = cli("override", "open", "--charger", "*-1", *local)
    assert unclear.code == ExitCode.USAGE
    assert "their policies keep America/New_York, Europe/London" in unclear.err
    clear = made(cli("override", "open", "--label", "side:west", *local, "--json"))
    assert clear["until"] == f"{year}-01-02T11:00:00Z"
    weekday = date(year, 1, 2).strftime("%a")
    listed = cli("override", "list", "--url", mixed).out.splitlines()
    told = listed[next(number for number, line in enumerate(listed) if line.startswith(clear["id"])) + 1]
    assert told.startswith(f"    until {weekday} {year}-01-02 06:00 America/New_York, {year}-01-02T11:00:00Z")
    shown = cli("override", "show", clear["id"], "--url", mixed).out
    assert "Europe/London" not in shown


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("EAST-01", "error: no charger is called EAST-01; did you mean `EAST-1`"),
        ("NORTH-*", "error: no charger is called like NORTH-*; ids are case-sensitive"),
        ("STRAY-1", "no policy governs them"),
    ],
)
def test_whose_clock_is_meant_is_not_asked_of_a_charger_that_there_is_not(
    cli: Callable[..., Ended], mixed: str, named: str, told: str
) -> None:
    for words in (
        ("override", "open", "--until", "2030-01-02 06:00", *BECAUSE),
        ("events", "list", "--from", "2026-01-02 06:00"),
        ("transitions", "list", "--to", "2030-01-02 06:00"),
    ):
        ended = cli(*words, "--charger", named, "--url", mixed)
        assert ended.code == ExitCode.USAGE
        assert told in ended.err
        assert "with an offset" in ended.err


def test_a_key_that_may_not_see_policies_is_told_what_it_did_in_utc(cli: Callable[..., Ended], tmp_path: Path) -> None:
    state = tmp_path / "state"
    bound = ("--scope", "read", "--scope", "operate", "--label", "depot:north")
    made = cli("keys", "create", "--name", "north", *bound, "--state-dir", str(state))
    assert made.code == 0, made.err
    key = tmp_path / "key"
    key.write_text(made.out)
    with serving(POLICIES, state) as service:
        asked = ("--url", service.url, "--key-file", str(key))
        opened = cli("override", "open", "--charger", "NTH-01", "--for", "1h", "--reason", "pull-out", *asked)
        assert opened.code == 0, opened.err
        name = next(word.strip("`.") for word in opened.out.split() if word.startswith("ov-"))
        assert cli("override", "list", *asked).code == 0
        assert cli("override", "show", name, *asked).code == 0
        assert cli("override", "end", name, *asked).code == 0
        local = ("--until", "2030-01-02 06:00", "--reason", "pull-out", *asked)
        unclear = cli("override", "open", "--charger", "NTH-01", *local)
        assert (unclear.code, unclear.out) == (ExitCode.USAGE, "")
        assert "error: by which clock a time without an offset is meant, this key may not see\n" in unclear.err
        assert "with an offset, such as" in unclear.err
