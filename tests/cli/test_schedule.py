from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from policy_service.entrypoints.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from ended import Ended

TREE = ("--policies", "trees/sound")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("spring", ("--label", "depot:london", "--from", "2026-03-28", "--days", "5")),
        ("autumn-ascii", ("LDN-01", "--from", "2026-10-24", "--days", "3", "--ascii")),
        ("ungoverned", ("GATE", "--from", "2026-10-24")),
    ],
)
def test_days_as_a_timeline(
    cli: Callable[..., Ended], golden: Callable[[str, str], None], name: str, arguments: tuple[str, ...]
) -> None:
    ended = cli("schedule", *TREE, *arguments)
    assert ended.code == 0
    golden(f"schedule-{name}.txt", ended.out)
    assert ended.out.isascii() is (name != "spring")


def test_a_year_is_drawn_with_both_clock_changes(cli: Callable[..., Ended]) -> None:
    out = cli("schedule", "LDN-01", *TREE, "--from", "2026-01-01", "--days", "365").out
    assert [line[:14] for line in out.splitlines() if "23 h: " in line or "25 h: " in line] == [
        "Sun 2026-03-29",
        "Sun 2026-10-25",
    ]


def test_as_json_it_is_what_the_http_api_answers(cli: Callable[..., Ended]) -> None:
    told = json.loads(cli("schedule", "LDN-01", *TREE, "--from", "2026-03-29", "--days", "1", "--json").out)
    assert (told["charger"], told["timezone"]) == ("LDN-01", "Europe/London")
    assert (told["from"], told["to"]) == ("2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z")
    assert [(each["start"], each["mode"], each["window"]) for each in told["segments"]] == [
        ("2026-03-29T00:00:00Z", "managed", "nights"),
        ("2026-03-29T05:00:00Z", "freevend", None),
        ("2026-03-29T19:00:00Z", "managed", "nights"),
    ]
    labelled = json.loads(cli("schedule", "--label", "depot:london", *TREE, "--json").out)
    assert [each["charger"] for each in labelled["schedules"]] == ["LDN-01", "LDN-02"]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("LDN-01", "--label", "depot:london"),
        ("LDN-1",),
        ("--label", "depot:paris"),
        ("LDN-01", "--from", "soon"),
        ("LDN-01", "--from", "9999-12-31"),
    ],
)
def test_what_cannot_be_drawn_is_told_with_help(cli: Callable[..., Ended], arguments: tuple[str, ...]) -> None:
    ended = cli("schedule", *TREE, *arguments)
    assert ended.code == ExitCode.USAGE
    assert "  help: " in ended.err
