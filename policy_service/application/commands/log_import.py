"""Put an import on record while it runs: every process and node can tell how far it is, and how it ended."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from policy_service.application.imports.report import ImportReport
from policy_service.application.ports import ConflictError, ImportTooLossyError, StoreUnavailableError
from policy_service.application.short_ids import short_id
from policy_service.domain.import_run import ImportMode, ImportRun, ImportState
from policy_service.domain.instant import DAY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from policy_service.application.imports.batches import ImportOptions
    from policy_service.application.ports import Clock, ImportLog
    from policy_service.domain.import_run import ImportKind

TOLD_EVERY_S = 1.0
KEPT = 400 * DAY
"""For how long imports answer the questions of an audit."""

_LETTERS = 10


class Import(Protocol):
    """Takes an upload in, and counts in the report as it goes."""

    async def __call__(
        self, chunks: AsyncIterator[bytes], options: ImportOptions, report: ImportReport
    ) -> ImportReport:
        """Import and report."""
        ...


class LoggedImport:
    """An import that is on record from its beginning. What is told of it never lies in the import's transaction."""

    def __init__(
        self,
        kind: ImportKind,
        import_: Import,
        log: ImportLog,
        clock: Clock,
        ended: Callable[[], Awaitable[None]],
        *,
        every_s: float = TOLD_EVERY_S,
    ) -> None:
        """Wrap the import; ``ended`` is called when one has ended."""
        self._kind = kind
        self._import = import_
        self._log = log
        self._clock = clock
        self._ended = ended
        self._every_s = every_s

    async def __call__(
        self, chunks: AsyncIterator[bytes], options: ImportOptions, *, caller: str | None = None
    ) -> ImportReport:
        """Import and report. Raises what the import does, and StoreUnavailableError."""
        run, report = self._begun(options, caller), ImportReport()
        report.import_id = run.id
        await self._put(run)
        telling = asyncio.create_task(self._keep_telling(run, report))
        state = ImportState.FAILED
        try:
            await self._import(chunks, options, report)
            state = ImportState.REFUSED if report.refused else ImportState.DONE
        except (ConflictError, ImportTooLossyError):
            report.refuse()
            state = ImportState.REFUSED
            raise
        finally:
            telling.cancel()
            await asyncio.shield(self._end(telling, run, report, state))
        return report

    def _begun(self, options: ImportOptions, caller: str | None) -> ImportRun:
        now = self._clock.now()
        return ImportRun(
            id="im-" + short_id(_LETTERS),
            kind=self._kind,
            source=options.source,
            mode=ImportMode.REPLACE if options.replace else ImportMode.MERGE,
            atomic=options.atomic,
            state=ImportState.RUNNING,
            started_at=now,
            updated_at=now,
            caller=caller,
        )

    async def _keep_telling(self, run: ImportRun, report: ImportReport) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            with suppress(StoreUnavailableError):  # the next one tells more
                await self._put(self._as_of_now(run, report))

    async def _end(self, telling: asyncio.Task[None], run: ImportRun, report: ImportReport, state: ImportState) -> None:
        await asyncio.wait((telling,))
        ended = replace(self._as_of_now(run, report), state=state, ended_at=self._clock.now())
        with suppress(StoreUnavailableError):  # the import's own outcome is not to suffer from it
            await self._put(ended)
        await self._ended()

    def _as_of_now(self, run: ImportRun, report: ImportReport) -> ImportRun:
        return replace(
            run,
            updated_at=self._clock.now(),
            lines=report.lines,
            accepted=report.accepted,
            rejected=report.rejected,
            dropped=report.dropped,
            conflicts=report.conflicts,
        )

    async def _put(self, run: ImportRun) -> None:
        await self._log.put(run, forget=run.started_at - KEPT)
