"""Long work of an offline command: shown while it lasts, and not held up by the garbage collector."""

from __future__ import annotations

import gc
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from policy_service.entrypoints.cli.console import stderr

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from typing import TypeVar

    from rich.progress import Progress

    T = TypeVar("T")


class LongWork:
    """Tells which stage a command is at; quiet where nobody watches."""

    def __init__(self, progress: Progress | None) -> None:
        """Draw on this; None: draw nothing."""
        self._progress = progress

    def stage(self, what: str) -> None:
        """Begin the next stage, of unknown length."""
        if self._progress is not None:
            for task in self._progress.task_ids:
                self._progress.remove_task(task)
            self._progress.add_task(what, total=None)

    def through(self, what: str, items: Iterable[T], total: int | None = None) -> Iterator[T]:
        """Begin a stage of so many items, None where that is not known yet, and pass them on."""
        if self._progress is None:
            yield from items
            return
        self.stage(what)
        task = self._progress.task_ids[-1]
        self._progress.update(task, total=total)
        for item in items:
            yield item
            self._progress.advance(task)


@contextmanager
def long_work(*, shown: bool = True) -> Generator[LongWork]:
    """Show stages on standard error while the context lasts: on a terminal alone, and never under CI.

    What a command reads it needs to its end. The collector would walk a hundred thousand chargers again and again, and
    find nothing to throw away.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield from _drawn(shown=shown)
    finally:
        if collecting:
            gc.enable()


def _drawn(*, shown: bool) -> Generator[LongWork]:
    console = stderr()
    if not shown or not console.is_terminal or os.environ.get("CI"):
        yield LongWork(None)
        return
    from rich.progress import (  # noqa: PLC0415 - takes a while, and mostly nobody watches
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        yield LongWork(progress)
