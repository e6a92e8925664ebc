"""Access events as they come, as server-sent events."""

from functools import partial

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from policy_service.application.event_matching import fits
from policy_service.entrypoints.http.access import ServiceOf
from policy_service.entrypoints.http.callers import caller_of
from policy_service.entrypoints.http.following import STREAMED, LastEventId, follow
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.params import StreamParams
from policy_service.entrypoints.http.v1.events import filter_of

router = APIRouter(prefix="/v1/events", tags=["events"], route_class=GuardedRoute)


@router.get("/stream", summary="Follow access events", responses=STREAMED, response_class=Response)
async def stream_events(
    request: Request, service: ServiceOf, wanted: StreamParams, last_event_id: LastEventId = None
) -> Response:
    """Send each event as it becomes visible: `id` leads on after a break, `event` is the type, `data` a CloudEvent.

    With `Last-Event-ID` all that came after that event comes first. Where some of it is not kept any more, the first
    event is `gap`. Without it the stream begins with what comes from now on. A bare `id` says how far it is.
    """
    asked = filter_of(wanted, caller_of(request))
    return await follow(request, service, service.outward.access, partial(fits, wanted=asked), last_event_id)
