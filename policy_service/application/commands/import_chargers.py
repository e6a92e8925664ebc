"""Takes chargers in over HTTP: by upload, one by one, and out again."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from policy_service.application.imports.batches import run_import
from policy_service.application.imports.charger_shape import FIELDS, read_charger
from policy_service.application.imports.fields import Fault, Fields, InvalidRecordError
from policy_service.application.imports.report import ImportReport
from policy_service.application.imports.rows import ImportFormat
from policy_service.application.ports import LOSSY_SHARE, ConflictError, ImportConflict, ImportTooLossyError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from policy_service.application.imports.batches import ImportOptions
    from policy_service.application.ports import ChargerRepository
    from policy_service.application.version_watch import VersionWatch
    from policy_service.domain.charger import Charger
    from policy_service.domain.policy import AttributeTypes

Admit: TypeAlias = "Callable[[Mapping[str, Charger]], Awaitable[Sequence[str]]]"
"""Given all chargers of HTTP as they would then be, says what speaks against it; nothing where all is well."""

_OWN_SOURCE = "http"
_FOREIGN = "belongs to another source"


class ChargersNotAdmittedError(ConflictError):
    """The chargers contradict policy files: an id of theirs, or a tie of policies (PS111). Nothing was changed."""

    def __init__(self, problems: Sequence[str]) -> None:
        """Carry what speaks against them."""
        super().__init__("; ".join(problems))
        self.problems = problems


class ChargerCommands:
    """Changes the chargers of HTTP, all or none, where policies admit it."""

    def __init__(
        self,
        chargers: ChargerRepository,
        watch: VersionWatch,
        attribute_types: Callable[[], AttributeTypes],
        admit: Admit,
    ) -> None:
        """``attribute_types`` gives the declared attributes, ``admit`` what policies say."""
        self._chargers = chargers
        self._watch = watch
        self._attribute_types = attribute_types
        self._admit = admit

    async def import_(
        self, chunks: AsyncIterator[bytes], options: ImportOptions, report: ImportReport | None = None
    ) -> ImportReport:
        """Import and report.

        Raises ChargersNotAdmittedError, ConflictError, ImportTooLossyError and StoreUnavailableError.
        """
        declared, from_text = self._attribute_types().charger, options.written is ImportFormat.CSV

        def read(values: Mapping[str, Any]) -> Charger:
            return read_charger(Fields(values, from_text=from_text), declared=declared, source=options.source)

        return await run_import(chunks, options, FIELDS, read, self._importing, report or ImportReport())

    async def put(self, charger_id: str, body: Mapping[str, object]) -> Charger:
        """Insert or replace one charger; one on file keeps its source.

        Raises InvalidRecordError, ChargersNotAdmittedError, StoreUnavailableError.
        """
        fields = Fields({"id": charger_id, **body})
        charger = read_charger(fields, declared=self._attribute_types().charger, source=_OWN_SOURCE)
        if charger.id != charger_id:
            raise InvalidRecordError([Fault("/id", "must be the id of the path")])
        held = await self._chargers.all()
        if charger_id in held:
            charger = replace(charger, source=held[charger_id].source)
        await self._commit({**held, charger.id: charger}, [charger])
        return charger

    async def delete(self, charger_id: str) -> bool:
        """Remove one charger; tell whether it was there. Raises StoreUnavailableError."""
        gone = await self._chargers.delete(charger_id)
        await self._watch.changed()
        return gone

    @asynccontextmanager
    async def _importing(self, source: str, _atomic: bool) -> AsyncGenerator[_Gathering, None]:  # noqa: FBT001 - the port's
        gathering = _Gathering(await self._chargers.all(), source)
        yield gathering
        held = await self._chargers.all()  # uploads may take long: others have changed some since
        foreign = {charger.id for charger in held.values() if charger.source != source}
        if taken := sorted(foreign & gathering.listed.keys()):
            message = f"`{taken[0]}` {_FOREIGN} that brought it meanwhile; send the list again"
            raise ConflictError(message)
        drop = [charger_id for charger_id in gathering.unlisted if charger_id not in foreign]
        then = {**held, **gathering.listed}
        for charger_id in drop:
            then.pop(charger_id, None)
        await self._commit(then, list(gathering.listed.values()), drop)

    async def _commit(self, then: Mapping[str, Charger], fresh: Sequence[Charger], drop: Sequence[str] = ()) -> None:
        problems = await self._admit(then)
        if problems:
            raise ChargersNotAdmittedError(problems)
        await self._chargers.put(fresh, drop=drop)
        await self._watch.changed()


class _Gathering:
    """Chargers of one upload, gathered before any is stored: policies are asked about all of them together."""

    def __init__(self, held: Mapping[str, Charger], source: str) -> None:
        self._ours = [charger.id for charger in held.values() if charger.source == source]
        self._foreign = held.keys() - self._ours
        self.listed: dict[str, Charger] = {}
        self.unlisted: Sequence[str] = ()

    async def add(self, batch: Sequence[Charger]) -> Sequence[ImportConflict]:
        conflicts: list[ImportConflict] = []
        for index, charger in enumerate(batch):
            if charger.id in self._foreign:
                conflicts.append(ImportConflict(index, "/id", _FOREIGN))
            elif charger.id in self.listed:
                conflicts.append(ImportConflict(index, "/id", "listed twice in this import"))
            else:
                self.listed[charger.id] = charger
        return conflicts

    async def drop_unlisted(self, *, force: bool) -> int:
        unlisted = [charger_id for charger_id in self._ours if charger_id not in self.listed]
        if len(unlisted) > len(self._ours) * LOSSY_SHARE and not force:
            raise ImportTooLossyError(len(unlisted), len(self._ours))
        self.unlisted = unlisted
        return len(unlisted)
