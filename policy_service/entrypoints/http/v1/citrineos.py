"""CitrineOS: the service that its real-time authorization asks."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from policy_service.application.question import Question
from policy_service.domain.instant import format_instant
from policy_service.domain.messages import message_of
from policy_service.domain.ocpp_statuses import status_ocpi
from policy_service.entrypoints.http.access import answer, service_of
from policy_service.entrypoints.http.body import json_body
from policy_service.entrypoints.http.callers import caller_of, demand_charger
from policy_service.entrypoints.http.edge import request_id_of
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import BODY, replies, takes_json
from policy_service.entrypoints.http.wire_citrineos import CitrineReply, CitrineRequest

router = APIRouter(prefix="/v1/citrineos", tags=["other doors"], route_class=GuardedRoute)

_CARD = {"tenantPartnerId": 1, "idToken": "04A2B3C4D5E680", "idTokenType": "ISO14443", "stationId": "NTH-01"}


@router.post(
    "/authorize",
    summary="CitrineOS real-time authorization",
    responses=replies(CitrineReply, *BODY),
    openapi_extra=takes_json(CitrineRequest, card=_CARD),
)
async def authorize_citrineos(request: Request) -> Response:
    """Answer whether the vehicle may charge at the station now; `reason` is what a refused driver may read."""
    body = await json_body(request, CitrineRequest)
    demand_charger(request, body.station_id)
    service = service_of(request)
    question = Question(
        body.station_id,
        body.id_token,
        body.id_token_type or None,
        caller=caller_of(request).name,
        request_id=request_id_of(request.scope),
    )
    verdict = await service.authorise(question)
    decision = verdict.answered.decision
    data = {"allowed": status_ocpi(decision, verdict.shown.profile)}
    if decision.denied:
        data["reason"] = message_of(decision, verdict.answered.language)
    return answer({"timestamp": format_instant(service.clock.now()), "data": data})
