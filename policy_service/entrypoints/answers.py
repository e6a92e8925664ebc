"""Decisions, explanations and schedules as JSON: one shape, whichever door they leave by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.application.views import grant_view
from policy_service.domain.access import Reason
from policy_service.domain.instant import format_instant
from policy_service.domain.messages import message_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.application.question import Answered
    from policy_service.domain.timeline import Segment
    from policy_service.engine.explain import Explanation


def decision_view(answered: Answered) -> dict[str, Any]:
    """Return a decision as ``POST /v1/decide`` answers it."""
    decision = answered.decision
    answer = decision.answer
    view: dict[str, Any] = {
        "decision_id": answered.decision_id,
        "outcome": answer.outcome,
        "reason": answer.reason,
        "mode": answer.mode,
        "vehicle_class": answer.vehicle_class,
        "charger": decision.charger,
        "time": format_instant(decision.time),
        "valid_until": _instant(decision.valid_until),
        "policy": answer.policy,
        "window": answer.window,
        "revision": answered.revision,
    }
    if answer.would_be is not None:
        view["would_be"] = {"outcome": answer.would_be, "reason": answer.reason}
    if answered.stop:
        view["stop"] = True
    if decision.denied:
        view["message"] = message_of(decision, answered.language)
        if answer.reason is Reason.NOT_GRANTED:
            view["next_allowed_at"] = _instant(decision.next_allowed_at)
    return view


def explanation_view(answered: Answered, explanation: Explanation) -> dict[str, Any]:
    """Return an explanation as ``POST /v1/explain`` answers it."""
    return {**decision_view(answered), **explanation_parts(explanation)}


def explanation_parts(explanation: Explanation) -> dict[str, Any]:
    """Return what an explanation has beside the decision."""
    steps = [{"name": step.name, "text": step.text, "detail": dict(step.detail)} for step in explanation.steps]
    nearest = None if explanation.nearest_allow is None else dict(explanation.nearest_allow)
    return {"steps": steps, "nearest_allow": nearest}


def schedule_view(
    charger: str, timezone: str | None, span: tuple[int, int], segments: Sequence[Segment]
) -> dict[str, Any]:
    """Return a schedule as ``GET /v1/chargers/{id}/schedule`` answers it."""
    return {
        "charger": charger,
        "timezone": timezone,
        "from": format_instant(span[0]),
        "to": format_instant(span[1]),
        "segments": [segment_view(segment) for segment in segments],
    }


def segment_view(segment: Segment) -> dict[str, Any]:
    """Return a stretch of a schedule."""
    return {
        "start": format_instant(segment.start),
        "end": format_instant(segment.end),
        "mode": segment.mode,
        "window": segment.window,
        "policy": segment.policy,
        "allow": [grant_view(grant) for grant in segment.allow],
    }


def _instant(epoch: int | None) -> str | None:
    return None if epoch is None else format_instant(epoch)
