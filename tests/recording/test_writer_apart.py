from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fakes.migrated import migrated, migrated_file
from fakes.samples import event, lines
from fakes.served import eventually

from policy_service.adapters.spool import flusher
from policy_service.adapters.sql.event_writer import SqlEventWriter
from policy_service.adapters.sql.event_writer_apart import MANY, EventWriterApart
from policy_service.adapters.sql.event_writer_process import framed
from policy_service.application.ports import EventRefusedError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """Run on the loop that the service runs on: the ends of pipes differ."""
    return "asyncio", {"use_uvloop": True}


class Here:
    """Writes in this process, and notes how much."""

    def __init__(self, writer: SqlEventWriter | None = None) -> None:
        """Pass lines on to the writer, or keep none at all."""
        self._writer = writer
        self.sizes: list[int] = []

    async def write(self, lines: Sequence[bytes]) -> None:
        self.sizes.append(len(lines))
        if self._writer is not None:
            await self._writer.write(lines)


def _batch(name: str) -> list[bytes]:
    return lines(*(event(f"{name}-{number}") for number in range(MANY)))


@asynccontextmanager
async def _apart(url: str, here: Here, **options: float) -> AsyncIterator[EventWriterApart]:
    apart = EventWriterApart(url, here, **options)
    try:
        yield apart
    finally:
        await apart.close()


@asynccontextmanager
async def _up(file: Path, **options: float) -> AsyncIterator[tuple[EventWriterApart, Here]]:
    """Open a writer to a new SQLite file, whose process is up; what is written here goes nowhere."""
    here = Here()
    async with _apart(f"sqlite:///{migrated_file(file)}", here, **options) as apart:
        await _until_up(apart, here)
        yield apart, here


async def _until_up(apart: EventWriterApart, here: Here) -> None:
    """Write large batches until one no longer comes to this process: the other has it."""
    for number in range(200):
        before = len(here.sizes)
        await apart.write(_batch(f"up-{number}"))
        if len(here.sizes) == before:
            return
        await asyncio.sleep(0.05)
    pytest.fail("no process came up")


def _writers() -> set[int]:
    """Return the processes that this one has started to write."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # a thread or a child may end while it is looked at
            for child in (task / "children").read_text(encoding="ascii").split():
                if b"event_writer_process" in Path(f"/proc/{child}/cmdline").read_bytes():
                    found.add(int(child))
    return found


@pytest.fixture
def children() -> Callable[[], set[int]]:
    """Tell the processes that a test has started to write; a service that other tests share may have its own."""
    others = _writers()
    return lambda: _writers() - others


@pytest.mark.parametrize("technology", ["sqlite", "postgresql"])
async def test_large_batches_are_stored_by_a_process_and_small_ones_here(
    technology: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    async with migrated(technology, request, tmp_path) as database:
        url = database.engine.url.render_as_string(hide_password=False)
        here = Here(SqlEventWriter(database))
        async with _apart(url, here) as apart:
            await _until_up(apart, here)
            await apart.write(_batch("large"))
            await apart.write(lines(event("small")))
            assert here.sizes[-1] == 1
            async with database.reading() as connection:
                found = (await connection.exec_driver_sql("SELECT decision_id FROM access_events")).scalars().all()
    assert {"small", *(f"large-{number}" for number in range(MANY))} <= set(found)
    assert len(found) == len(set(found)) == sum(here.sizes) + 2 * MANY  # the one it came up with, and "large"


@pytest.mark.parametrize("seen_s", [0, 0.2], ids=["unseen", "seen"])
async def test_a_process_that_is_killed_loses_nothing_and_is_started_again(
    seen_s: float, tmp_path: Path, children: Callable[[], set[int]]
) -> None:
    async with _up(tmp_path / "state.db", restart_s=0) as (apart, here):
        (child,) = children()
        os.kill(child, signal.SIGKILL)
        await asyncio.sleep(seen_s)  # the loop closes its end of the pipe
        await apart.write(_batch("killed"))
        assert here.sizes[-1] == MANY
        await _until_up(apart, here)
        assert child not in children()
    assert not children()


async def test_a_process_that_fails_is_not_started_over_and_over(children: Callable[[], set[int]]) -> None:
    here = Here()
    async with _apart("nothing of the kind", here) as apart:
        await apart.write(_batch("first"))
        assert children()
        await asyncio.to_thread(eventually, lambda: not children(), within=60)
        for number in range(20):
            await apart.write(_batch(str(number)))
            await asyncio.sleep(0.05)
            assert not children()
    assert here.sizes == [MANY] * 21


async def test_what_the_process_says_is_raised_here(tmp_path: Path) -> None:
    async with _up(tmp_path / "state.db") as (apart, _):
        with pytest.raises(EventRefusedError):
            await apart.write([b"no JSON", *_batch("refused")])
        with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
            connection.execute("DROP TABLE access_events")
        with pytest.raises(StoreUnavailableError):
            await apart.write(_batch("gone"))


async def test_after_a_batch_that_was_given_up_no_answer_is_taken_for_another_ones(
    tmp_path: Path, children: Callable[[], set[int]]
) -> None:
    async with _up(tmp_path / "state.db") as (apart, here):
        (child,) = children()
        os.kill(child, signal.SIGSTOP)
        waiting = asyncio.create_task(apart.write(_batch("given-up")))
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.wait((waiting,))
        assert not children()
        await _until_up(apart, here)
        with pytest.raises(EventRefusedError):
            await apart.write([b"no JSON", *_batch("refused")])


@pytest.mark.parametrize("process", ["writer", "flusher"])
def test_a_process_whose_parent_was_killed_meanwhile_ends_without_a_word(process: str, tmp_path: Path) -> None:
    file = migrated_file(tmp_path / "state.db")
    url, batch = f"sqlite:///{file}".encode(), b"\n".join(_batch("late"))
    module = "policy_service.adapters.sql.event_writer_process"
    commands = {"writer": ["-m", module], "flusher": ["-I", "-S", "-c", flusher.CHILD]}
    said = {"writer": framed(url) + framed(batch), "flusher": bytes(file) + b"\n"}
    answers, told = os.pipe()
    os.close(answers)
    ended = subprocess.run(  # noqa: S603 - our own
        [sys.executable, *commands[process]], input=said[process], stdout=told, stderr=subprocess.PIPE, check=False
    )
    os.close(told)
    assert (ended.returncode, ended.stderr) == (0, b"")
