"""Events of a feed as they come, as server-sent events (HTML Living Standard, section 9.2)."""

from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, TypeVar

import orjson
from fastapi import Header
from starlette.responses import StreamingResponse

from policy_service.application.callers import UnknownCallerError
from policy_service.application.cloud_events import cloud_event
from policy_service.application.queries.event_stream import TooManyListenersError
from policy_service.application.whole_work import whole
from policy_service.entrypoints.http import forms
from policy_service.entrypoints.http.callers import caller_of, presented
from policy_service.entrypoints.http.connection import ENDING
from policy_service.entrypoints.http.openapi import replies
from policy_service.entrypoints.http.problems import Problem, ProblemError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from starlette.requests import Request

    from policy_service.application.queries.event_stream import EventStream, Turn
    from policy_service.application.service import Service
    from policy_service.domain.outward import OutwardEvent

_SILENCE_TURNS = 15
"""So many turns without an event, about a second each, and a comment shows that the connection lives."""
STREAMED = replies(None, 422, description="Events, until somebody ends it")
STREAMED[200]["content"] = {"text/event-stream": {"schema": {"type": "string"}}}
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", pattern=forms.EVENT_NUMBER, description="Of the event that came last.")
]
Event = TypeVar("Event", bound="OutwardEvent")


async def follow(
    request: "Request",
    service: "Service",
    stream: "EventStream[Event]",
    fits: "Callable[[Event], bool]",
    last_event_id: str | None,
) -> StreamingResponse:
    """Answer with what fits, behind the event that came last, None: from now on. Raises ProblemError."""
    turns = stream.listen(fits, None if last_event_id is None else int(last_event_id))
    try:
        first = await anext(turns)
    except TooManyListenersError:
        detail = "as many follow events here as may"
        raise ProblemError(Problem.UNAVAILABLE, detail, headers={"Retry-After": "5"}) from None
    return StreamingResponse(_lines(request, service, first, turns), media_type="text/event-stream", headers=_HEADERS)


async def _lines(
    request: "Request", service: "Service", first: "Turn[Event]", turns: "AsyncGenerator[Turn[Event]]"
) -> "AsyncGenerator[bytes]":
    yield b": policy-service events\nid: %d\n\n" % first.position
    if first.gap:
        yield b"event: gap\nid: %d\ndata: {}\n\n" % first.position
    silent = 0
    async with aclosing(turns):
        async for turn in turns:
            if request.scope["state"].get(ENDING) or not await _may_still(request, service):
                return
            silent = 0 if turn.events else silent + 1
            if turn.events:
                yield b"".join(_told(at, event, service.outward.source) for at, event in turn.events)
            elif silent % _SILENCE_TURNS == 0:
                yield b": still here\nid: %d\n\n" % turn.position


def _told(position: int, event: "OutwardEvent", source: str) -> bytes:
    data = orjson.dumps(cloud_event(event, source))
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (position, event.type.encode(), data)


async def _may_still(request: "Request", service: "Service") -> bool:
    """Tell whether the key still lets its bearer in: a stream would outlive it."""
    try:
        return await whole(service.callers.identify(presented(request.scope))) == caller_of(request)
    except UnknownCallerError:
        return False
