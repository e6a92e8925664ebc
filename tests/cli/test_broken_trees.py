"""A sound tree with one mistake at a time, and with many at once: what an author is told, for people and as JSON.

UPDATE_GOLDEN=1 writes the expected outputs anew.
"""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from ended import HERE

from policy_service.domain.codes import CODES
from policy_service.entrypoints.cli.exit_codes import ExitCode
from policy_service.lint.table import BY_CODE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ended import Ended

BROKEN = HERE / "broken"
MISTAKES: list[dict[str, Any]] = yaml.safe_load((BROKEN / "mistakes.yaml").read_text(encoding="utf-8"))
TOGETHER = [mistake for mistake in MISTAKES if mistake.get("together")]
NOW = ("--now", "2026-11-24T00:00:00Z")


@pytest.fixture
def check(cli: Callable[..., Ended], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """Check the tree with mistakes made in it."""

    def checked(mistakes: Sequence[dict[str, Any]], *flags: str) -> Ended:
        monkeypatch.chdir(tmp_path)
        shutil.copytree(BROKEN / "tree", tmp_path / "tree", dirs_exist_ok=True)
        for mistake in mistakes:
            file = tmp_path / "tree" / mistake["file"]
            text = file.read_text(encoding="utf-8")
            assert mistake["text"] in text, mistake["name"]
            made = text.replace(mistake["text"], mistake["instead"], 1)
            file.write_bytes(made.encode("latin-1" if mistake.get("latin") else "utf-8"))
        return cli("check", "tree", "--strict", *NOW, *flags)

    return checked


def held(name: str, text: str) -> None:
    """Hold an output against the golden file of that name."""
    path = BROKEN / "golden" / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def as_json(ended: Ended) -> str:
    return json.dumps(json.loads(ended.out), ensure_ascii=False, indent=1) + "\n"


def test_there_are_enough_of_them() -> None:
    assert len(MISTAKES) >= 40
    assert len(TOGETHER) >= 25
    assert len({mistake["name"] for mistake in MISTAKES}) == len(MISTAKES)


def test_the_tree_itself_is_clean(check: Callable[..., Ended]) -> None:
    ended = check([])
    assert (ended.code, ended.out) == (ExitCode.OK, "9 files, 2 policies, 4 chargers: no findings\n")


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake["name"])
def test_one_mistake_is_one_finding_that_says_what_to_do(check: Callable[..., Ended], mistake: dict[str, Any]) -> None:
    human, told = check([mistake]), check([mistake], "--json")
    held(f"{mistake['name']}.txt", human.out)
    held(f"{mistake['name']}.json", as_json(told))
    assert (human.code, human.err) == (told.code, told.err) == (ExitCode.FINDINGS, "")
    found = json.loads(told.out)["diagnostics"]
    assert {each["code"] for each in found} == {mistake["code"]}
    assert len(found) == 1
    assert all(each["help"] for each in found)
    assert found[0]["file"] == f"tree/{mistake['file']}"


def test_all_mistakes_are_told_at_once(check: Callable[..., Ended]) -> None:
    human, told = check(TOGETHER), check(TOGETHER, "--json")
    held("all-at-once.txt", human.out)
    held("all-at-once.json", as_json(told))
    found = json.loads(told.out)["diagnostics"]
    assert {each["code"] for each in found} == {mistake["code"] for mistake in TOGETHER}
    assert len(found) == len(TOGETHER)
    assert all(each["help"] for each in found)
    places = [(each["file"], each["line"], each["column"]) for each in found]
    assert places == sorted(places)


def test_every_code_of_errors_has_an_example() -> None:
    elsewhere = {"PS005", "PS006", "PS007", "PS008", "PS109", "PS112"}
    assert {mistake["code"] for mistake in MISTAKES} - set(BY_CODE) == set(CODES) - elsewhere
