"""Callers: who asks the service, and what they may do where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policy_service.domain.charger import Charger
    from policy_service.domain.selector import Selector


class Scope(StrEnum):
    """What a caller may do. ``admin`` implies all others."""

    DECIDE = "decide"
    READ = "read"
    OPERATE = "operate"
    IMPORT = "import"
    REPORT = "report"
    BUNDLE = "bundle"
    DEGRADED = "degraded"
    LISTS = "lists"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who asks, as the door let them in."""

    name: str | None
    """The name of the key, or of the token's subject; None where no key is asked for."""
    scopes: frozenset[Scope]
    chargers: Selector | None = None
    """The only chargers that the caller may ask about and act on; None: all, and whatever else there is."""
    source: str | None = None
    """The only import source that the caller may bring records for; None: any."""
    fleet: str | None = None
    """The only fleet that the caller may have reports about, and nothing else; None: not bound to one."""

    def may(self, scopes: frozenset[Scope]) -> bool:
        """Tell whether one of these scopes is the caller's."""
        return Scope.ADMIN in self.scopes or not self.scopes.isdisjoint(scopes)

    def reaches(self, charger: Charger) -> bool:
        """Tell whether the charger is one of the caller's."""
        return self.chargers is None or self.chargers.matches(charger)


ANYBODY = Caller(None, frozenset(Scope))
"""Everybody, as long as no key was ever made: only this machine can reach the service then."""
