"""Overrides: a mode for some chargers until an instant, beyond what policies say."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from policy_service.application.commands.make_override import AllLockedError, Wanted
from policy_service.application.imports.fields import InvalidRecordError
from policy_service.application.views import override_view
from policy_service.domain.instant import format_instant
from policy_service.entrypoints.http.access import ServiceOf, answer
from policy_service.entrypoints.http.auditing import tell
from policy_service.entrypoints.http.body import json_body
from policy_service.entrypoints.http.callers import caller_of
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import BODY, replies, takes_json
from policy_service.entrypoints.http.params import OverrideId, OverrideParams
from policy_service.entrypoints.http.problems import Problem, ProblemError
from policy_service.entrypoints.http.wire_overrides import OverrideBody, OverrideDetail, OverrideList, OverrideReply

router = APIRouter(prefix="/v1/overrides", tags=["overrides"], route_class=GuardedRoute)

_EXAMPLE = {
    "chargers": {"ids": ["NTH-01", "NTH-02"]},
    "mode": "freevend",
    "until": "2026-11-24T20:00:00Z",
    "reason": "pull-out, ticket OPS-7",
}


@router.post(
    "",
    summary="Make an override",
    status_code=201,
    responses=replies(OverrideDetail, *BODY, 409, success=201, description="Made, and in force"),
    openapi_extra=takes_json(OverrideBody, open=_EXAMPLE),
)
async def make_override(request: Request, service: ServiceOf) -> Response:
    """Open or lock chargers until an instant. In force here when this returns, elsewhere within a second."""
    body, caller = await json_body(request, OverrideBody), caller_of(request)
    wanted = Wanted(
        chargers=body.chargers.selector(),
        mode=body.mode,
        until=body.until,
        reason=body.reason,
        start=body.start,
        allow=body.grants(),
        force=body.force,
        message=body.texts(),
    )
    try:
        made, met = await service.make_override(wanted, by=caller.name, within=caller.chargers)
    except InvalidRecordError as error:
        raise _invalid(error) from None
    except AllLockedError as error:
        raise ProblemError(Problem.CONFLICT, str(error), extra={"left": list(error.left)}) from None
    tell(request, override=made.id, mode=made.mode, until=format_instant(made.end), chargers=len(met.taken))
    view = override_view(made, service.clock.now())
    reply = {**view, "chargers": met.taken, "left": met.left, "ungoverned": met.ungoverned}
    return answer(reply, 201, {"Location": f"/v1/overrides/{made.id}"})


@router.get("", summary="List overrides", responses=replies(OverrideList, 404, 422))
async def list_overrides(request: Request, service: ServiceOf, wanted: Annotated[OverrideParams, Query()]) -> Response:
    """List overrides that are active or coming, the latest made first."""
    page = await service.overrides.page(
        limit=wanted.limit, cursor=wanted.cursor, ended=wanted.ended, within=caller_of(request).chargers
    )
    return answer({"overrides": list(page.items), "next_cursor": page.next_cursor})


@router.get("/{override_id}", summary="One override", responses=replies(OverrideDetail, 404, 422))
async def get_override(request: Request, service: ServiceOf, override_id: OverrideId) -> Response:
    """Tell what it says, who made it, and which chargers it takes."""
    found = await service.overrides.get(override_id, caller_of(request).chargers)
    if found is None:
        raise _unknown()
    return answer(found)


@router.delete("/{override_id}", summary="End an override now", responses=replies(OverrideReply, 404, 422))
async def end_override(request: Request, service: ServiceOf, override_id: OverrideId) -> Response:
    """Let the policies hold again. The override stays on record; one that is over stays as it is."""
    caller = caller_of(request)
    ended = await service.end_override(override_id, by=caller.name, within=caller.chargers)
    if ended is None:
        raise _unknown()
    return answer(override_view(ended, service.clock.now()))


def _invalid(error: InvalidRecordError) -> ProblemError:
    errors: list[Any] = [{"pointer": fault.pointer, "detail": fault.detail} for fault in error.faults]
    return ProblemError(
        Problem.CONFLICT, "what is asked does not fit the clock or the policies in force", errors=errors
    )


def _unknown() -> ProblemError:
    return ProblemError(Problem.NOT_FOUND, "there is no such override")
