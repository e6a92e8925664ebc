"""AuthZEN's access evaluations (sections 6 and 7): one question, or many that have something in common."""

from typing import Any, cast

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from policy_service.application.question import Answered, Question
from policy_service.domain.identifier import IdentifierError
from policy_service.entrypoints.answers import decision_view
from policy_service.entrypoints.http.access import answer, service_of
from policy_service.entrypoints.http.body import json_body, json_value, shaped
from policy_service.entrypoints.http.callers import caller_of, demand_charger
from policy_service.entrypoints.http.edge import request_id_of
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import replies, takes_json
from policy_service.entrypoints.http.problems import PROBLEMS, Problem, ProblemError, in_one_line
from policy_service.entrypoints.http.wire_authzen import (
    ACTION,
    RESOURCE,
    SUBJECT,
    Evaluation,
    EvaluationReply,
    Evaluations,
    EvaluationsBody,
    EvaluationsReply,
)

router = APIRouter(prefix="/access/v1", tags=["authzen"], route_class=GuardedRoute)

_ENTITIES = ("subject", "action", "resource", "context")
_TOLD = ("decision_id", "reason", "mode", "vehicle_class", "valid_until", "message")
_ENDS = {"deny_on_first_deny": False, "permit_on_first_permit": True}
"""The decision that ends a batch, by its semantic."""
_NIGHT = {
    "subject": {"type": SUBJECT, "id": "04:A2:B3:C4:D5:E6:80"},
    "action": {"name": ACTION},
    "context": {"time": "2026-11-24T11:15:00Z"},
}
_TWO = [{"resource": {"type": RESOURCE, "id": charger}} for charger in ("NTH-01", "NTH-02")]


@router.post(
    "/evaluation",
    summary="AuthZEN access evaluation",
    responses=replies(EvaluationReply, 400, 413),
    openapi_extra=takes_json(Evaluation),
)
async def evaluate(request: Request) -> Response:
    """Decide whether an `identifier` may `charge` at a `charger`."""
    return answer(await _evaluate(await json_body(request, Evaluation), request))


@router.post(
    "/evaluations",
    summary="AuthZEN access evaluations",
    responses=replies(EvaluationsReply, 400, 413),
    openapi_extra=takes_json(EvaluationsBody, two={**_NIGHT, "evaluations": _TWO}),
)
async def evaluate_many(request: Request) -> Response:
    """Decide in order. One that cannot be decided is denied in its place, with `error` in its context."""
    body = await json_value(request)
    if not _has_many(body):
        return answer(await _evaluate(shaped(body, Evaluation), request))
    asked = shaped(body, Evaluations)
    defaults = {name: vars(asked)[name] for name in _ENTITIES if vars(asked)[name] is not None}
    items = [_item(defaults, each, request) for each in asked.evaluations]
    ends = None if asked.options is None else _ENDS.get(asked.options.evaluations_semantic)
    decided = await (_all(items, request) if ends is None else _until(items, request, end=ends))
    return answer({"evaluations": decided})


def _has_many(body: object) -> bool:
    return isinstance(body, dict) and bool(cast("dict[str, Any]", body).get("evaluations"))


async def _evaluate(asked: Evaluation, request: Request) -> dict[str, Any]:
    if not _is_ours(asked):
        return _NOT_OURS
    question = _question(asked, request)
    demand_charger(request, question.charger)
    return _view(await service_of(request).decide(question))


def _item(defaults: dict[str, Any], item: object, request: Request) -> Question | dict[str, Any]:
    """Return one question of many, or what is answered where it is none."""
    if not isinstance(item, dict):
        return _fault(400, "a question is an object")
    own = cast("dict[str, Any]", item)
    try:
        asked = shaped({**defaults, **{name: own[name] for name in _ENTITIES if name in own}}, Evaluation)
        if not _is_ours(asked):
            return _NOT_OURS
        question = _question(asked, request)
        demand_charger(request, question.charger)
        service_of(request).decide.check(question)
    except ProblemError as error:
        invalid = error.kind is Problem.INVALID
        return _fault(400 if invalid else PROBLEMS[error.kind].status, in_one_line(error))
    except IdentifierError as error:
        return _fault(400, str(error))
    return question


async def _all(items: list[Question | dict[str, Any]], request: Request) -> list[dict[str, Any]]:
    questions = [each for each in items if isinstance(each, Question)]
    decided = iter(await service_of(request).decide.many(questions))
    return [_view(next(decided)) if isinstance(each, Question) else each for each in items]


async def _until(items: list[Question | dict[str, Any]], request: Request, *, end: bool) -> list[dict[str, Any]]:
    """Decide one after another, up to the first decision that ends it; nobody asks for what follows."""
    decided: list[dict[str, Any]] = []
    for each in items:
        decided.append(_view(await service_of(request).decide(each)) if isinstance(each, Question) else each)
        if decided[-1]["decision"] is end:
            break
    return decided


def _is_ours(asked: Evaluation) -> bool:
    return (asked.subject.type, asked.action.name, asked.resource.type) == (SUBJECT, ACTION, RESOURCE)


def _question(asked: Evaluation, request: Request) -> Question:
    known = asked.subject.properties
    return Question(
        asked.resource.id,
        asked.subject.id,
        None if known is None else known.identifier_type,
        **({} if asked.context is None else vars(asked.context)),
        caller=caller_of(request).name,
        request_id=request_id_of(request.scope),
    )


def _view(answered: Answered) -> dict[str, Any]:
    view = decision_view(answered)
    return {
        "decision": not answered.decision.denied,
        "context": {name: view[name] for name in _TOLD if name in view},
    }


def _fault(status: int, message: str) -> dict[str, Any]:
    return {"decision": False, "context": {"error": {"status": status, "message": message}}}


_NOT_OURS = _fault(404, f"decided is whether an `{SUBJECT}` may `{ACTION}` at a `{RESOURCE}`")
"""In doubt it is a denial; there is no vehicle and no charger that an event could be about."""
