"""Reports to customers about their own fleet, where the operator wants that."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from policy_service.domain.caller import Scope
from policy_service.domain.instant import DAY, format_instant
from policy_service.entrypoints.http.access import ServiceOf, answer
from policy_service.entrypoints.http.callers import caller_of
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import replies
from policy_service.entrypoints.http.params import FleetName, ReportParams
from policy_service.entrypoints.http.problems import Problem, ProblemError
from policy_service.entrypoints.http.spans import up_to_its_end
from policy_service.entrypoints.http.wire_events import FleetReport

router = APIRouter(prefix="/v1/reports", tags=["events"], route_class=GuardedRoute)

_WEEK = 7 * DAY
_MOST = 31 * DAY


@router.get("/fleets/{fleet}", summary="How a fleet fared", responses=replies(FleetReport, 403, 404, 422))
async def fleet_report(
    request: Request, service: ServiceOf, fleet: FleetName, wanted: Annotated[ReportParams, Query()]
) -> Response:
    """Count what was decided about a fleet's vehicles, and how long refused ones waited. At most 31 days at once."""
    if service.fleet_reports is None:
        raise ProblemError(Problem.NOT_FOUND, "reports are switched off")
    caller = caller_of(request)
    if caller.fleet != fleet and not (caller.fleet is None and Scope.ADMIN in caller.scopes):
        raise ProblemError(Problem.FORBIDDEN, "the key is bound to reports about another fleet, or about none")
    since, until = up_to_its_end(wanted, service.clock.now() + 1, _WEEK)
    if not since < until <= since + _MOST:
        raise ProblemError(Problem.INVALID, "`from` lies before `to`, by 31 days at the most")
    figures = await service.fleet_reports.of(fleet, since, until)
    return answer({"fleet": fleet, "from": format_instant(since), "to": format_instant(until), **figures})
