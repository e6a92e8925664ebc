"""Records decisions that a client made while it could not reach the service."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policy_service.application.access_events import event_type
from policy_service.application.plan_holder import standing
from policy_service.domain.decision import Answer
from policy_service.domain.events import AccessEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.application.lookup import Lookup
    from policy_service.application.plan_holder import PlanHolder
    from policy_service.application.ports import Clock
    from policy_service.application.queries.decide import Recorder
    from policy_service.domain.access import AccessMode, Outcome, Reason, VehicleClass
    from policy_service.domain.events import DegradedBy, DriverSignal

_MS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class DegradedDecision:
    """One decision as the client tells it. ``time`` in epoch seconds."""

    decision_id: str
    degraded: DegradedBy
    time: int
    charger: str
    outcome: Outcome
    reason: Reason
    would_be: Outcome | None = None
    mode: AccessMode | None = None
    vehicle_class: VehicleClass | None = None
    policy: str | None = None
    window: str | None = None
    revision: str | None = None
    vehicle: str | None = None
    fleet: str | None = None
    agreement: str | None = None
    identifier: str | None = field(default=None, repr=False)
    identifier_masked: str | None = None
    identifier_type: str | None = None
    driver_signal: DriverSignal | None = None
    ocpp_action: str | None = None
    message_id: str | None = None
    transaction_id: str | None = None
    evse: int | None = None
    connector: int | None = None


class RecordDegraded:
    """Makes them access events, each once, however often it comes."""

    def __init__(self, plans: PlanHolder, lookup: Lookup, recorder: Recorder, clock: Clock) -> None:
        """Wire the collaborators."""
        self._plans = plans
        self._lookup = lookup
        self._recorder = recorder
        self._clock = clock

    async def __call__(
        self, decisions: Sequence[DegradedDecision], *, caller: str | None, request_id: str | None
    ) -> None:
        """Record them; those of denials are durable when this returns.

        Raises IdentifierError before anything is recorded, NoPlanError, and StoreUnavailableError.
        """
        for event in [self._event(decision, caller, request_id) for decision in decisions]:
            await self._recorder.record(event)

    def _event(self, told: DegradedDecision, caller: str | None, request_id: str | None) -> AccessEvent:
        entry = standing(self._plans).chargers.get(told.charger)
        seen = told.outcome, told.reason, told.mode, told.vehicle_class
        answer = Answer(*seen, told.policy, told.window, timezone=None, texts=None, would_be=told.would_be)
        masked, fingerprint = self._traces(told)
        return AccessEvent(
            decision_id=told.decision_id,
            type=event_type(answer),
            time=told.time * _MS,
            recorded_at=self._clock.now_ms(),
            charger=told.charger,
            labels={} if entry is None else entry.charger.labels,
            outcome=told.outcome,
            reason=told.reason,
            mode=told.mode,
            vehicle_class=told.vehicle_class,
            policy=told.policy,
            window=told.window,
            revision=told.revision or "",
            vehicle=told.vehicle,
            fleet=told.fleet,
            agreement=told.agreement,
            identifier_masked=masked,
            identifier_fingerprint=fingerprint,
            fingerprint_key=None if fingerprint is None else self._lookup.generation,
            driver_signal=told.driver_signal,
            evse=told.evse,
            connector=told.connector,
            ocpp_action=told.ocpp_action,
            message_id=told.message_id,
            transaction_id=told.transaction_id,
            caller=caller,
            request_id=request_id,
            degraded=told.degraded,
        )

    def _traces(self, told: DegradedDecision) -> tuple[str | None, str | None]:
        """Return the masked form and the fingerprint: our own where the identifier came along."""
        if told.identifier is None:
            return told.identifier_masked, None
        traces = self._lookup.traces(self._lookup.present(told.identifier, told.identifier_type))
        return (None, None) if traces is None else traces
