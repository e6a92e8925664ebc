from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from policy_service.domain.codes import CODES
from policy_service.entrypoints.cli.exit_codes import ExitCode
from policy_service.lint.table import BY_CODE

if TYPE_CHECKING:
    from collections.abc import Callable

    from ended import Ended


def test_it_lists_every_code(cli: Callable[..., Ended]) -> None:
    listed = [line.split()[0] for line in cli("rule").out.splitlines()[1:]]
    assert listed == sorted([*CODES, *BY_CODE])
    rows = json.loads(cli("rule", "--json").out)["rules"]
    assert [row["code"] for row in rows] == listed
    assert {row["code"] for row in rows if row["fixable"]} == {"PS221", "PS292"}


@pytest.mark.parametrize("named", ["PS210", "ps210", "clock-change-at-edge"])
def test_a_rule_is_explained_by_its_page(cli: Callable[..., Ended], named: str) -> None:
    ended = cli("rule", named)
    assert ended.code == ExitCode.OK
    assert ended.out.startswith("# PS210: edge that a clock change skips or repeats\n")
    assert "## How to fix it" in ended.out


@pytest.mark.parametrize("code", sorted(CODES))
def test_other_codes_are_told_with_their_weight(cli: Callable[..., Ended], code: str) -> None:
    ended = cli("rule", code)
    assert ended.code == ExitCode.OK
    assert ended.out.startswith(f"# {code}: {CODES[code].title}\n\nLevel: {CODES[code].severity}.")


def test_a_misspelt_rule_is_answered_with_the_right_one(cli: Callable[..., Ended]) -> None:
    ended = cli("rule", "owner-mising")
    assert ended.code == ExitCode.USAGE
    assert "did you mean `owner-missing`?" in ended.err


@pytest.mark.parametrize(
    ("named", "hint"),
    [
        ("PS999", "`policy-service rule` lists all"),
        ("PS226", "did you mean `PS225`?"),
        ("owner-mising", "did you mean `owner-missing`?"),
        ("windw", "did you mean `window-never-in-force` or `window-without-instant` or `window-too-short`?"),
    ],
)
def test_a_code_is_suggested_that_one_slip_away_leads_to(cli: Callable[..., Ended], named: str, hint: str) -> None:
    ended = cli("rule", named)
    assert ended.code == ExitCode.USAGE
    assert hint in ended.err


def test_a_page_names_guides_as_they_stand_in_the_repository(cli: Callable[..., Ended]) -> None:
    told = cli("rule", "PS210").out
    assert "](" not in told
    assert "guide (docs/linting.md#levels-and-ignores)" in told


def test_one_rule_as_json(cli: Callable[..., Ended]) -> None:
    told = json.loads(cli("rule", "owner-missing", "--json").out)["rules"]
    assert [row["code"] for row in told] == ["PS219"]
    assert cli("rule", "PS999", "--json").code == ExitCode.USAGE
