"""Transitions: when chargers change between freevend and managed."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from policy_service.domain.instant import DAY
from policy_service.entrypoints.http.access import ServiceOf, answer, from_cursor, to_cursor
from policy_service.entrypoints.http.callers import caller_of
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import replies
from policy_service.entrypoints.http.params import TransitionParams, label_of
from policy_service.entrypoints.http.v1.chargers import bounds
from policy_service.entrypoints.http.views import transition_view
from policy_service.entrypoints.http.wire_schedules import TransitionList

router = APIRouter(prefix="/v1", tags=["chargers"], route_class=GuardedRoute)

MAX_RANGE = 31 * DAY


@router.get("/transitions", summary="Changes of mode over a range", responses=replies(TransitionList, 404, 422))
async def list_transitions(
    request: Request, service: ServiceOf, asked: Annotated[TransitionParams, Query()]
) -> Response:
    """List changes of mode in time order; of a range longer than 31 days, the first 31."""
    start, end = bounds(asked, service.clock.now(), MAX_RANGE)
    after = None
    if asked.cursor is not None:
        at, charger = from_cursor(asked.cursor, int, str)
        after = (int(at), str(charger))
    found, following = service.chargers.transitions(
        start,
        end,
        label=label_of(asked.label),
        limit=asked.limit,
        after=after,
        charger=asked.charger,
        within=caller_of(request).chargers,
    )
    cursor = None if following is None else to_cursor(*following)
    return answer({"transitions": [transition_view(change) for change in found], "next_cursor": cursor})
