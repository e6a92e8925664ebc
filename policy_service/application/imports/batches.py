"""Drives an import: rows are read into records, and records taken in by batches."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from policy_service.application.imports.fields import Fault, Fields, InvalidRecordError
from policy_service.application.imports.report import ImportReport
from policy_service.application.imports.rows import HeaderError, ImportFormat, rows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from policy_service.application.ports import ImportSession

T = TypeVar("T")

BATCH = 1_000
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
    """Gathers records with their lines until there are enough for the session."""

    def __init__(self, session: ImportSession[T], report: ImportReport) -> None:
        self._session = session
        self._report = report
        self._records: list[T] = []
        self._lines: list[int] = []

    async def add(self, line: int, record: T) -> None:
        self._records.append(record)
        self._lines.append(line)
        if len(self._records) >= BATCH:
            await self.flush()

    async def flush(self) -> None:
        if not self._records:
            return
        conflicts = await self._session.add(self._records)
        for conflict in conflicts:
            self._report.note(self._lines[conflict.index], Fault(conflict.pointer, conflict.detail))
        self._report.rejected += len(conflicts)
        self._report.accepted += len(self._records) - len(conflicts)
        self._records, self._lines = [], []


async def run_import(
    chunks: AsyncIterator[bytes],
    options: ImportOptions,
    columns: Sequence[str],
    read: Callable[[Fields], T],
    importing: Callable[[str, bool], AbstractAsyncContextManager[ImportSession[T]]],
) -> ImportReport:
    """Import an upload and report. Raises ImportTooLossyError and StoreUnavailableError.

    A replace takes effect in one stroke, bad lines or not: half of a list must never replace the whole of another.
    """
    report = ImportReport()
    try:
        async with importing(options.source, options.atomic or options.replace) as session:
            await _take_in(chunks, options, columns, read, session, report)
    except HeaderError as error:
        report = ImportReport(refused=True)
        for fault in error.faults:
            report.note(1, fault)
    except _RefusedError:
        report.accepted, report.dropped, report.refused = 0, 0, True
    return report


async def _take_in(
    chunks: AsyncIterator[bytes],
    options: ImportOptions,
    columns: Sequence[str],
    read: Callable[[Fields], T],
    session: ImportSession[T],
    report: ImportReport,
) -> None:
    batches = _Batches(session, report)
    from_text = options.written is ImportFormat.CSV
    async for row in rows(chunks, options.written, columns):
        if row.fault is not None:
            report.rejected += 1
            report.note(row.line, row.fault)
            continue
        try:
            record = read(Fields(row.values, from_text=from_text))
        except InvalidRecordError as error:
            report.rejected += 1
            for fault in error.faults:
                report.note(row.line, fault)
            continue
        await batches.add(row.line, record)
    await batches.flush()
    if options.atomic and report.rejected:
        raise _RefusedError
    if options.replace:
        report.dropped = await session.drop_unlisted(force=options.force)
