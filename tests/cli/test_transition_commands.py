"""Changes of mode by command: planned, told, and followed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from fakes.mode_log import tell
from fakes.modes import AT, mode_event
from fakes.served import POLICIES, serving

from policy_service.domain.mode_events import ModeEventType
from policy_service.entrypoints.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ended import Ended

CHARGER = "of-the-tests"
"""No charger of the policies: whatever else is told is told of others."""


def test_what_is_planned_and_what_was_told_is_listed(cli: Callable[..., Ended], tmp_path: Path) -> None:
    detail = {"policy": "north-depot", "window": "weeknights", "cause": "schedule"}
    first = mode_event(CHARGER, detail=detail)
    last = mode_event(CHARGER, type=ModeEventType.DIVERGED, recorded_at=AT + 1, to_mode=None, detail={})
    of_no_policy = mode_event("NTH-07", type=ModeEventType.DIVERGED, recorded_at=AT + 2, to_mode=None, detail={})
    with serving(POLICIES, tmp_path) as node:
        tell(tmp_path, first, last, of_no_policy)
        asked = ("transitions", "list", "--emitted", "--charger", CHARGER, "--url", node.url)
        told = cli(*asked)
        assert [line.split() for line in told.out.splitlines()] == [
            ["time", "charger", "event", "mode", "policy", "window", "why"],
            ["2026-11-18", "11:06:40Z", CHARGER, "mode.diverged", "-", "-", "-", "-"],
            ["2026-11-18", "22:06:40+11:00", CHARGER, "mode.transition_due", "managed", *detail.values()],
        ]
        assert told.err == "2 changes\n"
        assert [each["id"] for each in json.loads(cli(*asked, "--json").out)["events"]] == [last.id, first.id]
        depot = cli("transitions", "list", "--emitted", "--type", "mode.diverged", "--limit", "2", "--url", node.url)
        assert depot.out.splitlines()[1].startswith("2026-11-18 22:06:40+11:00  NTH-07 ")
        some = cli(*asked, "--limit", "1")
        assert some.err == "1 change; for more give --limit 10, or --all\n"
        span = ("--label", "depot:north", "--from", "2026-11-24T00:00Z", "--to", "2026-11-25T00:00Z")
        planned = cli("transitions", "list", *span, "--limit", "2", "--url", node.url)
        assert planned.out.split()[:6] == ["time", "charger", "from", "to", "policy", "window"]
        assert len(planned.out.splitlines()) == 3
        span = ("--charger", "NTH-02", *span[2:])
        alone = json.loads(cli("transitions", "list", *span, "--json", "--url", node.url).out)["transitions"]
        assert {each["charger"] for each in alone} == {"NTH-02"}
        none = cli("transitions", "list", "--emitted", "--charger", "nobody", "--url", node.url)
        assert (none.out, none.err) == ("", "there is no change of mode that fits (ids are case-sensitive)\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("list", "--type", "mode.diverged"), "give --emitted"),
        (("list", "--all", "--limit", "3"), "give one of them"),
        (("list", "--label", "depot"), "write it like --label depot:north"),
        (("follow", "--label", "depot:north", "--label", "row:a"), "here one label can be given"),
    ],
)
def test_what_makes_no_sense_is_told_with_what_would(
    cli: Callable[..., Ended], words: tuple[str, ...], told: str
) -> None:
    ended = cli("transitions", *words, "--url", "http://127.0.0.1:9")
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")
    assert told in ended.err


@pytest.mark.parametrize("words", [("list",), ("list", "--emitted"), ("follow",), ("follow", "--json")])
def test_without_a_service_it_says_how_to_start_one(cli: Callable[..., Ended], words: tuple[str, ...]) -> None:
    ended = cli("transitions", *words, "--url", "http://127.0.0.1:9")
    assert (ended.code, ended.out) == (ExitCode.UNREACHABLE, "")
    assert "policy-service serve" in ended.err
