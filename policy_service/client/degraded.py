"""Decisions made while the service was out of reach, as they are posted to it later."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import msgspec

from policy_service.client.answers import Source
from policy_service.domain.instant import format_instant

if TYPE_CHECKING:
    from policy_service.client.asked import Asked
    from policy_service.domain.decision import Decision
    from policy_service.domain.events import DriverSignal
    from policy_service.domain.registration import Registration


class DegradedDecision(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One decision, in the shape of ``POST /v1/events/degraded``."""

    decision_id: str
    degraded: str
    """Who decided: ``cache``, ``bundle`` or ``on_unreachable``."""
    time: str
    charger: str
    outcome: str
    reason: str
    would_be: str | None = None
    mode: str | None = None
    vehicle_class: str | None = None
    policy: str | None = None
    window: str | None = None
    revision: str | None = None
    vehicle: str | None = None
    fleet: str | None = None
    agreement: str | None = None
    identifier_masked: str | None = None
    identifier: str | None = None
    """The normal form, on the wire alone; on the disk it is sealed."""
    identifier_type: str | None = None
    driver_signal: str | None = None
    ocpp_action: str | None = None
    message_id: str | None = None
    transaction_id: str | None = None
    evse: int | None = None
    connector: int | None = None


def new_id(now_ms: int) -> str:
    """Return a UUID of version 7 (RFC 9562), which sorts by its time."""
    tail = secrets.randbits(74)
    number = (now_ms & (1 << 48) - 1) << 80 | 0x7 << 76 | (tail >> 62) << 64 | 0b10 << 62 | tail & (1 << 62) - 1
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def degraded_decision(
    decision_id: str,
    source: Source,
    asked: Asked,
    decision: Decision,
    *,
    revision: str | None,
    registration: Registration | None,
    signal: DriverSignal | None,
) -> DegradedDecision:
    """Return what is to be told of a decision that was made here."""
    answer, record = decision.answer, None if registration is None else registration.record
    return DegradedDecision(
        decision_id=decision_id,
        degraded=str(source),
        time=format_instant(decision.time),
        outcome=str(answer.outcome),
        reason=str(answer.reason),
        would_be=_text(answer.would_be),
        mode=_text(answer.mode),
        vehicle_class=_text(answer.vehicle_class),
        policy=answer.policy,
        window=answer.window,
        revision=revision,
        vehicle=None if record is None else record.vehicle,
        fleet=None if record is None else record.fleet,
        agreement=None if record is None else record.agreement,
        driver_signal=_text(signal) if decision.denied else None,
        **_asked(asked),
    )


def recalled_decision(
    decision_id: str,
    asked: Asked,
    at: int,
    *,
    outcome: str,
    reason: str,
    **more: Any,  # noqa: ANN401 - fields of a decision
) -> DegradedDecision:
    """Return what is to be told of a decision of the service that was given once more."""
    return DegradedDecision(
        decision_id=decision_id,
        degraded=str(Source.CACHE),
        time=format_instant(at),
        outcome=outcome,
        reason=reason,
        **more,
        **_asked(asked),
    )


def _asked(asked: Asked) -> dict[str, Any]:
    """Return what is told of the question; what may be a PIN is in it neither whole nor in part."""
    return {
        "charger": asked.charger,
        "identifier_masked": asked.masked,
        "identifier": None if asked.may_be_pin or not asked.form else asked.form,
        "identifier_type": asked.type,
        "ocpp_action": asked.ocpp_action,
        "message_id": asked.message_id,
        "transaction_id": asked.transaction_id,
        "evse": asked.evse,
        "connector": asked.connector,
    }


def _text(word: str | None) -> str | None:
    return None if word is None else str(word)
