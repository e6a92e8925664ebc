"""A decision: the answer to `may this vehicle charge at this charger at this time?`, with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

if TYPE_CHECKING:
    from policy_service.domain.access import AccessMode, Outcome, Reason, VehicleClass
    from policy_service.domain.place import Place
    from policy_service.domain.policy import Texts


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What every decision of one kind under one rule shares: prepared once, handed out many times.

    ``outcome`` is what is answered; ``would_be`` is what enforcement would have answered where ``observe`` softened it.
    """

    outcome: Outcome
    reason: Reason
    mode: AccessMode | None
    vehicle_class: VehicleClass | None
    policy: str | None
    window: str | None
    timezone: str | None
    """The governing policy's zone: messages tell local times in it."""
    texts: Texts | None
    """What a refused driver is told: the rule's own message, else the policy's for the reason; None: the default."""
    would_be: Outcome | None = None
    place: Place | None = None
    """Where the rule that set the mode is written."""


class Decision(msgspec.Struct, frozen=True, gc=False):
    """One answered question; instants are epoch seconds.

    One is made for every request: as a struct in a tenth of the time that a named tuple takes (ADR 50).
    """

    answer: Answer
    charger: str
    time: int
    valid_until: int | None
    """First instant within 400 days at which outcome, reason, mode, policy or window would differ; None if none."""
    next_allowed_at: int | None = None
    """For not_granted: the first later instant within the horizon at which this vehicle may charge here."""

    @property
    def denied(self) -> bool:
        """Tell whether the driver is refused."""
        return self.answer.outcome == "access_denied"

    @property
    def judged_denied(self) -> bool:
        """Tell whether the driver is refused, or would be if the policy did not only observe."""
        return self.answer.outcome == "access_denied" or self.answer.would_be is not None

    def holding_until(self, valid_until: int | None, *, asked_at: int | None = None) -> Decision:
        """Return it with another end, and as asked at another instant where one is given."""
        return replace(self, time=self.time if asked_at is None else asked_at, valid_until=valid_until)
