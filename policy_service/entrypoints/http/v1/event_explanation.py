"""An access event with the explanation of its decision, by what was in force and on record when it was made."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from policy_service.domain.charger import Charger
from policy_service.domain.instant import format_instant
from policy_service.entrypoints.answers import decision_view, explanation_parts
from policy_service.entrypoints.http.access import ServiceOf, answer
from policy_service.entrypoints.http.callers import beyond_reach, caller_of
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import replies
from policy_service.entrypoints.http.params import DecisionId
from policy_service.entrypoints.http.problems import Problem, ProblemError
from policy_service.entrypoints.http.wire_events import EventExplanation

router = APIRouter(prefix="/v1/events", tags=["events"], route_class=GuardedRoute)


@router.get(
    "/{decision_id}/explanation",
    summary="Why was it decided so?",
    responses=replies(EventExplanation, 403, 404, 422),
)
async def explain_event(request: Request, service: ServiceOf, decision_id: DecisionId) -> Response:
    """Explain a recorded decision as of its revision; `missing` says why where that cannot be done any more."""
    found = await service.explain_event(decision_id)
    if found is None:
        raise ProblemError(Problem.NOT_FOUND, "there is no event of this decision")
    if not caller_of(request).reaches(Charger(found.event["charger"], found.event["labels"])):
        raise beyond_reach()
    pins = None if found.pins_again_by is None else format_instant(found.pins_again_by)
    body = {
        "event": found.event,
        "missing": found.missing,
        "caveats": list(found.caveats),
        "pins_again_by": pins,
        "enrollable": found.enrollable,
    }
    if found.answered is None or found.explanation is None:
        return answer({**body, "decision": None, "steps": None, "nearest_allow": None})
    return answer({**body, "decision": decision_view(found.answered), **explanation_parts(found.explanation)})
