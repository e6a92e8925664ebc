"""A bundle as it is decided by: the service's own engine over the plan and the registry in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from policy_service.client.reading import read
from policy_service.domain.access import OnBreach, OnUnreachable, Reason
from policy_service.domain.bundle import FORMAT, HOLDS_S, Bundle
from policy_service.domain.bundled_registry import check, registration_in
from policy_service.domain.charger_profile import on_breach
from policy_service.domain.registration import Absence, Registration
from policy_service.engine.decide import decide
from policy_service.engine.decide_found import decide_found
from policy_service.engine.timeline import HORIZON
from policy_service.engine.unbundle_plan import BundleFaultError, unbundle_plan

if TYPE_CHECKING:
    from policy_service.client.asked import Asked
    from policy_service.domain.decision import Decision
    from policy_service.domain.moment import Moment
    from policy_service.domain.registration import Finding
    from policy_service.engine.plan import ChargerPlan, Plan

_DECODER = msgspec.json.Decoder(Bundle)


class Found(NamedTuple):
    """A decision by the bundle, and the registration that it was made by, where there is one."""

    decision: Decision
    registration: Registration | None


@dataclass(frozen=True, slots=True)
class HeldBundle:
    """A bundle that was read. It is good until 48 hours after the service last confirmed it."""

    bundle: Bundle = field(repr=False)
    plan: Plan = field(repr=False)
    confirmed_at: int
    """Epoch seconds."""

    @property
    def ends(self) -> int:
        """Until when it decides."""
        return self.confirmed_at + HOLDS_S

    def holds(self, now: int) -> bool:
        """Tell whether it still decides; one of the future was confirmed by a clock that has been put back."""
        return self.confirmed_at - HOLDS_S < now < self.ends

    def entry(self, charger: str) -> ChargerPlan | None:
        """Return one of its chargers."""
        return self.plan.chargers.get(charger)

    def on_unreachable(self, charger: str) -> OnUnreachable | None:
        """Return what the charger's policy wants where nothing else decides; None for another's charger."""
        entry = self.entry(charger)
        if entry is None:
            return None
        return OnUnreachable.DENY if entry.policy is None else entry.policy.on_unreachable

    def stops(self, decision: Decision) -> bool:
        """Tell whether the session is to be ended: the charger sent its own token, let it begin unasked, that is."""
        entry = self.entry(decision.charger)
        if entry is None or not decision.denied or decision.answer.reason is not Reason.SYNTHETIC_IDENTIFIER:
            return False
        return on_breach(None if entry.policy is None else entry.policy.on_breach, entry.profile) is OnBreach.STOP

    def decide(self, asked: Asked, when: Moment) -> Found | None:
        """Decide; None for another's charger, a time out of reach, and a PIN, as no bundle has any."""
        entry, drawn = self.entry(asked.charger), self.bundle.plan
        if entry is None or not drawn.begins <= when.at < drawn.ends - HORIZON:
            return None
        decision, finding = decide(self.plan, asked.charger, when.at), None
        if decision is None:
            finding = self._finding(asked, entry)
            if finding is None:
                return None
            grace_s = self.bundle.start_grace_s if asked.starts else 0
            decision = decide_found(self.plan, asked.charger, when.at, finding, grace_s=grace_s)
        bounded = decision.holding_until(min(self.ends, decision.valid_until or self.ends))
        return Found(bounded, finding if isinstance(finding, Registration) else None)

    def _finding(self, asked: Asked, entry: ChargerPlan) -> Finding | None:
        if not asked.form:
            return Absence.NO_IDENTIFIER
        if entry.sends_by_itself(asked.form):
            return Absence.SYNTHETIC_IDENTIFIER
        if asked.is_pin:
            return None
        return registration_in(self.bundle.registry, asked.form) or Absence.UNKNOWN_IDENTIFIER


def held(body: bytes, confirmed_at: int) -> HeldBundle | None:
    """Read a bundle; None for what is none, or one of another format. It takes some ten milliseconds."""
    bundle = read(_DECODER, body)
    if bundle is None or bundle.format != FORMAT:
        return None
    try:
        check(bundle.registry)
        return HeldBundle(bundle, unbundle_plan(bundle.plan), confirmed_at)
    except (ValueError, BundleFaultError):
        return None
