"""Imports agreements from an upload."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.application.imports.agreement_shape import FIELDS, read_agreement
from policy_service.application.imports.batches import run_import
from policy_service.application.imports.fields import Fields
from policy_service.application.imports.report import ImportReport
from policy_service.application.imports.rows import ImportFormat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from policy_service.application.imports.batches import ImportOptions
    from policy_service.application.ports import AgreementRepository
    from policy_service.application.version_watch import VersionWatch


class ImportAgreements:
    """Takes uploads of agreements in."""

    def __init__(self, agreements: AgreementRepository, watch: VersionWatch) -> None:
        """Store in the repository; the watch lets every process know."""
        self._agreements = agreements
        self._watch = watch

    async def __call__(
        self, chunks: AsyncIterator[bytes], options: ImportOptions, report: ImportReport | None = None
    ) -> ImportReport:
        """Import and report. Raises ImportTooLossyError and StoreUnavailableError."""
        from_text = options.written is ImportFormat.CSV
        try:
            return await run_import(
                chunks,
                options,
                FIELDS,
                lambda values: read_agreement(Fields(values, from_text=from_text), source=options.source),
                lambda source, atomic: self._agreements.importing(source, atomic=atomic),
                report or ImportReport(),
            )
        finally:
            await self._watch.changed()
