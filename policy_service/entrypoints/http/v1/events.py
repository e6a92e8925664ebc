"""Access events: who was refused or admitted, where, when and why; as JSON or CSV."""

import csv
import io
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from policy_service.application.ports import EventFilter
from policy_service.domain.charger import Charger
from policy_service.entrypoints.http.access import ServiceOf, answer
from policy_service.entrypoints.http.callers import beyond_reach, caller_of
from policy_service.entrypoints.http.openapi import replies
from policy_service.entrypoints.http.params import DecisionId, EventParams, SummaryParams, label_of
from policy_service.entrypoints.http.permissions import GuardedRoute
from policy_service.entrypoints.http.problems import Problem, ProblemError
from policy_service.entrypoints.http.wire_records import EventList, EventReply

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from policy_service.domain.caller import Caller

router = APIRouter(prefix="/v1/events", tags=["events"], route_class=GuardedRoute)

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for a formula at the start of a cell."""

_LISTED = replies(EventList, 404, 422)
_LISTED[200]["content"] = {"text/csv": {"schema": {"type": "string"}}}


@router.get("", summary="List access events", responses=_LISTED)
async def list_events(request: Request, service: ServiceOf, wanted: Annotated[EventParams, Query()]) -> Response:
    """List recorded decisions, newest first. `Accept: text/csv` exports the page; `X-Next-Cursor` leads on."""
    page = await service.events.page(filter_of(wanted, caller_of(request)), limit=wanted.limit, cursor=wanted.cursor)
    if _prefers_csv(request.headers.get("accept", "")):
        headers = {"Content-Disposition": 'attachment; filename="access-events.csv"'}
        if page.next_cursor is not None:
            headers["X-Next-Cursor"] = page.next_cursor
        return Response(_csv(page.items), headers=headers, media_type="text/csv")
    return answer({"events": list(page.items), "next_cursor": page.next_cursor})


@router.get("/{decision_id:decision}", summary="One access event", responses=replies(EventReply, 404, 422))
async def get_event(request: Request, service: ServiceOf, decision_id: DecisionId) -> Response:
    """Return the event of a decision."""
    found = await service.events.get(decision_id)
    if found is None:
        raise ProblemError(Problem.NOT_FOUND, "there is no event of this decision")
    if not caller_of(request).reaches(Charger(found["charger"], found["labels"])):
        raise beyond_reach()
    return answer(found)


def filter_of(wanted: EventParams | SummaryParams, caller: "Caller") -> EventFilter:
    """Return what is asked for, of what the caller may see."""
    return EventFilter(
        type=wanted.type,
        outcome=wanted.outcome,
        reason=wanted.reason,
        charger=wanted.charger,
        label=label_of(wanted.label),
        vehicle_class=wanted.vehicle_class,
        since=None if wanted.since is None else wanted.since * 1000,
        until=None if wanted.until is None else wanted.until * 1000,
        within=() if caller.chargers is None else caller.chargers.labels or (),
    )


def _prefers_csv(accept: str) -> bool:
    accepted = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    return "text/csv" in accepted and "application/json" not in accepted


def _csv(events: "Iterable[Mapping[str, Any]]") -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(EventReply.model_fields), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in event.items()} for event in events)
    return text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, dict):
        return orjson.dumps(value).decode()
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value
