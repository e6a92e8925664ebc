"""Changes single agreements."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from policy_service.application.imports.agreement_shape import read_agreement
from policy_service.application.imports.fields import Fault, Fields, InvalidRecordError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.application.ports import AgreementRepository
    from policy_service.application.version_watch import VersionWatch
    from policy_service.domain.agreement import Agreement

_OWN_SOURCE = "http"


class AgreementEdits:
    """Puts and deletes agreements; every change is seen by this process's decisions on return."""

    def __init__(self, agreements: AgreementRepository, watch: VersionWatch) -> None:
        """Store in the repository; the watch lets every process know."""
        self._agreements = agreements
        self._watch = watch

    async def put(self, agreement_id: str, body: Mapping[str, object]) -> tuple[Agreement, bool]:
        """Insert or replace an agreement; return it and whether it is new. One on file keeps its source.

        Raises InvalidRecordError and StoreUnavailableError.
        """
        agreement = read_agreement(Fields({"agreement": agreement_id, **body}), source=_OWN_SOURCE)
        if agreement.id != agreement_id:
            raise InvalidRecordError([Fault("/agreement", "must be the id of the path")])
        existing = await self._agreements.get(agreement_id)
        if existing is not None:
            agreement = replace(agreement, source=existing.source)
        await self._agreements.put(agreement)
        await self._watch.changed()
        return agreement, existing is None

    async def delete(self, agreement_id: str) -> bool:
        """Remove an agreement; tell whether it was there. Raises StoreUnavailableError."""
        gone = await self._agreements.delete(agreement_id)
        await self._watch.changed()
        return gone
