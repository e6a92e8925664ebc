"""Whom the lanes answer: callers whom this process knows, and who may have every answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policy_service.application.callers import Callers
    from policy_service.domain.caller import Caller, Scope
    from policy_service.entrypoints.http.hot.head import Head


class Door:
    """Lets in whom nobody has to be asked about; all others knock at the long way's."""

    def __init__(self, callers: Callers, scopes: frozenset[Scope]) -> None:
        """Let in callers with one of the scopes."""
        self._callers = callers
        self._scopes = scopes
        self._admitted: Caller | None = None

    def caller(self, head: Head) -> Caller | None:
        """Return who asks, where that is somebody who may ask about every charger; mostly it is who has asked last."""
        caller = self._callers.known(head.key_digest)
        if caller is None or caller is self._admitted:
            return caller
        bound = caller.chargers is not None or caller.fleet is not None or caller.source is not None
        if bound or not caller.may(self._scopes):
            return None
        self._admitted = caller
        return caller
