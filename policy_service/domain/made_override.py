"""Overrides made over HTTP as records: what holds, and what an audit asks of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from policy_service.domain.place import Place
from policy_service.domain.policy import Override

if TYPE_CHECKING:
    from policy_service.domain.access import AccessMode
    from policy_service.domain.policy import Grants, Texts
    from policy_service.domain.selector import Expression, Selector


class OverrideState(StrEnum):
    """How an override stands at an instant."""

    COMING = "coming"
    ACTIVE = "active"
    EXPIRED = "expired"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class MadeOverride:
    """One override made over HTTP. Instants in epoch seconds; it holds in ``[start, end)`` unless it is ended."""

    id: str
    """Also the name under which decisions show it."""
    chargers: Selector
    start: int
    end: int
    mode: AccessMode
    reason: str
    created_at: int
    allow: Grants | None = None
    force: bool = False
    message: Texts | None = None
    created_by: str | None = None
    ended_at: int | None = None
    ended_by: str | None = None
    serial: int = 0
    """Its place in the order in which overrides were stored: clocks of several machines give none."""

    def state(self, now: int) -> OverrideState:
        """Tell how it stands."""
        if self.ended_at is not None:
            return OverrideState.ENDED
        if now >= self.end:
            return OverrideState.EXPIRED
        return OverrideState.COMING if now < self.start else OverrideState.ACTIVE

    def as_override(self) -> Override:
        """Return what the engine compiles; its conditions are placed where a finding about them points."""
        allow = self.allow
        if allow is not None:
            allow = tuple(
                replace(grant, when=_placed(grant.when, f"/allow/{index}/when")) for index, grant in enumerate(allow)
            )
        return Override(
            self.id,
            replace(self.chargers, when=_placed(self.chargers.when, "/chargers/when")),
            self.start,
            self.end,
            self.mode,
            allow=allow,
            force=self.force,
            reason=self.reason,
            message=self.message,
            created=self.serial,
        )


def _placed(expression: Expression | None, pointer: str) -> Expression | None:
    return None if expression is None else replace(expression, place=Place(pointer, 1, 1))
