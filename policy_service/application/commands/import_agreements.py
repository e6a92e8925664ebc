"""Imports agreements from an upload."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from policy_service.application.imports.agreement_shape import FIELDS, read_agreement
from policy_service.application.imports.batches import run_import

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from policy_service.application.imports.batches import ImportOptions
    from policy_service.application.imports.report import ImportReport
    from policy_service.application.ports import AgreementRepository
    from policy_service.application.version_watch import VersionWatch


class ImportAgreements:
    """Takes uploads of agreements in."""

    def __init__(self, agreements: AgreementRepository, watch: VersionWatch) -> None:
        """Store in the repository; the watch lets every process know."""
        self._agreements = agreements
        self._watch = watch

    async def __call__(self, chunks: AsyncIterator[bytes], options: ImportOptions) -> ImportReport:
        """Import and report. Raises ImportTooLossyError and StoreUnavailableError."""
        try:
            return await run_import(
                chunks,
                options,
                FIELDS,
                partial(read_agreement, source=options.source),
                lambda source, atomic: self._agreements.importing(source, atomic=atomic),
            )
        finally:
            await self._watch.changed()
