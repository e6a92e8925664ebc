"""Mode events: what was due or done at chargers, so that they are in their mode; as pages and as they come."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from policy_service.application.event_matching import mode_event_fits
from policy_service.application.ports import ModeEventFilter
from policy_service.entrypoints.http.access import ServiceOf, answer
from policy_service.entrypoints.http.callers import caller_of
from policy_service.entrypoints.http.following import STREAMED, LastEventId, follow
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import replies
from policy_service.entrypoints.http.params import ModeEventParams, ModeStreamParams, WhichModeEvents, label_of
from policy_service.entrypoints.http.wire_mode_events import ModeEventList

if TYPE_CHECKING:
    from policy_service.domain.caller import Caller

router = APIRouter(prefix="/v1/transitions", tags=["chargers"], route_class=GuardedRoute)


@router.get("/events", summary="List mode events", responses=replies(ModeEventList, 404, 422))
async def list_mode_events(
    request: Request, service: ServiceOf, wanted: Annotated[ModeEventParams, Query()]
) -> Response:
    """List what was due or done at chargers, the latest recorded first."""
    asked = _filter_of(wanted, caller_of(request), wanted.since, wanted.until)
    page = await service.outward.mode_events.page(asked, limit=wanted.limit, cursor=wanted.cursor)
    return answer({"events": list(page.items), "next_cursor": page.next_cursor})


@router.get("/stream", summary="Follow mode events", responses=STREAMED, response_class=Response)
async def stream_mode_events(
    request: Request, service: ServiceOf, wanted: ModeStreamParams, last_event_id: LastEventId = None
) -> Response:
    """Send each mode event as it becomes visible, in the manner of `/v1/events/stream`; positions are its own.

    One `id` of a CloudEvent is one event, however often it comes: who acts on it does so once.
    """
    asked = _filter_of(wanted, caller_of(request))
    chosen = partial(mode_event_fits, wanted=asked)
    return await follow(request, service, service.outward.modes, chosen, last_event_id)


def _filter_of(
    wanted: WhichModeEvents, caller: "Caller", since: int | None = None, until: int | None = None
) -> ModeEventFilter:
    """Return what is asked for, of what the caller may see; instants in epoch seconds."""
    return ModeEventFilter(
        type=wanted.type,
        charger=wanted.charger,
        label=label_of(wanted.label),
        since=None if since is None else since * 1000,
        until=None if until is None else until * 1000,
        within=() if caller.chargers is None else caller.chargers.labels or (),
    )
