"""How far an upload is: a bar on a terminal, a plain line now and then elsewhere, always on standard error."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from rich.progress import BarColumn, DownloadColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from policy_service.entrypoints.cli.console import note, stderr

if TYPE_CHECKING:
    from collections.abc import Generator

PLAIN_EVERY_S = 10.0
_TAKING_EFFECT = "taking effect"


class Shown(Protocol):
    """Is told of what has been sent."""

    def sent(self, chunk: bytes) -> None:
        """Count a piece that has been sent."""
        ...

    def all_sent(self) -> None:
        """Hear that everything is sent, and that the service is at work."""
        ...


@contextmanager
def upload_progress(what: str, total: int | None, *, wanted: bool) -> Generator[Shown]:
    """Show an upload of so many bytes until the context ends, which is when the service has answered."""
    console = stderr()
    if not wanted:
        yield _Hidden()
    elif console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), DownloadColumn())
        rate = TextColumn("{task.fields[rate]}")
        with Progress(*columns, TimeElapsedColumn(), rate, console=console, transient=True) as progress:
            yield _Bar(progress, what, total)
    else:
        with _lines(what, total) as lines:
            yield lines


class _Hidden:
    """Shows nothing."""

    def sent(self, chunk: bytes) -> None:
        """Count nothing."""

    def all_sent(self) -> None:
        """Say nothing."""


class _Counted:
    """Counts bytes and records; a line is a record, near enough for a rate."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.bytes = 0
        self.records = 0
        self.effective = False

    def count(self, chunk: bytes) -> None:
        self.bytes += len(chunk)
        self.records += chunk.count(b"\n")

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    @property
    def rate(self) -> str:
        return f"{self.records / max(self.seconds, 0.001):,.0f} records/s"


class _Bar:
    """A bar that says what is going on behind it."""

    def __init__(self, progress: Progress, what: str, total: int | None) -> None:
        self._progress = progress
        self._counted = _Counted()
        self._task = progress.add_task(f"uploading {what}", total=total, rate="")

    def sent(self, chunk: bytes) -> None:
        self._counted.count(chunk)
        self._progress.update(self._task, advance=len(chunk), rate=self._counted.rate)

    def all_sent(self) -> None:
        self._progress.update(self._task, description=_TAKING_EFFECT, total=None)


class _Lines:
    """A line every few seconds, for logs and pipes; nothing of an upload that is done before."""

    def __init__(self, what: str, total: int | None) -> None:
        self._what = what
        self._total = total
        self._counted = _Counted()
        self._ended = threading.Event()

    def sent(self, chunk: bytes) -> None:
        self._counted.count(chunk)

    def all_sent(self) -> None:
        self._counted.effective = True

    def keep_telling(self) -> None:
        while not self._ended.wait(PLAIN_EVERY_S):
            counted = self._counted
            share = f" of {self._total / 1e6:.0f} MB" if self._total else ""
            stage = _TAKING_EFFECT if counted.effective else f"uploading {self._what}"
            sent = f"{counted.bytes / 1e6:.0f} MB{share}, {counted.records:,} records"
            note(f"{stage}: {sent}, {counted.seconds:.0f} s, {counted.rate}")

    def end(self) -> None:
        self._ended.set()


@contextmanager
def _lines(what: str, total: int | None) -> Generator[_Lines]:
    lines = _Lines(what, total)
    teller = threading.Thread(target=lines.keep_telling, daemon=True)
    teller.start()
    try:
        yield lines
    finally:
        lines.end()
        teller.join()
