"""Every rule has a folder of a bad and a good tree; beside the bad one stands what an author is told.

UPDATE_GOLDEN=1 writes that anew.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from policy_service.domain.codes import CODES
from policy_service.entrypoints.cli.app import run
from policy_service.lint.table import BY_CODE, BY_NAME, LEVELLED, RULES

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
PAGES = HERE.parents[1] / "docs" / "lint"
CASES = sorted(path.name for path in (HERE / "cases").iterdir())
NOW = "2026-11-24T00:00:00Z"
WITHOUT_CASES = {"PS220"}
"""No key of the format is deprecated yet; see test_deprecated_keys."""


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Check trees of this folder at the frozen instant and return what is written."""
    monkeypatch.chdir(HERE)
    monkeypatch.setenv("COLUMNS", "100")

    def checked(*arguments: str) -> str:
        run(["check", "--now", NOW, *arguments])
        return capsys.readouterr().out

    return checked


def held(code: str, name: str, text: str) -> None:
    """Hold an output against the file of that name."""
    path = HERE / "cases" / code / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_every_rule_has_its_folder_and_its_page() -> None:
    assert set(CASES) == ({*BY_CODE, "PS109"} - WITHOUT_CASES)
    assert {path.stem for path in PAGES.glob("*.md")} == {*BY_CODE, "PS109"}


def test_codes_and_names_are_told_apart() -> None:
    assert len(BY_CODE) == len(BY_NAME) == len(RULES)
    assert not set(BY_CODE) & set(CODES)
    assert all(re.fullmatch(r"PS2\d\d", code) for code in BY_CODE)
    assert {"PS007", "PS108", "PS109"} <= set(LEVELLED)


@pytest.mark.parametrize("code", CASES)
def test_the_bad_tree_has_this_finding_and_no_other(check: Callable[..., str], code: str) -> None:
    told = json.loads(check(f"cases/{code}/bad", "--json"))
    assert [found["code"] for found in told["diagnostics"]] == [code]
    assert all(found["help"] for found in told["diagnostics"])
    held(code, "expected.txt", check(f"cases/{code}/bad"))
    held(code, "expected.json", json.dumps(told, ensure_ascii=False, indent=1) + "\n")


@pytest.mark.parametrize("code", CASES)
def test_the_good_tree_has_none(check: Callable[..., str], code: str) -> None:
    assert json.loads(check(f"cases/{code}/good", "--json"))["diagnostics"] == []


@pytest.mark.parametrize("code", sorted({*BY_CODE, "PS109"}))
def test_its_page_says_what_why_and_how(code: str) -> None:
    page = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    title = BY_CODE[code].title if code in BY_CODE else CODES[code].title
    level = BY_CODE[code].level if code in BY_CODE else CODES[code].severity
    assert page.startswith(f"# {code}: {title}\n\nLevel: {level}.")
    assert re.findall("^## (.+)$", page, re.MULTILINE) == ["Why", "Example", "How to fix it", "How to ignore it"]
    if code in BY_CODE:
        assert f"Name: `{BY_CODE[code].name}`." in page
        assert ("`check --fix` mends it" in page) is BY_CODE[code].fixable
