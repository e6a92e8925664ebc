"""Imports identifiers from an upload."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.application.imports.batches import run_import
from policy_service.application.imports.identifier_shape import FIELDS, read_identifier

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from policy_service.application.imports.batches import ImportOptions
    from policy_service.application.imports.fields import Fields
    from policy_service.application.imports.report import ImportReport
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

    async def __call__(self, chunks: AsyncIterator[bytes], options: ImportOptions) -> ImportReport:
        """Import and report. Raises ImportTooLossyError and StoreUnavailableError."""
        declared = self._attribute_types().vehicle

        def read(fields: Fields) -> IdentifierRecord:
            return read_identifier(fields, lookup=self._lookup, declared=declared, source=options.source)

        try:
            return await run_import(
                chunks,
                options,
                FIELDS,
                read,
                lambda source, atomic: self._identifiers.importing(source, atomic=atomic),
            )
        finally:
            await self._watch.changed()
