"""Access events: who was refused or admitted, where, when and why; as JSON or CSV."""

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from policy_service.application.ports import EventFilter, Page
from policy_service.application.whole_work import whole
from policy_service.domain.charger import Charger
from policy_service.entrypoints.http.access import ServiceOf, answer
from policy_service.entrypoints.http.callers import beyond_reach, caller_of
from policy_service.entrypoints.http.event_csv import csv_of
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import replies
from policy_service.entrypoints.http.params import DecisionId, EventParams, WhichEvents, label_of
from policy_service.entrypoints.http.problems import Problem, ProblemError
from policy_service.entrypoints.http.response_headers import NEXT_CURSOR
from policy_service.entrypoints.http.wire_records import EventList, EventReply

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from policy_service.application.service import Service
    from policy_service.domain.caller import Caller

router = APIRouter(prefix="/v1/events", tags=["events"], route_class=GuardedRoute)

_PORTION = 250
"""Events that an export writes at once: decisions are made in between."""

_LISTED = replies(EventList, 404, 422, headers=[NEXT_CURSOR])
_LISTED[200]["content"] = {"text/csv": {"schema": {"type": "string"}}}


@router.get("", summary="List access events", responses=_LISTED)
async def list_events(request: Request, service: ServiceOf, wanted: Annotated[EventParams, Query()]) -> Response:
    """List recorded decisions, newest first.

    `Accept: text/csv` exports all of them, or with `limit` a page, whose `X-Next-Cursor` leads on. An export that
    breaks off ends without the last chunk.
    """
    asked = filter_of(wanted, caller_of(request), wanted.since, wanted.until)
    as_csv = _prefers_csv(request.headers.get("accept", ""))
    everything = as_csv and "limit" not in wanted.model_fields_set
    limit = _PORTION if everything else wanted.limit
    page = await service.events.page(asked, limit=limit, cursor=wanted.cursor)
    if not as_csv:
        return answer({"events": list(page.items), "next_cursor": page.next_cursor})
    headers = {"Content-Disposition": 'attachment; filename="access-events.csv"'}
    if everything:
        return StreamingResponse(_export(service, asked, page), headers=headers, media_type="text/csv")
    if page.next_cursor is not None:
        headers[NEXT_CURSOR] = page.next_cursor
    return Response(csv_of(page.items), headers=headers, media_type="text/csv")


@router.get("/{decision_id:decision}", summary="One access event", responses=replies(EventReply, 404, 422))
async def get_event(request: Request, service: ServiceOf, decision_id: DecisionId) -> Response:
    """Return the event of a decision."""
    found = await service.events.get(decision_id)
    if found is None:
        raise ProblemError(Problem.NOT_FOUND, "there is no event of this decision")
    if not caller_of(request).reaches(Charger(found["charger"], found["labels"])):
        raise beyond_reach()
    return answer(found)


def filter_of(wanted: WhichEvents, caller: "Caller", since: int | None = None, until: int | None = None) -> EventFilter:
    """Return what is asked for, of what the caller may see; instants in epoch seconds."""
    return EventFilter(
        type=wanted.type,
        outcome=wanted.outcome,
        reason=wanted.reason,
        charger=wanted.charger,
        label=label_of(wanted.label),
        vehicle_class=wanted.vehicle_class,
        vehicle=wanted.vehicle,
        fleet=wanted.fleet,
        policy=wanted.policy,
        identifier_fingerprint=wanted.identifier_fingerprint,
        transaction_id=wanted.transaction_id,
        since=None if since is None else since * 1000,
        until=None if until is None else until * 1000,
        within=() if caller.chargers is None else caller.chargers.labels or (),
    )


async def _export(service: "Service", asked: EventFilter, first: Page[dict[str, Any]]) -> "AsyncGenerator[str]":
    yield csv_of(first.items)
    cursor = first.next_cursor
    while cursor is not None:
        page = await whole(service.events.page(asked, limit=_PORTION, cursor=cursor))
        yield csv_of(page.items, heading=False)
        cursor = page.next_cursor


def _prefers_csv(accept: str) -> bool:
    accepted = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    return "text/csv" in accepted and "application/json" not in accepted
