"""Chargers that are out of sync, and adherence, as operators read them and as scripts do."""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import TYPE_CHECKING

import pytest
from fakes.modes import desired_mode, mode_event
from fakes.served import serving

from policy_service.adapters.sql.desired_modes import SqlDesiredModes
from policy_service.adapters.sql.engine import database_at
from policy_service.domain.access import AccessMode
from policy_service.domain.instant import format_instant, parse_instant
from policy_service.entrypoints.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ended import Ended
    from fakes.served import Served

CLOCK = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+1[01]:00"
AT = r"\w{3} \d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? Australia/Melbourne, \S+Z"
TREE = """
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: shut}
spec:
  timezone: Australia/Melbourne
  chargers: {ids: ["A-*"]}
  defaultMode: managed
  allow: [{class: own}]
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: yard}
spec:
  chargers:
    - {id: A-1, labels: {depot: north}, profile: micro-ocpp, protocol: ocpp1.6}
    - {id: A-2, labels: {depot: north}, profile: micro-ocpp, protocol: ocpp1.6}
    - {id: A-3, labels: {depot: south}}
"""
NIGHT = parse_instant("2024-11-24T07:00:00Z") * 1000
"""Long ago: no switch of the service's own was due then."""


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve three chargers that were told to be managed, one of them seen there, and a night of long ago."""
    home = tmp_path_factory.mktemp("yard")
    (home / "policies").mkdir()
    (home / "policies" / "yard.yaml").write_text(TREE)
    with serving(home / "policies", home / "state", switch_within=3600) as served:
        asyncio.run(_told(served))
        seen = served.client.put("/v1/chargers/A-1/reported", json={"mode": "managed"})
        assert seen.json()["state"] == "in_sync"
        yield served


async def _told(served: Served) -> None:
    database = database_at(f"sqlite:///{served.settings['STATE_DIR']}/policy-service.sqlite3")
    now = time.time_ns() // 1_000_000
    events = [
        mode_event("A-1", at=NIGHT, transition_id="t1"),
        mode_event("A-2", at=NIGHT, transition_id="t2", to_mode=AccessMode.FREEVEND),
        mode_event("A-3", at=NIGHT, transition_id="t3", labels={"depot": "south"}),
    ]
    store = SqlDesiredModes(database)
    await store.tell([], events)
    for name in ("A-1", "A-2", "A-3"):
        await store.tell([desired_mode(name, at=now, transition_id=f"now-{name}", from_mode=None)], [])
    await database.close()


def test_chargers_out_of_sync_are_listed_with_what_they_should_be_in(cli: Callable[..., Ended], yard: Served) -> None:
    ended = cli("chargers", "out-of-sync", "--url", yard.url)
    assert ended.code == 0
    lines = [line.split() for line in ended.out.splitlines()]
    assert [line[:3] for line in lines[1:]] == [["A-2", "switching", "managed"]]
    assert re.fullmatch(CLOCK, " ".join(lines[1][3:5]))
    assert lines[1][5:] == ["unknown", "-", "0"]
    assert ended.err == "1 out of sync\n1 more cannot be switched: --state unsupported\n"
    switchable = cli("chargers", "out-of-sync", "--url", yard.url, "--json")
    assert [charger["id"] for charger in json.loads(switchable.out)["chargers"]] == ["A-2"]
    apart = cli("chargers", "out-of-sync", "--url", yard.url, "--state", "unsupported")
    assert ([line.split()[0] for line in apart.out.splitlines()[1:]], apart.err) == (["A-3"], "1 out of sync\n")
    some = cli("chargers", "out-of-sync", "--url", yard.url, "--json", "--state", "unsupported")
    assert [charger["id"] for charger in json.loads(some.out)["chargers"]] == ["A-3"]
    none = cli("chargers", "out-of-sync", "--url", yard.url, "--label", "depot:none")
    typo = "note: no charger has the label `depot:none`; did you mean `depot:north`?\n"
    assert (none.code, none.err) == (0, f"0 out of sync\n{typo}")
    assert cli("chargers", "out-of-sync", "--url", yard.url, "--label", "none").code == 2
    there = cli("chargers", "out-of-sync", "--url", yard.url, "--state", "in_sync")
    assert (there.code, there.err.splitlines()[0]) == (
        2,
        "error: a charger that is in_sync is in its mode, and never listed here",
    )


def test_a_charger_is_shown_with_its_mode_and_where_it_was_seen(cli: Callable[..., Ended], yard: Served) -> None:
    ended = cli("chargers", "show", "A-1", "--url", yard.url)
    assert ended.code == 0, ended.err
    lines = ended.out.splitlines()
    assert lines[:2] == ["A-1", "labels   depot:north"]
    assert "profile  micro-ocpp, ocpp1.6" in lines
    mode = lines.index("mode     managed by default in policy shut")
    assert lines[mode + 1 : mode + 3] == ["since    400 days ago or before", "changes  not within 400 days"]
    assert re.fullmatch(f"state    in_sync: should be managed, on record since {AT}", lines[-2])
    assert re.fullmatch(f"seen     managed, {AT}", lines[-1])
    waiting = cli("chargers", "show", "A-2", "--url", yard.url).out
    assert "seen     not seen in any mode yet" in waiting
    found = json.loads(cli("chargers", "show", "A-3", "--url", yard.url, "--json").out)
    assert (found["charger"]["id"], found["mode"]["mode"]) == ("A-3", "managed")
    misspelt = cli("chargers", "show", "a01", "--url", yard.url)
    assert misspelt.code == ExitCode.REFUSED
    assert misspelt.err == "error: the inventory has no charger a01\n  help: did you mean `A-1`?\n"
    assert "check the id letter by letter" in cli("chargers", "show", "X-999", "--url", yard.url).err


def test_a_charger_of_a_profile_that_there_is_not_is_shown_as_what_it_counts_as(
    cli: Callable[..., Ended], yard: Served
) -> None:
    yard.client.put("/v1/chargers/A-9", json={"profile": "acme-9", "protocol": "ocpp1.6"}).raise_for_status()
    ended = cli("chargers", "show", "A-9", "--url", yard.url)
    found = json.loads(cli("chargers", "show", "A-9", "--url", yard.url, "--json").out)["charger"]
    listed = yard.client.get("/v1/chargers").json()["chargers"]
    yard.client.delete("/v1/chargers/A-9").raise_for_status()
    lines = ended.out.splitlines()
    told = "counts   as unknown: there is no profile acme-9, see `policy-service charger-profiles list`"
    assert lines[lines.index("profile  acme-9, ocpp1.6") + 1] == told
    assert (found["profile"], found["counts_as"]) == ("acme-9", "unknown")
    assert "listed   over HTTP, by http" in lines
    assert {each["id"]: each["counts_as"] for each in listed} == {
        "A-1": "micro-ocpp",
        "A-2": "micro-ocpp",
        "A-3": "unknown",
        "A-9": "unknown",
    }


def test_where_nobody_was_refused_a_charger_in_a_wrong_mode_is_told(cli: Callable[..., Ended], yard: Served) -> None:
    first, apart, where = cli("why", "A-2", "--url", yard.url).out.splitlines()
    assert first.startswith("nobody was refused at A-2, ")
    told = f"it should be managed, on record since {AT}, and was not seen in any mode: switching"
    assert re.fullmatch(told, apart)
    assert where == "see `policy-service chargers out-of-sync`"


def test_an_override_is_told_apart_from_when_the_mode_changes(cli: Callable[..., Ended], yard: Served) -> None:
    until = format_instant(int(time.time()) + 3600)
    wanted = {"chargers": {"ids": ["A-3"]}, "mode": "managed", "until": until, "reason": "event", "allow": []}
    made = yard.client.post("/v1/overrides", json=wanted).json()
    lines = cli("chargers", "show", "A-3", "--url", yard.url).out.splitlines()
    yard.client.delete(f"/v1/overrides/{made['id']}").raise_for_status()
    mode = lines.index(f"mode     managed by override {made['id']} in policy shut")
    assert lines[mode + 2] == "changes  not within 400 days"
    assert lines[mode + 3].startswith("override ends ")
    assert lines[mode + 3].endswith(f" Australia/Melbourne, {until}: event")


def test_a_local_list_is_told_by_its_numbers(cli: Callable[..., Ended], yard: Served) -> None:
    card = {"identifier": "04A2B3C4D5E680", "type": "rfid", "class": "own", "vehicle": "bus-1", "fleet": "north"}
    yard.client.put(f"/v1/identifiers/{'0' * 32}", json=card).raise_for_status()
    ended = cli("chargers", "local-list", "A-1", "--url", yard.url)
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0].startswith("A-1: version ")
    assert lines[0].endswith(", entries: 1")
    assert re.fullmatch(f"made at {AT}", lines[1])
    assert re.fullmatch(f"holds until {AT}", lines[2])
    assert "1 SendLocalList to send: Full" in lines
    assert "all who may charge throughout are on it" in lines
    found = json.loads(cli("chargers", "local-list", "A-1", "--url", yard.url, "--json").out)
    assert (found["entries"], found["commands"]) == (1, 1)
    again = cli("chargers", "local-list", "A-1", "--url", yard.url, "--since", str(found["version"]))
    assert "nothing to send: the charger has it" in again.out
    assert "04A2B3C4D5E680" not in ended.out + again.out + str(found)
    misspelt = cli("chargers", "local-list", "a01", "--url", yard.url)
    assert misspelt.code == ExitCode.REFUSED
    assert misspelt.err == "error: the inventory has no charger a01\n  help: did you mean `A-1`?\n"
    future = cli("chargers", "local-list", "A-1", "--url", yard.url, "--since", "99999999999")
    assert "inventory" not in future.err


def test_adherence_is_told_in_two_lines_and_a_list_of_misses(cli: Callable[..., Ended], yard: Served) -> None:
    span = ("--from", "2024-11-24 17:00", "--to", "2024-11-24T08:00Z", "--url", yard.url)
    ended = cli("adherence", *span)
    assert ended.code == 0, ended.err
    told = ended.out.splitlines()
    assert told[0] == "2024-11-24 17:00:00+11:00 to 2024-11-24 19:00:00+11:00"
    answered = json.loads(cli("adherence", *span, "--json").out)
    assert (answered["unsupported"], answered["late_s"]["max"]) == (1, None)
    assert told[1] == "0 of 2 on time (0.0%), that is within 5 s"
    assert told[-1].split() == ["A-2", "2024-11-24", "18:00:00+11:00", "freevend", "-", "not", "seen"]
    assert cli("adherence", "--from", "2024-11-24T08:00Z", "--to", "2024-11-24T07:00Z", "--url", yard.url).code == 2
    south = json.loads(cli("adherence", *span, "--json", "--label", "depot:south").out)
    assert (south["switches"], south["unsupported"]) == (0, 1)
    typo = cli("adherence", *span, "--label", "depot:suoth")
    assert typo.err == "note: no charger has the label `depot:suoth`; did you mean `depot:south`?\n"
