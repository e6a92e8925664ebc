"""Decide, decide in a batch, explain."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from policy_service.application.question import Question
from policy_service.domain.identifier import IdentifierError
from policy_service.entrypoints.answers import decision_view, explanation_view
from policy_service.entrypoints.http.access import answer, service_of
from policy_service.entrypoints.http.body import json_body, shaped
from policy_service.entrypoints.http.callers import caller_of, demand_charger
from policy_service.entrypoints.http.edge import request_id_of
from policy_service.entrypoints.http.failures import problem_of
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import BODY, replies, takes_json
from policy_service.entrypoints.http.problems import ProblemError, problem_body
from policy_service.entrypoints.http.wire import (
    BatchReply,
    BatchRequest,
    DecideRequest,
    DecisionReply,
    ExplainReply,
    Occasion,
)

router = APIRouter(prefix="/v1", tags=["decisions"], route_class=GuardedRoute)


@router.post(
    "/decide",
    summary="May this vehicle charge at this charger now?",
    responses=replies(DecisionReply, *BODY),
    openapi_extra=takes_json(DecideRequest),
)
async def decide(request: Request) -> Response:
    """Answer with an outcome and its reason. Managed-access decisions leave an access event."""
    body = await json_body(request, DecideRequest)
    demand_charger(request, body.charger)
    answered = await service_of(request).decide(question_of(body, request))
    return answer(decision_view(answered))


@router.post(
    "/decide/batch",
    summary="Many decisions at once",
    responses=replies(BatchReply, *BODY),
    openapi_extra=takes_json(
        BatchRequest,
        two={"requests": [{"charger": "NTH-01", "identifier": ""}, {"charger": "NTH-02", "identifier": ""}]},
    ),
)
async def decide_batch(request: Request) -> Response:
    """Answer in the order of the questions; one that cannot be answered gets a problem in its place."""
    body = await json_body(request, BatchRequest)
    service = service_of(request)
    views: list[dict[str, Any]] = []
    questions: list[Question] = []
    places: list[int] = []
    for item in body.requests:
        try:
            question = question_of(shaped(item, DecideRequest), request, record=body.record)
            demand_charger(request, question.charger)
            service.decide.check(question)
        except (ProblemError, IdentifierError) as error:
            views.append(problem_body(problem_of(error)))
        else:
            places.append(len(views))
            questions.append(question)
            views.append({})
    for place, answered in zip(places, await service.decide.many(questions), strict=True):
        views[place] = decision_view(answered)
    return answer({"decisions": views})


@router.post(
    "/explain",
    summary="A decision and how it came about",
    responses=replies(ExplainReply, *BODY),
    openapi_extra=takes_json(DecideRequest),
)
async def explain(request: Request) -> Response:
    """Answer as decide does, with every step. Leaves no event; a denied PIN counts as an attempt."""
    body = await json_body(request, DecideRequest)
    demand_charger(request, body.charger)
    answered, explanation = await service_of(request).explain(question_of(body, request))
    return answer(explanation_view(answered, explanation))


def question_of(body: Occasion, request: Request, *, record: bool = True) -> Question:
    """Return the question that a body asks; an occasion alone has nobody who presented anything."""
    told: dict[str, Any] = {"identifier": "", "record": True, **vars(body)}
    told["record"] = told["record"] and record
    return Question(**told, caller=caller_of(request).name, request_id=request_id_of(request.scope))
