from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fakes.spool import MemorySpool
from hypothesis import given
from hypothesis import strategies as st

from policy_service.adapters.spool import flusher
from policy_service.adapters.spool.event_spool import ASIDE, ASIDE_BYTES, FileSpool
from policy_service.adapters.spool.flusher import Flusher
from policy_service.adapters.spool.segment import Segment, framed, parsed
from policy_service.application.ports import SpoolBrokenError, SpoolFullError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from policy_service.application.ports import EventSpool

pytestmark = pytest.mark.anyio


async def durable(spool: EventSpool, mark: int) -> None:
    """Return when the line of the mark is durable."""
    waiting = spool.durable(mark)
    if waiting is not None:
        await waiting


@asynccontextmanager
async def _spool(path: Path, *, limit: int = 1 << 20, sync_always: bool = True) -> AsyncIterator[FileSpool]:
    spool = FileSpool(path, limit=limit, sync_always=sync_always)
    spool.open()
    try:
        yield spool
    finally:
        await spool.close()


def _drained(spool: EventSpool) -> list[bytes]:
    lines: list[bytes] = []
    while (batch := spool.batch(1000)) is not None:
        lines += batch.lines
        spool.release(batch)
    return lines


@pytest.fixture(params=["file", "memory"])
async def spool(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[EventSpool]:
    if request.param == "memory":
        yield MemorySpool()
        return
    async with _spool(tmp_path / "spool") as opened:
        yield opened


async def test_lines_come_back_in_order_until_they_are_released(spool: EventSpool) -> None:
    marks = [spool.append(b"line %d" % number) for number in range(500)]
    await durable(spool, marks[-1])
    assert marks == sorted(set(marks))
    assert spool.mark == marks[-1]
    first = spool.batch(1000)
    again = spool.batch(1000)
    assert first is not None
    assert again is not None
    assert first.lines == again.lines == [b"line %d" % number for number in range(len(first.lines))]
    assert _drained(spool) == [b"line %d" % number for number in range(500)]
    assert spool.batch(1000) is None
    assert spool.shipped == spool.mark
    assert spool.used == 0


async def test_one_line_longer_than_a_batch_is_a_batch(spool: EventSpool) -> None:
    spool.append(b"x" * 5000)
    assert _drained(spool) == [b"x" * 5000]


async def test_beyond_the_bound_nothing_is_taken_until_there_is_room(tmp_path: Path) -> None:
    async with _spool(tmp_path, limit=100) as spool:
        spool.append(b"x" * 60)
        with pytest.raises(SpoolFullError):
            spool.append(b"x" * 60)
        _drained(spool)
        spool.append(b"x" * 60)


async def test_files_of_a_living_process_are_left_alone_and_counted(tmp_path: Path) -> None:
    async with _spool(tmp_path, limit=300) as one, _spool(tmp_path, limit=300) as other:
        await durable(one, one.append(b"x" * 150))
        other.look()
        assert other.batch(1000) is None
        with pytest.raises(SpoolFullError):
            other.append(b"x" * 150)


async def test_what_a_process_leaves_behind_is_taken_over_once(tmp_path: Path) -> None:
    async with _spool(tmp_path) as gone:
        gone.append(b"left behind")
    async with _spool(tmp_path) as one, _spool(tmp_path) as other:
        assert one.oldest_age_s < 60
        assert _drained(other) == []
        assert _drained(one) == [b"left behind"]
        assert one.used == 0
    assert not list(tmp_path.iterdir())


async def test_what_the_database_has_does_not_lie_about(tmp_path: Path) -> None:
    async with _spool(tmp_path) as spool:
        for number in range(3):
            await durable(spool, spool.append(b"%d" % number))
            assert _drained(spool) == [b"%d" % number]
            spool.tidy()
            assert not list(tmp_path.iterdir())


async def test_large_files_are_followed_by_others(tmp_path: Path) -> None:
    async with _spool(tmp_path, limit=1 << 24) as spool:
        written = [os.urandom(30_000).hex().encode() for _ in range(60)]
        for line in written:
            await durable(spool, spool.append(line))
        assert len(list(tmp_path.iterdir())) == 4
        assert _drained(spool) == written


async def test_without_flushing_each_time_the_file_has_it_all_the_same(tmp_path: Path) -> None:
    async with _spool(tmp_path, sync_always=False) as spool:
        await durable(spool, spool.append(b"soon"))
        assert b"soon" in next(tmp_path.iterdir()).read_bytes()
        spool.tidy()


async def test_a_disk_that_takes_nothing_is_told_and_loses_nothing_when_it_does_again(tmp_path: Path) -> None:
    async with _spool(tmp_path) as spool:
        await durable(spool, spool.append(b"before"))
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
        try:
            with pytest.raises(SpoolBrokenError):
                await durable(spool, spool.append(b"meanwhile"))
            kept = spool.batch(1000)
            assert kept is not None
            assert kept.lines == [b"before"]  # which makes room
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, ignored)
        await durable(spool, spool.append(b"after"))
        assert _drained(spool) == [b"before", b"meanwhile", b"after"]


async def test_a_storm_of_denials_shares_a_few_flushes(tmp_path: Path) -> None:
    async with _spool(tmp_path, limit=1 << 27) as spool, asyncio.timeout(30):
        waiting = [asyncio.create_task(durable(spool, spool.append(b"%d" % number))) for number in range(60_000)]
        await asyncio.gather(*waiting)
        assert spool.mark > 60_000


async def test_what_is_set_aside_lies_there_for_a_person(tmp_path: Path) -> None:
    async with _spool(tmp_path) as spool:
        spool.set_aside(b"one")
        spool.set_aside(b"two")
        spool.look()
        assert spool.batch(1000) is None
    (kept,) = tmp_path.rglob("refused.jsonl")
    assert kept.read_bytes() == b"one\ntwo\n"
    assert kept.stat().st_mode & 0o077 == 0


async def test_many_wait_for_one_flush(tmp_path: Path) -> None:
    async with _spool(tmp_path) as spool:
        await asyncio.gather(*(durable(spool, spool.append(b"%d" % number)) for number in range(300)))
        assert sorted(map(int, _drained(spool))) == list(range(300))


async def test_denials_of_one_turn_share_a_flush(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    flush = Flusher.flush

    def counted(one: Flusher, paths: Sequence[Path], heard: Callable[[OSError | None], None]) -> None:
        asked.append(len(paths))
        flush(one, paths, heard)

    monkeypatch.setattr(Flusher, "flush", counted)
    async with _spool(tmp_path) as spool:
        denials = [spool.durable(spool.append(b"%d" % number)) for number in range(10)]
        await asyncio.gather(*(denial for denial in denials if denial is not None))
        assert (len(denials), asked) == (10, [1])


async def test_who_comes_when_a_flush_has_just_ended_waits_for_the_next(tmp_path: Path) -> None:
    async def keep_on(spool: FileSpool, name: int) -> None:
        for turn in range(200):
            await durable(spool, spool.append(b"%d-%d" % (name, turn)))
            for _ in range((name + turn) % 4):
                await asyncio.sleep(0)

    async with _spool(tmp_path) as spool, asyncio.timeout(20):
        await asyncio.gather(*(keep_on(spool, name) for name in range(16)))
        assert len(_drained(spool)) == 16 * 200


async def test_a_file_is_flushed_with_the_directory_that_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the process apart: a directory takes the disk some milliseconds, in which the loop would answer nobody."""
    noted = tmp_path / "noted"
    noting = f"""
import os
def noted(sync):
    def and_note(descriptor):
        with open({str(noted)!r}, "a") as file:
            print(os.readlink(f"/proc/self/fd/{{descriptor}}"), file=file)
        sync(descriptor)
    return and_note
os.fsync, os.fdatasync = noted(os.fsync), noted(os.fdatasync)
"""
    monkeypatch.setattr(flusher, "CHILD", noting + flusher.CHILD)
    monkeypatch.setattr(os, "fsync", _never)
    directory = tmp_path / "spool"
    async with _spool(directory) as spool:
        for _ in range(2):
            await durable(spool, spool.append(b"denied"))
        (file,) = directory.glob("*.events")
        assert noted.read_text().splitlines() == [str(directory), str(file), str(file)]


def _never(_: int) -> None:
    raise AssertionError


async def test_without_its_flusher_a_process_flushes_by_itself_and_starts_another(tmp_path: Path) -> None:
    others = _children()
    async with _spool(tmp_path) as spool:
        for turn in range(3):
            (child,) = _children() - others
            os.kill(child, signal.SIGSTOP if turn else signal.SIGKILL)
            waiting = [asyncio.create_task(durable(spool, spool.append(b"%d" % number))) for number in range(3)]
            await asyncio.sleep(0.05)
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            await asyncio.gather(*waiting)
            await durable(spool, spool.append(b"later"))
        assert len(_drained(spool)) == 12
    assert _children() <= others


@pytest.mark.parametrize("answers_first", [False, True])
async def test_what_is_asked_while_its_flusher_is_made_up_for_is_heard_once(
    *, answers_first: bool, tmp_path: Path
) -> None:
    """An answer too many would be taken for that to the next question, which might not be on the disk by then."""
    others, wrong, heard = _children(), list[object](), list[str]()
    asyncio.get_running_loop().set_exception_handler(lambda _, about: wrong.append(about))
    file = tmp_path / "file"
    file.touch()
    apart = Flusher()
    apart.start()
    (child,) = _children() - others

    def and_again(_: object) -> None:
        heard.append("first")
        apart.flush([file], lambda _: heard.append("third"))

    if not answers_first:
        os.kill(child, signal.SIGSTOP)
    apart.flush([file], and_again)
    apart.flush([file], lambda _: heard.append("second"))
    if answers_first:
        time.sleep(0.2)  # noqa: ASYNC251 - the answers are to wait
    os.kill(child, signal.SIGKILL)
    time.sleep(0.1)  # noqa: ASYNC251 - until it has gone
    async with asyncio.timeout(20):
        while len(heard) < 3:  # noqa: ASYNC110 - there is nothing to wait for
            await asyncio.sleep(0.01)
        apart.flush([file], lambda _: heard.append("fourth"))
        while len(heard) < 4:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    apart.close()
    assert sorted(heard) == ["first", "fourth", "second", "third"]
    assert wrong == []


def _children() -> set[int]:
    return {int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}


_LINES = st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line), max_size=8)


@given(_LINES, st.integers(0, 400))
def test_a_torn_end_costs_the_line_that_was_being_written_alone(lines: list[bytes], kept: int) -> None:
    whole = [framed(line) for line in lines]
    chunk = parsed(b"".join(whole)[:kept])
    assert chunk.damaged == 0
    assert list(chunk.lines) == lines[: len(chunk.lines)]
    assert chunk.size == sum(map(len, whole[: len(chunk.lines)])) <= kept
    following = [*whole, b"x" * 500][len(chunk.lines)]
    assert chunk.size + len(following) > kept


@given(_LINES.filter(len), st.data())
def test_a_damaged_line_is_not_taken_for_another(lines: list[bytes], data: st.DataObject) -> None:
    content = bytearray(b"".join(map(framed, lines)))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.sampled_from([1, 2, 64, 128]))
    assert all(line in lines for line in parsed(bytes(content)).lines)


def test_what_the_disk_takes_in_part_is_not_there(tmp_path: Path) -> None:
    segment = Segment.made(tmp_path, "one")
    segment.write(framed(b"whole"))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (segment.size + 5, before[1]))
    try:
        with pytest.raises(OSError, match="No space left"):
            segment.write(framed(b"torn"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert segment.path.read_bytes() == framed(b"whole")
    segment.remove()


async def test_what_is_set_aside_ends_at_its_bound(tmp_path: Path) -> None:
    async with _spool(tmp_path) as spool:
        spool.set_aside(b"one")
        (aside,) = tmp_path.rglob(ASIDE)
        os.truncate(aside, ASIDE_BYTES)
        spool.set_aside(b"two")
        assert aside.stat().st_size == ASIDE_BYTES


def test_a_segment_that_vanished_is_nobodys(tmp_path: Path) -> None:
    assert Segment.left_behind(tmp_path / "none.events") is None


_DENIER = """
import asyncio, sys
from pathlib import Path
from policy_service.adapters.spool.event_spool import ASIDE, ASIDE_BYTES, FileSpool

async def one(spool, name):
    waiting = spool.durable(spool.append(name.encode()))
    if waiting is not None:
        await waiting
    print(name, flush=True)

async def main():
    spool = FileSpool(Path(sys.argv[1]), limit=1 << 30, sync_always=sys.argv[2] == "always")
    spool.open()
    for turn in range(10_000):
        await asyncio.gather(*(one(spool, f"{turn}-{number}") for number in range(5)))

asyncio.run(main())
"""


@pytest.mark.parametrize("sync", ["always", "interval"])
@pytest.mark.parametrize("after", [1, 37, 2000])
async def test_no_answered_denial_is_lost_by_a_kill(tmp_path: Path, after: int, sync: str) -> None:
    command = [sys.executable, "-c", _DENIER, str(tmp_path), sync]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603, ASYNC220 - our own program
        assert process.stdout is not None
        answered = [process.stdout.readline().strip() for _ in range(after)]
        process.send_signal(signal.SIGKILL)
        answered += [line.strip() for line in process.stdout if line.endswith("\n")]
    async with _spool(tmp_path, limit=1 << 30) as spool:
        kept = {line.decode() for line in _drained(spool)}
    assert len(answered) >= after
    assert set(answered) <= kept
