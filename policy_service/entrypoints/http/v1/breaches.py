"""Breaches: a charger let a vehicle in without asking, while it had to ask."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from policy_service.domain.access import AccessMode
from policy_service.entrypoints.http.access import answer, service_of
from policy_service.entrypoints.http.body import json_body
from policy_service.entrypoints.http.callers import demand_charger
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import BODY, replies, takes_json
from policy_service.entrypoints.http.v1.decisions import question_of
from policy_service.entrypoints.http.wire import BreachReply, BreachReport

router = APIRouter(prefix="/v1/breaches", tags=["events"], route_class=GuardedRoute)


@router.post(
    "",
    summary="A charger began a session without asking",
    responses=replies(BreachReply, *BODY),
    openapi_extra=takes_json(BreachReport),
)
async def report_breach(request: Request) -> Response:
    """Record an `access.breach` if the charger was in managed mode: it may still be in freevend itself."""
    body = await json_body(request, BreachReport)
    demand_charger(request, body.charger)
    answered = await service_of(request).decide.breach(question_of(body, request))
    mode = answered.decision.answer.mode
    breach = mode is AccessMode.MANAGED
    told = {"breach": breach, "decision_id": answered.decision_id if breach else None, "mode": mode}
    return answer({**told, "stop": answered.stop})
