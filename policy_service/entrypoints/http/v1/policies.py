"""Policies: what is in force, what the last load found, checks of files that nobody serves, and reload."""

from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from policy_service.application.policy_diff import RefusedTreeError
from policy_service.domain.instant import DAY, format_instant
from policy_service.entrypoints.access_views import change_views
from policy_service.entrypoints.http.access import ServiceOf, answer, from_cursor, to_cursor
from policy_service.entrypoints.http.body import json_body
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import BODY, replies, takes_json
from policy_service.entrypoints.http.params import PageParams, PolicyName
from policy_service.entrypoints.http.problems import Problem, ProblemError
from policy_service.entrypoints.http.views import diagnostic_view, policy_detail, policy_view
from policy_service.entrypoints.http.wire_diff import DiffBody, DiffReply
from policy_service.entrypoints.http.wire_records import (
    DiagnosticList,
    PolicyList,
    PolicyReply,
    ReloadReply,
    ValidateBody,
)

if TYPE_CHECKING:
    from policy_service.application.plan_holder import PlanState

router = APIRouter(prefix="/v1/policies", tags=["policies"], route_class=GuardedRoute)


@router.get("", summary="List policies", responses=replies(PolicyList, 404, 422))
async def list_policies(service: ServiceOf, wanted: Annotated[PageParams, Query()]) -> Response:
    """List the policies in force by name, with the findings of the last load."""
    after = "" if wanted.cursor is None else str(from_cursor(wanted.cursor, str)[0])
    found = [policy for policy in service.policies.all() if policy.name > after]
    page, more = found[: wanted.limit], len(found) > wanted.limit
    return answer(
        {
            "policies": [policy_view(policy) for policy in page],
            "next_cursor": to_cursor(page[-1].name) if more else None,
            **_state_view(service.policies.state),
        }
    )


@router.post(
    "/validate",
    summary="Check policy files",
    responses=replies(DiagnosticList, *BODY),
    openapi_extra=takes_json(ValidateBody),
)
async def validate_policies(request: Request, service: ServiceOf) -> Response:
    """Report every finding about the files, as if they were the whole tree. Nothing is put in force."""
    body = await json_body(request, ValidateBody, most_bytes=None)
    found = await service.policies.validate({name: text.encode() for name, text in body.files.items()})
    return answer({"diagnostics": [diagnostic_view(finding) for finding in found]})


@router.post(
    "/diff",
    summary="Compare policy files",
    responses=replies(DiffReply, 404, *BODY),
    openapi_extra=takes_json(DiffBody),
)
async def diff_policies(request: Request, service: ServiceOf) -> Response:
    """Tell when which vehicles would be answered otherwise at which chargers. Nothing is put in force.

    Left out, `old` is what is in force. Imported chargers count on both sides, overrides made over HTTP on neither.
    """
    body = await json_body(request, DiffBody, most_bytes=None)
    start = service.clock.now() if body.start is None else body.start
    try:
        found = await service.policies.compare(body.before(), body.new.contents(), (start, start + body.days * DAY))
    except KeyError:
        raise ProblemError(Problem.NOT_FOUND, "what this revision was made of is not on record") from None
    except RefusedTreeError as error:
        pointer = "/old" if error.side == 0 else "/new"
        told = [{"pointer": pointer, "detail": f"{each.code} {each.message}"} for each in error.diagnostics]
        extra = {"diagnostics": [diagnostic_view(each) for each in error.diagnostics]}
        raise ProblemError(Problem.INVALID, "the files cannot be put in force", errors=told, extra=extra) from None  # type: ignore[arg-type]
    views = list(islice(change_views(found.differences), body.limit + 1))
    return answer(
        {
            "from": format_instant(found.span[0]),
            "to": format_instant(found.span[1]),
            "changes": views[: body.limit],
            "truncated": len(views) > body.limit,
        }
    )


@router.post("/reload", summary="Reload the policy files", responses=replies(ReloadReply))
async def reload_policies(service: ServiceOf) -> Response:
    """Bring what is committed into force, wait for it, and report. A broken tree changes nothing."""
    outcome = await service.reload(force=True)
    plan = service.plans.plan
    return answer(
        {
            "status": outcome.status,
            "revision": None if plan is None else plan.revision,
            "unreadable": outcome.unreadable,
            "diagnostics": [diagnostic_view(finding) for finding in outcome.diagnostics],
        }
    )


@router.get("/{name:name}", summary="One policy", responses=replies(PolicyReply, 404, 422))
async def get_policy(service: ServiceOf, name: PolicyName) -> Response:
    """Return a policy with its windows, exceptions and chargers."""
    policy = service.policies.get(name)
    if policy is None:
        raise ProblemError(Problem.NOT_FOUND, "no policy of this name is in force")
    return answer({**policy_detail(policy), "chargers": list(service.policies.chargers_of(name))})


def _state_view(state: "PlanState") -> dict[str, Any]:
    return {
        "revision": None if state.plan is None else state.plan.revision,
        "loaded_at": None if state.loaded_at is None else format_instant(state.loaded_at),
        "in_force": not state.degraded,
        "unreadable": state.unreadable,
        "diagnostics": [diagnostic_view(finding) for finding in state.diagnostics],
    }
