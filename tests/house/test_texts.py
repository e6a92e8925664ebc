"""What no text of the project may hold: dead links, paths of somebody's machine, unfinished business."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from project import ROOT, code, texts

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS = [path for path in texts() if path.suffix == ".md"]
LINK = re.compile(r"\]\(([^)\s]+)\)")
MODULE = re.compile(r"`([\w./-]+\.py)`")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
MACHINE = re.compile(r"(?<![\w.])/(?:home|root|work|farm|Users|mnt)/[A-Za-z.]")
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(document: Path) -> set[str]:
    """Return the headings of a document as GitLab links to them."""
    headings = HEADING.findall(document.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    dead: list[str] = []
    for link in LINK.findall(document.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path) if path else document
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_module_that_is_named_is_there(document: Path) -> None:
    """By the end of its path: decisions of long ago are told by the names of today."""
    there = [f"/{name(path)}" for path in texts() if path.suffix == ".py"]
    named = MODULE.findall(document.read_text(encoding="utf-8"))
    assert [each for each in named if not any(path.endswith(f"/{each}") for path in there)] == []


def test_no_text_names_a_path_of_a_machine() -> None:
    found = [name(path) for path in texts() if MACHINE.search(path.read_text(encoding="utf-8", errors="replace"))]
    assert found == []


def test_no_module_leaves_something_for_later() -> None:
    assert [name(path) for path in code() if UNFINISHED.search(path.read_text(encoding="utf-8"))] == []


def test_every_module_of_tests_has_a_name_of_its_own() -> None:
    names = Counter(path.name for path in (ROOT / "tests").rglob("*.py") if path.name != "conftest.py")
    assert [name for name, files in names.items() if files > 1] == [], (
        "tests are no packages, so pytest tells files by name"
    )
