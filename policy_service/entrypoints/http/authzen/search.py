"""AuthZEN's searches (section 8): chargers for a vehicle, vehicles for a charger, and what one may do at the other."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from policy_service.entrypoints.http.access import answer, service_of
from policy_service.entrypoints.http.body import json_body
from policy_service.entrypoints.http.callers import caller_of, demand_charger
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import replies, takes_json
from policy_service.entrypoints.http.params import MAX_LIMIT
from policy_service.entrypoints.http.wire_authzen import (
    ACTION,
    RESOURCE,
    SUBJECT,
    USUAL_LIMIT,
    ActionReply,
    ActionSearch,
    ResourceSearch,
    Search,
    SearchReply,
    Subject,
    SubjectSearch,
)

router = APIRouter(prefix="/access/v1/search", tags=["authzen"], route_class=GuardedRoute)

_SUBJECT = {"type": SUBJECT, "id": "04:A2:B3:C4:D5:E6:80"}
_RESOURCE = {"type": RESOURCE, "id": "NTH-01"}


@router.post(
    "/subject",
    summary="AuthZEN subject search",
    responses=replies(SearchReply, 400, 413),
    openapi_extra=takes_json(
        SubjectSearch, known={"subject": {"type": SUBJECT}, "action": {"name": ACTION}, "resource": _RESOURCE}
    ),
)
async def search_subjects(request: Request) -> Response:
    """Find the known vehicles that may charge at a charger, as opaque ids of their records."""
    asked = await json_body(request, SubjectSearch)
    token, limit = _page(asked)
    if (asked.subject.type, asked.action.name, asked.resource.type) != (SUBJECT, ACTION, RESOURCE):
        return _results([])
    demand_charger(request, asked.resource.id)
    search = service_of(request).access_search
    found = await search.vehicles(asked.resource.id, _time(asked), after=token, limit=limit)
    return _results([{"type": SUBJECT, "id": record_id} for record_id in found.items], found.next_cursor)


@router.post(
    "/resource",
    summary="AuthZEN resource search",
    responses=replies(SearchReply, 400, 413),
    openapi_extra=takes_json(
        ResourceSearch, card={"subject": _SUBJECT, "action": {"name": ACTION}, "resource": {"type": RESOURCE}}
    ),
)
async def search_resources(request: Request) -> Response:
    """Find the chargers that an identifier may use."""
    asked = await json_body(request, ResourceSearch)
    token, limit = _page(asked)
    if (asked.subject.type, asked.action.name, asked.resource.type) != (SUBJECT, ACTION, RESOURCE):
        return _results([])
    found = await service_of(request).access_search.chargers(
        asked.subject.id,
        _hint(asked.subject),
        _time(asked),
        after=token,
        limit=limit,
        within=caller_of(request).chargers,
    )
    return _results([{"type": RESOURCE, "id": charger_id} for charger_id in found.items], found.next_cursor)


@router.post(
    "/action",
    summary="AuthZEN action search",
    responses=replies(ActionReply, 400, 413),
    openapi_extra=takes_json(ActionSearch, card={"subject": _SUBJECT, "resource": _RESOURCE}),
)
async def search_actions(request: Request) -> Response:
    """Find what an identifier may do at a charger: `charge`, or nothing."""
    asked = await json_body(request, ActionSearch)
    _page(asked)
    if (asked.subject.type, asked.resource.type) != (SUBJECT, RESOURCE):
        return _results([])
    demand_charger(request, asked.resource.id)
    search, time = service_of(request).access_search, _time(asked)
    may = await search.may(asked.subject.id, _hint(asked.subject), asked.resource.id, time)
    return _results([{"name": ACTION}] if may else [])


def _page(asked: Search) -> tuple[str | None, int]:
    """Return the token, None for the first page, and how many results are wanted at most."""
    if asked.page is None:
        return None, USUAL_LIMIT
    return asked.page.token or None, min(asked.page.limit, MAX_LIMIT)


def _time(asked: Search) -> int | None:
    return None if asked.context is None else asked.context.time


def _hint(subject: Subject) -> str | None:
    return None if subject.properties is None else subject.properties.identifier_type


def _results(results: list[dict[str, Any]], next_token: str | None = None) -> Response:
    return answer({"results": results, "page": {"next_token": next_token or "", "count": len(results)}})
