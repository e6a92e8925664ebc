"""Reported: what a CSMS knows of a charger's mode, and how that stands to what the charger was told."""

from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from policy_service.application.queries.chargers import UnknownChargerError
from policy_service.domain.mode_follow_up import ModeReport
from policy_service.entrypoints.http.access import ServiceOf, answer
from policy_service.entrypoints.http.body import json_body
from policy_service.entrypoints.http.callers import demand_charger
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import BODY, replies, takes_json
from policy_service.entrypoints.http.params import ChargerId
from policy_service.entrypoints.http.problems import Problem, ProblemError
from policy_service.entrypoints.http.views_modes import standing_view
from policy_service.entrypoints.http.wire_modes import ReportedBody, StandingReply

if TYPE_CHECKING:
    from policy_service.engine.plan import ChargerPlan

router = APIRouter(prefix="/v1/chargers", tags=["chargers"], route_class=GuardedRoute)

_READ_BACK = {"mode": "managed", "evidence": {"variables": {"FreevendEnabled": "false"}, "status": "Accepted"}}
_BOOT = {"mode": None, "boot": True}
_OFFLINE = {"online": False, "at": "2026-11-24T07:00:12Z"}


@router.put(
    "/{charger_id:name}/reported",
    summary="Report a charger's mode",
    responses=replies(StandingReply, *BODY, 404),
    openapi_extra=takes_json(ReportedBody, read_back=_READ_BACK, boot=_BOOT, offline=_OFFLINE),
)
async def put_reported(request: Request, service: ServiceOf, charger_id: ChargerId) -> Response:
    """Say what is known of a charger's mode, and learn how it stands; the same report again changes nothing."""
    body = await json_body(request, ReportedBody)
    entry = _entry(request, service, charger_id)
    stored = await service.modes.report(_report(charger_id, body, service.clock.now_ms()))
    return answer(standing_view(service.modes.sync.stood(entry, stored)))


@router.get(
    "/{charger_id:name}/reported",
    summary="What was told and reported of a charger's mode",
    responses=replies(StandingReply, 404, 422),
)
async def get_reported(request: Request, service: ServiceOf, charger_id: ChargerId) -> Response:
    """Tell the mode that a charger should be in, the one that it was seen in, and how the two stand."""
    (stood,) = await service.modes.sync.of([_entry(request, service, charger_id)])
    return answer(standing_view(stood))


def _report(charger_id: str, body: ReportedBody, now_ms: int) -> ModeReport:
    return ModeReport(
        charger_id,
        now_ms if body.at is None else body.at,
        body.mode,
        untold="mode" not in body.model_fields_set,
        online=body.online,
        boot=body.boot,
        transition_id=body.transition_id,
        evidence={} if body.evidence is None else body.evidence.model_dump(exclude_unset=True),
    )


def _entry(request: Request, service: ServiceOf, charger_id: str) -> "ChargerPlan":
    demand_charger(request, charger_id)
    try:
        return service.chargers.get(charger_id)
    except UnknownChargerError:
        raise ProblemError(Problem.NOT_FOUND, "the inventory has no such charger") from None
