"""The header that tells a CSMS of a decision what OCPP has no room for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.domain.access import OnUnreachable
from policy_service.entrypoints.http.response_headers import POLICY_DECISION

if TYPE_CHECKING:
    from policy_service.application.ocpp.authorise import Verdict
    from policy_service.application.question import Answered


def headers(verdict: Verdict) -> dict[str, str]:
    """Return the header `Policy-Decision`."""
    return {POLICY_DECISION: told(verdict)}


def told(verdict: Verdict) -> str:
    """Return the header's value, a dictionary of RFC 8941: what the CSMS may want to know of the answer."""
    decision = verdict.answered.decision
    parts = [
        f'id="{verdict.answered.decision_id}"',
        f"outcome={decision.answer.outcome}",
        f"reason={decision.answer.reason}",
    ]
    if decision.denied:
        parts.append(f"signal={verdict.shown.signal}")
    if decision.valid_until is not None:
        parts.append(f"valid-until={decision.valid_until}")
    if verdict.on_unreachable is not OnUnreachable.DENY:
        parts.append(f"on-unreachable={verdict.on_unreachable}")
    parts += ["stop"] * verdict.answered.stop
    parts += ["late"] * verdict.moment.late + ["clock-suspect"] * verdict.moment.clock_suspect
    return ", ".join(parts)


def stop_header(answered: Answered) -> dict[str, str]:
    """Return the header for a session that nobody was asked for, and that is to be ended; none where it may go on."""
    if not answered.stop:
        return {}
    reply = answered.decision.answer
    return {POLICY_DECISION: f'id="{answered.decision_id}", outcome={reply.outcome}, reason={reply.reason}, stop'}
