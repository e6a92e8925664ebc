"""Access events counted, and the events of one transaction."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from policy_service.application.ports import EventCount, EventGrouping
from policy_service.domain.access import Outcome
from policy_service.domain.charger import Charger
from policy_service.domain.instant import DAY, format_instant
from policy_service.engine.zone import Zone
from policy_service.entrypoints.http.access import ServiceOf, answer
from policy_service.entrypoints.http.callers import caller_of, demand_charger
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import replies
from policy_service.entrypoints.http.params import MatchParams, SummaryParams
from policy_service.entrypoints.http.spans import up_to_its_end
from policy_service.entrypoints.http.v1.events import filter_of
from policy_service.entrypoints.http.wire_events import EventMatch, EventSummary

router = APIRouter(prefix="/v1/events", tags=["events"], route_class=GuardedRoute)

_SPANS = (EventGrouping.HOUR, EventGrouping.DAY)


@router.get("/summary", summary="Count access events", responses=replies(EventSummary, 422))
async def summarise_events(request: Request, service: ServiceOf, wanted: Annotated[SummaryParams, Query()]) -> Response:
    """Count recorded decisions by group; without `from`, those of the 24 hours before `to`, or before now."""
    since, until = up_to_its_end(wanted, service.clock.now() + 1, DAY)
    asked = filter_of(wanted, caller_of(request), since, until)
    groups = await service.events.counts(asked, wanted.group_by, Zone.of(wanted.timezone))
    told = [_group(group, wanted.group_by) for group in groups]
    span = {"from": format_instant(since), "to": format_instant(until)}
    return answer({**span, "group_by": str(wanted.group_by), "timezone": wanted.timezone, "groups": told})


@router.get("/match", summary="Was this failed session a denial?", responses=replies(EventMatch, 403, 422))
async def match_event(request: Request, service: ServiceOf, wanted: Annotated[MatchParams, Query()]) -> Response:
    """Find the decisions that a charger asked for in one transaction: `denied` tells whether one refused the driver."""
    demand_charger(request, wanted.charger)
    events = await service.events.match(wanted.charger, wanted.transaction_id)
    found = [event for event in events if _reaches(request, event)]
    return answer({"denied": any(event["outcome"] == Outcome.ACCESS_DENIED for event in found), "events": found})


def _reaches(request: Request, event: dict[str, Any]) -> bool:
    """Tell whether the charger was one of the caller's when the event was recorded."""
    return caller_of(request).reaches(Charger(event["charger"], event["labels"]))


def _group(group: EventCount, by: EventGrouping) -> dict[str, Any]:
    key = format_instant(int(group.key or 0) // 1000) if by in _SPANS else group.key
    span = {"first": format_instant(group.first // 1000), "last": format_instant(group.last // 1000)}
    return {"key": key, "count": group.count, "denied": group.denied, **span}
