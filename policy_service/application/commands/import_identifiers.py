"""Imports identifiers from an upload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.application.imports.batches import run_import
from policy_service.application.imports.fields import Fields
from policy_service.application.imports.identifier_shape import FIELDS, read_identifier, record_ids
from policy_service.application.imports.plain_identifier import PlainIdentifiers
from policy_service.application.imports.report import ImportReport
from policy_service.application.imports.rows import ImportFormat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from policy_service.application.imports.batches import ImportOptions
    from policy_service.application.lookup import Lookup
    from policy_service.application.ports import IdentifierRepository
    from policy_service.application.version_watch import VersionWatch
    from policy_service.domain.identifier import IdentifierRecord
    from policy_service.domain.policy import AttributeTypes


class ImportIdentifiers:
    """Takes uploads of identifiers in."""

    def __init__(
        self,
        identifiers: IdentifierRepository,
        watch: VersionWatch,
        lookup: Lookup,
        attribute_types: Callable[[], AttributeTypes],
    ) -> None:
        """``attribute_types`` gives the attributes that the plan in force declares."""
        self._identifiers = identifiers
        self._watch = watch
        self._lookup = lookup
        self._attribute_types = attribute_types

    async def __call__(
        self, chunks: AsyncIterator[bytes], options: ImportOptions, report: ImportReport | None = None
    ) -> ImportReport:
        """Import and report. Raises ImportTooLossyError and StoreUnavailableError."""
        try:
            return await run_import(
                chunks,
                options,
                FIELDS,
                self._reader(options),
                lambda source, atomic: self._identifiers.importing(source, atomic=atomic),
                report or ImportReport(),
            )
        finally:
            await self._watch.changed()

    def _reader(self, options: ImportOptions) -> Callable[[Mapping[str, Any]], IdentifierRecord]:
        declared, source, record_id = self._attribute_types().vehicle, options.source, record_ids()
        plain = PlainIdentifiers(self._lookup, declared, source, record_id)
        from_text = options.written is ImportFormat.CSV

        def read(values: Mapping[str, Any]) -> IdentifierRecord:
            return plain(values) or read_identifier(
                Fields(values, from_text=from_text),
                lookup=self._lookup,
                declared=declared,
                source=source,
                record_id=record_id,
            )

        return read
