"""The spool where a flush fails, is under way or is waited for no more, and at its bound."""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from contextlib import asynccontextmanager
from shutil import rmtree
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from policy_service.adapters.spool.event_spool import FileSpool
from policy_service.adapters.spool.flusher import Flusher
from policy_service.adapters.spool.segment import Segment, framed, parsed
from policy_service.application.ports import SpoolBrokenError, SpoolFullError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

pytestmark = pytest.mark.anyio


class _Disk:
    """Takes the place of the process that flushes: notes what it is asked for, and answers when it is told to."""

    def __init__(self) -> None:
        self.asked: list[Sequence[Path]] = []
        self.quick = False
        """Whether it answers without being told."""
        self._heard: list[Callable[[OSError | None], None]] = []

    def flush(self, paths: Sequence[Path], heard: Callable[[OSError | None], None]) -> None:
        self.asked.append(list(paths))
        if self.quick:
            heard(None)
        else:
            self._heard.append(heard)

    async def answers(self, failure: OSError | None = None) -> None:
        """Answer the flush that was asked for first; the loop has taken all turns that it needs then."""
        for _ in range(3):
            await asyncio.sleep(0)
        self._heard.pop(0)(failure)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> _Disk:
    made = _Disk()
    monkeypatch.setattr(Flusher, "flush", made.flush)
    return made


@asynccontextmanager
async def _spool(path: Path, disk: _Disk, *, limit: int = 1 << 22) -> AsyncIterator[FileSpool]:
    spool = FileSpool(path, limit=limit)
    spool.open()
    try:
        async with asyncio.timeout(20):
            yield spool
    finally:
        disk.quick = True
        await spool.close()


def _waiting(spool: FileSpool, line: bytes) -> asyncio.Future[None]:
    waiting = spool.durable(spool.append(line))
    assert waiting is not None
    return waiting


async def test_what_the_disk_did_not_take_is_flushed_with_what_comes_next(tmp_path: Path, disk: _Disk) -> None:
    async with _spool(tmp_path, disk) as spool:
        first = _waiting(spool, b"first")
        await disk.answers(OSError(5, "broken"))
        with pytest.raises(SpoolBrokenError):
            await first
        again = spool.durable(spool.mark)
        assert again is not None, "the first line is not on the disk"
        await disk.answers()
        await again
        assert spool.durable(spool.mark) is None
        (file,) = tmp_path.glob("*.events")
        assert disk.asked == [[file], [file]]


async def test_who_waits_no_more_is_no_reason_to_fail_the_others(tmp_path: Path, disk: _Disk) -> None:
    async with _spool(tmp_path, disk) as spool:
        gone, there = _waiting(spool, b"gone"), _waiting(spool, b"there")
        gone.cancel()
        await disk.answers()
        await there


async def test_a_file_stays_while_it_is_flushed(tmp_path: Path, disk: _Disk) -> None:
    """Else the flush would fail for want of a file, and denials with it, though the database has their events."""
    async with _spool(tmp_path, disk) as spool:
        waiting = _waiting(spool, b"x" * (1 << 20))
        for _ in range(3):
            await asyncio.sleep(0)
        (file,) = tmp_path.glob("*.events")
        while (batch := spool.batch(1 << 21)) is not None:
            spool.release(batch)
        assert file.exists()
        await disk.answers()
        await waiting
        spool.batch(1 << 21)
        assert not file.exists()


async def test_the_bound_can_be_filled_to_its_last_byte(tmp_path: Path, disk: _Disk) -> None:
    line = framed(b"denied")
    async with _spool(tmp_path, disk, limit=2 * len(line)) as spool:
        for _ in range(2):
            spool.append(b"denied")
        with pytest.raises(SpoolFullError):
            spool.append(b"")
        assert spool.used == spool.limit


def test_where_the_directory_cannot_be_made_no_process_is_left_that_would_flush(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Flusher] = []

    def start(flusher: Flusher) -> None:
        started.append(flusher)

    monkeypatch.setattr(Flusher, "start", start)
    (tmp_path / "spool").touch()
    with pytest.raises(OSError, match="exists"):
        FileSpool(tmp_path / "spool", limit=1 << 22).open()
    assert not started


def test_a_file_that_its_process_deletes_while_it_is_looked_at_is_nobodys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "one.events"
    file.touch()
    lock = fcntl.flock

    def locked(descriptor: int, how: int) -> None:
        file.unlink()
        lock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", locked)
    assert Segment.left_behind(file) is None


async def test_what_only_has_the_name_of_a_file_of_events_is_passed_over_and_told_of_once(
    tmp_path: Path, disk: _Disk
) -> None:
    (tmp_path / "0-directory.events").mkdir()
    os.mkfifo(tmp_path / "1-pipe.events")
    (tmp_path / "2-left-behind.events").write_bytes(framed(b"left behind"))
    with capture_logs() as logged:
        async with _spool(tmp_path, disk) as spool:
            spool.look()
            batch = spool.batch(1000)
            assert batch is not None
            assert batch.lines == [b"left behind"]
            spool.release(batch)
    told = [(line["log_level"], line["file.name"]) for line in logged]
    assert sorted(told) == [("warning", "0-directory.events"), ("warning", "1-pipe.events")]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0-directory.events", "1-pipe.events"]


async def test_a_file_of_events_to_which_a_person_gave_a_name_is_taken_over_with_the_age_that_it_has(
    tmp_path: Path, disk: _Disk
) -> None:
    saved = tmp_path / "saved.events"
    saved.write_bytes(framed(b"saved"))
    os.utime(saved, (0, time.time() - 1000))
    async with _spool(tmp_path, disk) as spool:
        assert 1000 <= spool.oldest_age_s < 1100
        batch = spool.batch(1000)
        assert batch is not None
        assert batch.lines == [b"saved"]
        spool.release(batch)


@pytest.mark.parametrize("how", ["the file", "the directory", "all above", "moved away"])
async def test_what_was_removed_under_a_running_process_is_written_anew(tmp_path: Path, how: str) -> None:
    directory = tmp_path / "state" / "spool"
    spool = FileSpool(directory, limit=1 << 22)
    spool.open()
    await _waiting(spool, b"before")
    (file,) = directory.iterdir()
    if how == "moved away":
        directory.rename(tmp_path / "elsewhere")
    elif how == "the file":
        file.unlink()
    else:
        rmtree(directory if how == "the directory" else directory.parent)
    await _waiting(spool, b"unnoticed yet")
    with capture_logs() as logged:
        spool.look()
        spool.look()
    assert [(line["log_level"], line["file.count"]) for line in logged] == [("error", 1)]
    await _waiting(spool, b"after")
    (found,) = directory.iterdir()
    kept = [b"before", b"unnoticed yet", b"after"]
    assert parsed(found.read_bytes()).lines == kept
    assert Segment.left_behind(found) is None, "it is this process's still"
    batch = spool.batch(1 << 20)
    assert batch is not None
    assert batch.lines == kept
    spool.release(batch)
    await spool.close()
    assert not list(directory.iterdir())


async def test_where_the_directory_cannot_be_made_anew_the_disk_counts_as_one_that_takes_nothing(
    tmp_path: Path,
) -> None:
    directory = tmp_path / "spool"
    spool = FileSpool(directory, limit=1 << 22)
    spool.open()
    await _waiting(spool, b"before")
    rmtree(directory)
    directory.touch()
    with pytest.raises(OSError, match="exists"):
        spool.look()
    assert spool.broken
    with pytest.raises(SpoolBrokenError):
        await _waiting(spool, b"meanwhile")
    assert spool.broken
    assert spool.in_memory() == [b"meanwhile"]
    directory.unlink()
    spool.look()
    assert not spool.broken
    await _waiting(spool, b"after")
    batch = spool.batch(1 << 20)
    assert batch is not None
    assert batch.lines == [b"before", b"meanwhile", b"after"]
    spool.release(batch)
    await spool.close()
