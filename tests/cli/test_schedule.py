from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from policy_service.entrypoints.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ended import Ended

TREE = ("--policies", "trees/sound")
YARD = """
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: yard}
spec: {timezone: UTC, chargers: {ids: ["*"]}, defaultMode: managed}
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: yard}
spec:
  chargers:
    - {id: EAST-1, labels: {depot: east, side: left}}
    - {id: WEST-1, labels: {depot: west, side: right}}
"""


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
    ("labels", "found", "told"),
    [
        (("depot:east", "depot:west"), ["EAST-1", "WEST-1"], ()),
        (("depot:east", "side:left"), ["EAST-1"], ()),
        (
            ("depot:east", "depot:wset"),
            ["EAST-1"],
            ("note: no charger has the label `depot:wset`; did you mean `depot:west`?",),
        ),
        (
            ("depot:east", "side:right"),
            [],
            ("error: no charger has all of these labels", "  help: leave some of them out"),
        ),
        (
            ("moon:far",),
            [],
            (
                "error: no charger has the label `moon:far`",
                "  help: there are depot:east, depot:west, side:left, side:right",
            ),
        ),
        (("depot=east",), [], ("error: --label depot=east: no label", "  help: write it like --label depot:north")),
    ],
)
def test_labels_choose_as_they_do_elsewhere(
    cli: Callable[..., Ended], tmp_path: Path, labels: tuple[str, ...], found: list[str], told: tuple[str, ...]
) -> None:
    (tmp_path / "yard.yaml").write_text(YARD, encoding="utf-8")
    flags = [word for label in labels for word in ("--label", label)]
    ended = cli("schedule", *flags, "--policies", str(tmp_path), "--json")
    assert tuple(ended.err.splitlines()) == told
    assert ended.code == (ExitCode.OK if found else ExitCode.USAGE)
    drawn = json.loads(ended.out)["schedules"] if found else []
    assert [each["charger"] for each in drawn] == found


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
