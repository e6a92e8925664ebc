"""From a finished decision to the access event that it leaves behind, if it leaves one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from policy_service.application.evidence import evidence_of
from policy_service.domain.access import Outcome, Reason
from policy_service.domain.events import AccessEvent, DriverSignal, EventType
from policy_service.domain.registration import Registration

if TYPE_CHECKING:
    from policy_service.application.question import Question
    from policy_service.domain.access import OnBreach
    from policy_service.domain.decision import Answer, Decision
    from policy_service.domain.registration import Finding

_MS = 1000
_ALLOWED, _DENIED = Outcome.ALLOWED, Outcome.ACCESS_DENIED
_FREEVEND, _NO_POLICY, _SYNTHETIC = Reason.FREEVEND, Reason.NO_POLICY, Reason.SYNTHETIC_IDENTIFIER
_NO_LABELS: Mapping[str, str] = {}


class Circumstances(msgspec.Struct):
    """What surrounds a decision and is worth recording; nothing of it has a say in the outcome."""

    decision_id: str
    recorded_at: int
    """Epoch milliseconds."""
    revision: str
    labels: Mapping[str, str] = msgspec.field(default_factory=lambda: _NO_LABELS)
    """The charger's; empty where the charger is unknown."""
    traces: tuple[str, str] | None = None
    """The identifier's masked form and fingerprint; None where none was presented."""
    fingerprint_key: int = 1
    driver_signal: DriverSignal | None = None
    sealed_identifier: str | None = None


def leaves_event(answer: Answer) -> bool:
    """Tell whether an access decision was made at all: freevend, and ungoverned freevend, ask nobody."""
    if answer.reason is _FREEVEND:
        return False
    return not (answer.reason is _NO_POLICY and answer.outcome is _ALLOWED and answer.would_be is None)


def event_type(answer: Answer) -> EventType:
    """Return what happened, seen from the driver."""
    if answer.reason is _SYNTHETIC:
        return EventType.BREACH
    if answer.outcome is _DENIED:
        return EventType.DENIED
    return EventType.WOULD_DENY if answer.would_be is Outcome.ACCESS_DENIED else EventType.ALLOWED


def as_breach(event: AccessEvent, follows: OnBreach) -> AccessEvent:
    """Return the event as that of a breach; its evidence says what is to follow."""
    return replace(event, type=EventType.BREACH, evidence={**(event.evidence or {}), "on_breach": str(follows)})


def access_event(
    question: Question, decision: Decision, finding: Finding | None, circumstances: Circumstances
) -> AccessEvent:
    """Return the event of a decision; ``finding`` is None where nothing was looked up."""
    answer = decision.answer
    known = finding if isinstance(finding, Registration) else None
    record = known.record if known else None
    masked, fingerprint = circumstances.traces or (None, None)
    return AccessEvent(
        decision_id=circumstances.decision_id,
        type=event_type(answer),
        time=decision.time * _MS,
        recorded_at=circumstances.recorded_at,
        charger=decision.charger,
        labels=circumstances.labels,
        outcome=answer.outcome,
        reason=answer.reason,
        mode=answer.mode,
        vehicle_class=answer.vehicle_class,
        policy=answer.policy,
        window=answer.window,
        revision=circumstances.revision,
        vehicle=record.vehicle if record else None,
        fleet=record.fleet if record else None,
        agreement=record.agreement if record else None,
        identifier_masked=masked,
        identifier_fingerprint=fingerprint,
        fingerprint_key=None if fingerprint is None else circumstances.fingerprint_key,
        driver_signal=circumstances.driver_signal,
        evse=question.evse,
        connector=question.connector,
        ocpp_action=question.ocpp_action,
        message_id=question.message_id,
        transaction_id=question.transaction_id,
        late=question.late,
        clock_suspect=question.clock_suspect,
        caller=question.caller,
        request_id=question.request_id,
        evidence=None if known is None else evidence_of(known),
        sealed_identifier=circumstances.sealed_identifier,
    )
