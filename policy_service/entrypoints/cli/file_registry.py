"""A registry for offline questions: identifiers and agreements of files, read as the service's imports read them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from policy_service import bootstrap
from policy_service.application.imports import agreement_shape, identifier_shape
from policy_service.application.imports.batches import ImportOptions, run_import
from policy_service.application.imports.fields import Fields
from policy_service.application.imports.report import ImportReport
from policy_service.application.imports.rows import ImportFormat
from policy_service.application.lookup import Lookup
from policy_service.application.ports import ImportConflict
from policy_service.domain.registration import Absence, Registration
from policy_service.entrypoints.cli.failure import CommandError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path

    from policy_service.application.lookup import Presented
    from policy_service.domain.agreement import Agreement
    from policy_service.domain.identifier import IdentifierRecord
    from policy_service.domain.registration import Finding
    from policy_service.engine.plan import ChargerPlan

T = TypeVar("T")

_CHUNK = 1 << 16


class FileRegistry:
    """Knows what the files say, for the length of one command."""

    def __init__(self, declared: Mapping[str, str]) -> None:
        """Read records with the vehicle attributes that the policy tree declares."""
        self.lookup = Lookup(bootstrap.offline().fingerprints)
        self._declared = declared
        self._identifiers: dict[str, IdentifierRecord] = {}
        self._agreements: dict[str, Agreement] = {}

    def add(self, fields: Fields, agreement: Agreement | None, *, fleet: str | None) -> None:
        """Know a record that stands in no file; its fleet may be left open. Raises InvalidRecordError."""
        record = replace(self._read(fields), fleet=fleet)
        self._identifiers[record.key] = record
        if agreement is not None:
            self._agreements.setdefault(agreement.id, agreement)

    def import_identifiers(self, path: Path) -> ImportReport:
        """Know the identifiers of a file. Raises CommandError."""
        return _import(path, identifier_shape.FIELDS, self._read, self._identifiers, lambda record: record.key)

    def import_agreements(self, path: Path) -> ImportReport:
        """Know the agreements of a file. Raises CommandError."""
        read = partial(agreement_shape.read_agreement, source="file")
        return _import(path, agreement_shape.FIELDS, read, self._agreements, lambda agreement: agreement.id)

    def about(self, presented: Presented, entry: ChargerPlan) -> Finding:
        """Return what stands behind an identifier at a charger, in the order in which reasons are judged."""
        if not presented.keys:
            return Absence.NO_IDENTIFIER
        if entry.sends_by_itself(presented.form):
            return Absence.SYNTHETIC_IDENTIFIER
        for key in presented.keys:
            record = self._identifiers.get(key)
            if record is not None:
                return Registration(record, self._agreements.get(record.agreement or ""))
        return Absence.UNKNOWN_IDENTIFIER

    def _read(self, fields: Fields) -> IdentifierRecord:
        return identifier_shape.read_identifier(fields, lookup=self.lookup, declared=self._declared, source="file")


def agreement_ids(path: Path) -> tuple[str, ...]:
    """Return the ids of the agreements in a file of records. Raises CommandError."""
    table: dict[str, Agreement] = {}
    read = partial(agreement_shape.read_agreement, source="file")
    report = _import(path, agreement_shape.FIELDS, read, table, lambda agreement: agreement.id)
    if not table and (report.refused or report.rejected):
        message = f"`{path}` holds no agreement that can be read"
        raise CommandError(message, "give the file that you import, or list ids under `agreements`")
    return tuple(table)


class _Session(Generic[T]):
    """Takes records into a table; the first of two with one key stays, as in the service's imports."""

    def __init__(self, table: dict[str, T], key: Callable[[T], str]) -> None:
        self._table = table
        self._key = key

    async def add(self, batch: Sequence[T]) -> Sequence[ImportConflict]:
        conflicts: list[ImportConflict] = []
        for index, record in enumerate(batch):
            if self._table.setdefault(self._key(record), record) is not record:
                conflicts.append(ImportConflict(index, "", "listed twice in this import"))
        return conflicts

    async def drop_unlisted(self, *, force: bool) -> int:
        del force
        return 0


def written_as(path: Path) -> ImportFormat:
    """Return how a file of records is written, by its name."""
    return ImportFormat.CSV if path.suffix.lower() == ".csv" else ImportFormat.NDJSON


def _import(
    path: Path, columns: Sequence[str], read: Callable[[Fields], T], table: dict[str, T], key: Callable[[T], str]
) -> ImportReport:
    @asynccontextmanager
    async def importing(_source: str, _atomic: bool) -> AsyncGenerator[_Session[T], None]:  # noqa: FBT001 - the port's
        yield _Session(table, key)

    try:
        options = ImportOptions("file", written=written_as(path))
        from_text = options.written is ImportFormat.CSV

        def read_row(values: Mapping[str, Any]) -> T:
            return read(Fields(values, from_text=from_text))

        return asyncio.run(run_import(_chunks(path), options, columns, read_row, importing, ImportReport()))
    except OSError as error:
        message = f"`{path}` cannot be read: {error.strerror or type(error).__name__}"
        raise CommandError(message, "give a file of NDJSON, or of CSV with a name that ends in .csv") from error


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
