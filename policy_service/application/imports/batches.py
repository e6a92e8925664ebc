"""Drives an import: rows are read into records, and records taken in by batches."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from policy_service.application.imports.fields import Fault, InvalidRecordError
from policy_service.application.imports.rows import HeaderError, ImportFormat, rows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from policy_service.application.imports.report import ImportReport
    from policy_service.application.imports.rows import Row
    from policy_service.application.ports import ImportSession

T = TypeVar("T")

Reader: TypeAlias = "Callable[[Mapping[str, Any]], T]"
"""Makes a record of a row's values. Raises InvalidRecordError."""

BATCH = 16_000
"""Each takes effect at once. Smaller ones would write the pages of the indexes again and again."""
_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How an import is meant. Raises ValueError for a source's name that is not one plain word."""

    source: str = "http"
    replace: bool = False
    atomic: bool = False
    force: bool = False
    written: ImportFormat = ImportFormat.NDJSON

    def __post_init__(self) -> None:
        """Check the source's name."""
        if not _SOURCE.fullmatch(self.source):
            message = "a source is a word of at most 64 letters, digits, `_`, `.` and `-`"
            raise ValueError(message)


class _RefusedError(Exception):
    """Leaves an import's context so that nothing of it remains."""


class _Batches(Generic[T]):
    """Gathers records with their lines; while the session takes one batch, the next is read."""

    def __init__(self, session: ImportSession[T], report: ImportReport) -> None:
        self._session = session
        self._report = report
        self._records: list[T] = []
        self._lines: list[int] = []
        self._taking: asyncio.Task[None] | None = None

    def add(self, line: int, record: T) -> None:
        self._records.append(record)
        self._lines.append(line)

    async def hand_over(self, *, at_least: int) -> None:
        """Give batches to the session as long as so much is gathered, each when it has taken the one before."""
        while len(self._records) >= at_least:
            await self.settle()
            self._taking = asyncio.create_task(self._take(self._records[:BATCH], self._lines[:BATCH]))
            self._records, self._lines = self._records[BATCH:], self._lines[BATCH:]

    async def settle(self) -> None:
        """Wait until the session has taken what it was given."""
        if self._taking is not None:
            taking, self._taking = self._taking, None
            await taking

    async def give_up(self) -> None:
        """Let the session stop: it is about to be closed, and nobody else may be at work with it then."""
        if self._taking is not None:
            self._taking.cancel()
            await asyncio.wait((self._taking,))

    async def _take(self, records: list[T], lines: list[int]) -> None:
        conflicts = await self._session.add(records)
        for conflict in conflicts:
            self._report.note(lines[conflict.index], Fault(conflict.pointer, conflict.detail))
        self._report.conflicts += len(conflicts)
        self._report.rejected += len(conflicts)
        self._report.accepted += len(records) - len(conflicts)


async def run_import(
    chunks: AsyncIterator[bytes],
    options: ImportOptions,
    columns: Sequence[str],
    read: Reader[T],
    importing: Callable[[str, bool], AbstractAsyncContextManager[ImportSession[T]]],
    report: ImportReport,
) -> ImportReport:
    """Import an upload and report, as it goes and at its end. Raises ImportTooLossyError and StoreUnavailableError.

    A replace takes effect in one stroke, bad lines or not: half of a list must never replace the whole of another.
    """
    try:
        async with importing(options.source, options.atomic or options.replace) as session:
            await _take_in(chunks, options, columns, read, session, report)
    except HeaderError as error:
        report.refuse()
        for fault in error.faults:
            report.note(1, fault)
    except _RefusedError:
        report.refuse()
    return report


async def _take_in(
    chunks: AsyncIterator[bytes],
    options: ImportOptions,
    columns: Sequence[str],
    read: Reader[T],
    session: ImportSession[T],
    report: ImportReport,
) -> None:
    batches = _Batches(session, report)
    try:
        async for block in rows(chunks, options.written, columns):
            _read_block(block, read, batches, report)
            await batches.hand_over(at_least=BATCH)
            await asyncio.sleep(0)  # an upload that has arrived already would keep decisions waiting
        await batches.hand_over(at_least=1)
        await batches.settle()
    finally:
        await batches.give_up()
    if report.rejected and (options.atomic or (options.replace and not report.accepted)):
        raise _RefusedError  # a list of which no line can be read says nothing about what may go
    if options.replace:
        report.dropped = await session.drop_unlisted(force=options.force)


def _read_block(block: Sequence[Row], read: Reader[T], batches: _Batches[T], report: ImportReport) -> None:
    report.lines += len(block)
    for row in block:
        faults: Sequence[Fault] = () if row.fault is None else (row.fault,)
        if not faults:
            try:
                batches.add(row.line, read(row.values))
            except InvalidRecordError as error:
                faults = error.faults
        report.rejected += bool(faults)
        for fault in faults:
            report.note(row.line, fault)
