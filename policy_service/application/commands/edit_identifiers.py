"""Changes single identifier records."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from policy_service.application.imports.fields import Fault, Fields, InvalidRecordError
from policy_service.application.imports.identifier_shape import new_record_id, read_identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from policy_service.application.lookup import Lookup
    from policy_service.application.ports import IdentifierRepository
    from policy_service.application.version_watch import VersionWatch
    from policy_service.domain.identifier import IdentifierRecord
    from policy_service.domain.policy import AttributeTypes

_RECORD_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_OWN_SOURCE = "http"


class IdentifierEdits:
    """Puts and deletes records; every change is seen by this process's decisions on return."""

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

    async def put(self, record_id: str | None, body: Mapping[str, object]) -> tuple[IdentifierRecord, bool]:
        """Insert or replace a record; return it and whether it is new.

        A record on file keeps its source, and its identifier where the body leaves that out: clients never see
        identifiers, and need none to block one. Without a record id, one is made.
        Raises InvalidRecordError, ConflictError where its source lists the identifier already, StoreUnavailableError.
        """
        chosen = record_id or new_record_id()
        if not _RECORD_ID.fullmatch(chosen):
            raise InvalidRecordError([Fault("/id", "must be 32 hexadecimal digits, lower case")])
        existing = await self._identifiers.get(chosen)
        record = read_identifier(
            Fields(body),
            lookup=self._lookup,
            declared=self._attribute_types().vehicle,
            source=_OWN_SOURCE,
            existing=existing,
        )
        record = replace(record, id=chosen)
        await self._identifiers.put(record)
        await self._watch.changed()
        return record, existing is None

    async def delete(self, record_id: str) -> bool:
        """Remove a record; tell whether it was there. Raises StoreUnavailableError."""
        gone = await self._identifiers.delete(record_id)
        await self._watch.changed()
        return gone
