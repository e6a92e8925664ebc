"""Decisions that a client made while it could not reach the service, told later."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from policy_service.application.commands.record_degraded import DegradedDecision
from policy_service.domain.instant import DAY
from policy_service.entrypoints.http.access import ServiceOf, answer
from policy_service.entrypoints.http.body import json_body
from policy_service.entrypoints.http.callers import caller_of, demand_charger
from policy_service.entrypoints.http.edge import request_id_of
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import BODY, replies, takes_json
from policy_service.entrypoints.http.problems import Problem, ProblemError
from policy_service.entrypoints.http.wire_degraded import DegradedBatch, DegradedReply

router = APIRouter(prefix="/v1/events", tags=["events"], route_class=GuardedRoute)

OLDEST_S = 31 * DAY
SKEW_S = 300
_DENIED = {
    "decision_id": "01a20660-16e1-7b29-b7cb-c1ca63137f0c",
    "degraded": "bundle",
    "time": "2026-11-24T11:15:00Z",
    "charger": "NTH-01",
    "outcome": "access_denied",
    "reason": "unknown_identifier",
    "mode": "managed",
    "vehicle_class": "unknown",
    "policy": "north-depot",
    "window": "weeknights",
    "identifier": "04A2B3C4D5E680",
}


@router.post(
    "/degraded",
    summary="Decisions that were made without the service",
    responses=replies(DegradedReply, *BODY),
    openapi_extra=takes_json(DegradedBatch, denied={"decisions": [_DENIED]}),
)
async def record_degraded_events(request: Request, service: ServiceOf) -> Response:
    """Record each as an access event with `degraded`, once, however often it is told: all of them, or none."""
    body = await json_body(request, DegradedBatch)
    now = service.clock.now()
    for position, decision in enumerate(body.decisions):
        demand_charger(request, decision.charger, f"/decisions/{position}/charger")
        if not now - OLDEST_S <= decision.time <= now + SKEW_S:
            fault = {"pointer": f"/decisions/{position}/time", "detail": "must lie in the last 31 days"}
            raise ProblemError(Problem.INVALID, errors=[fault])  # type: ignore[list-item]
    decisions = [DegradedDecision(**vars(decision)) for decision in body.decisions]
    await service.record_degraded(decisions, caller=caller_of(request).name, request_id=request_id_of(request.scope))
    return answer({"taken": len(decisions)})
