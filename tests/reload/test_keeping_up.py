"""What keeps a process current goes on, whatever happens to it, and misses nothing of the time before it began."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import permutations
from typing import TYPE_CHECKING, cast

import pytest
from fakes.clock import FakeClock
from structlog.testing import capture_logs

from policy_service.adapters.policy_files import DirectoryPolicyFiles
from policy_service.application.keeping import follow_clock
from policy_service.application.ports import PolicyFilesError, StoreUnavailableError
from policy_service.bootstrap.wiring import ended, kept_up

if TYPE_CHECKING:
    from pathlib import Path

    from policy_service.application.commands.reload_policies import ReloadPolicies

pytestmark = pytest.mark.anyio


async def test_work_that_fails_is_told_and_begins_anew() -> None:
    begun: list[str] = []
    third = asyncio.Event()

    async def work() -> None:
        begun.append("again")
        if len(begun) < 3:
            message = "04A2B3C4D5E680"
            raise LookupError(message)
        third.set()
        await asyncio.Event().wait()

    with capture_logs() as told:
        task = asyncio.create_task(kept_up(work, pause_s=0))
        await asyncio.wait_for(third.wait(), 5)
    assert not task.done()
    task.cancel()
    assert [(line["log_level"], line["work"], line["error.type"]) for line in told] == [
        ("error", "work", "LookupError")
    ] * 2
    failures = [line.pop("exc_info") for line in told]  # of which a log keeps the place alone, see test_logs.py
    assert [type(each) for each in failures] == [LookupError] * 2
    assert "04A2" not in str(told)


async def test_none_is_told_to_end_for_the_second_time_before_all_are_for_the_first() -> None:
    told: list[str] = []

    async def stubborn(name: str) -> None:
        for _ in range(2):
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            told.append(name)

    tasks = [asyncio.create_task(stubborn(name)) for name in ("one", "other")]
    await asyncio.sleep(0)
    await ended(tasks, pause_s=0.01)
    assert told == ["one", "other", "one", "other"]


class Asked:
    """Takes note of how often overrides are asked for, which fails the first time."""

    times = 0

    async def follow_overrides(self) -> bool:
        self.times += 1
        if self.times == 1:
            raise StoreUnavailableError
        return True


async def test_overrides_are_asked_for_again_when_the_clock_has_gone_back() -> None:
    clock, asked = FakeClock(), Asked()
    task = asyncio.create_task(follow_clock(clock, cast("ReloadPolicies", asked), every_s=0.001))
    await asyncio.sleep(0.05)
    clock.milliseconds += 3_000_000
    await asyncio.sleep(0.05)
    assert asked.times == 0, "a clock that goes on has nothing to tell"
    clock.milliseconds -= 2_000_000
    await asyncio.sleep(0.1)
    assert asked.times == 2, "until the store answers, and not again"
    task.cancel()


async def test_an_edit_made_before_the_first_look_is_not_missed(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("one: edit")
    files = DirectoryPolicyFiles(tmp_path)
    before = files.read()
    (tmp_path / "a.yaml").write_text("another: edit")
    async for _ in files.changes():
        break
    assert files.read() != before


async def test_what_was_read_in_passing_and_undone_since_is_a_change(tmp_path: Path) -> None:
    tree, away = tmp_path / "tree", tmp_path / "away"
    tree.mkdir()
    (tree / "a.yaml").write_text("one: edit")
    files = DirectoryPolicyFiles(tree, interval=0.05)
    before = files.read()
    looks = files.changes()
    looking = asyncio.create_task(anext(looks))
    await asyncio.sleep(0.2)
    assert not looking.done(), "nothing has changed"
    tree.rename(away)
    with pytest.raises(PolicyFilesError):
        files.read()  # whoever reads it for another reason
    away.rename(tree)
    async with asyncio.timeout(5):
        await looking
    assert files.read() == before
    await looks.aclose()


@pytest.mark.parametrize("to", ["../secret", "../away", ".git/config", "..data/out"])
def test_a_link_out_of_the_tree_is_not_followed(tmp_path: Path, to: str) -> None:
    tree, away = tmp_path / "tree", tmp_path / "away"
    for directory in (tree / ".git", tree / "..data", away):
        directory.mkdir(parents=True)
    for secret in (tmp_path / "secret", tree / ".git" / "config"):
        secret.write_text("password: x")
    (tree / "..data" / "out").symlink_to("../../secret")
    (tree / "link.yaml").symlink_to(to)
    with pytest.raises(PolicyFilesError, match=r"`link\.yaml` is a link that leads out of it"):
        DirectoryPolicyFiles(tree).read()


def test_an_empty_directory_in_the_place_of_a_file_is_no_tree_without_it(tmp_path: Path) -> None:
    """Container engines make one where the file to be mounted is missing; the rest would be in force unnoticed."""
    (tmp_path / "yard.yaml").write_text("yard")
    (tmp_path / "empty").mkdir()
    (tmp_path / "north.yaml").mkdir()
    with pytest.raises(PolicyFilesError, match=r"`north\.yaml` is an empty directory in the place of a file"):
        DirectoryPolicyFiles(tmp_path).read()
    (tmp_path / "north.yaml" / "north.yml").write_text("north")
    assert DirectoryPolicyFiles(tmp_path).read() == {"north.yaml/north.yml": b"north", "yard.yaml": b"yard"}


async def test_another_file_that_cannot_be_read_is_told_of_in_place_of_the_one_before(tmp_path: Path) -> None:
    files = DirectoryPolicyFiles(tmp_path, interval=0.05)
    (tmp_path / "north.yaml").mkdir()
    with pytest.raises(PolicyFilesError, match=r"`north\.yaml`"):
        files.read()
    looks = files.changes()
    (tmp_path / "south.yaml").symlink_to("south.yaml")
    (tmp_path / "north.yaml").rmdir()
    await asyncio.wait_for(anext(looks), 5)
    with pytest.raises(PolicyFilesError, match=r"`south\.yaml`"):
        files.read()
    await looks.aclose()


def test_links_within_the_tree_are_followed_and_the_tree_may_be_one(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for directory in (tree / "..2026_1", tree / "deep"):
        directory.mkdir(parents=True)
    (tree / "..2026_1" / "yard.yaml").write_text("yard")
    (tree / "..data").symlink_to("..2026_1")
    (tree / "yard.yaml").symlink_to("..data/yard.yaml")
    (tree / "deep" / "same.yaml").symlink_to("../yard.yaml")
    (tree / "again").symlink_to(tree / "deep")
    (tmp_path / "current").symlink_to("tree")
    found = DirectoryPolicyFiles(tmp_path / "current").read()
    assert found == dict.fromkeys(("again/same.yaml", "deep/same.yaml", "yard.yaml"), b"yard")


def test_directories_that_link_to_each_other_end_at_a_bound(tmp_path: Path) -> None:
    names = [f"d{number}" for number in range(12)]
    for name in names:
        (tmp_path / name).mkdir()
    for one, other in permutations(names, 2):
        (tmp_path / one / other).symlink_to(f"../{other}")
    with pytest.raises(PolicyFilesError, match="more than 5000 ways to directories"):
        DirectoryPolicyFiles(tmp_path).read()


def test_directories_may_be_nested_as_deep_as_a_path_is_long(tmp_path: Path) -> None:
    nested = [tmp_path / "a"]
    while len(nested) < 1_050:
        nested.append(nested[-1] / "a")
    for directory in nested:
        directory.mkdir()
    file = nested[-1] / "yard.yaml"
    file.write_text("yard")
    assert list(DirectoryPolicyFiles(tmp_path).read().values()) == [b"yard"]
    file.unlink()
    for directory in reversed(nested):  # who tidies up goes down by calls
        directory.rmdir()


def test_a_file_that_cannot_be_read_is_no_defect(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir()
    with pytest.raises(PolicyFilesError):
        DirectoryPolicyFiles(tmp_path / ("x" * 256)).read()
    (tmp_path / "locked" / "link").symlink_to("x" * 256)
    with pytest.raises(PolicyFilesError, match="`link` cannot be read"):
        DirectoryPolicyFiles(tmp_path).read()
