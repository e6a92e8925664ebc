"""What is known of persons: enrol an unknown identifier, forget one, rotate the key of fingerprints."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from policy_service.application.commands.enrol import NoLongerKeptError, NotEnrollableError
from policy_service.application.imports.fields import InvalidRecordError
from policy_service.entrypoints.http.access import ServiceOf, answer
from policy_service.entrypoints.http.auditing import tell
from policy_service.entrypoints.http.body import json_body
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.openapi import BODY, replies, takes_json
from policy_service.entrypoints.http.params import DecisionId, shown
from policy_service.entrypoints.http.problems import Problem, ProblemError
from policy_service.entrypoints.http.uploads import contradiction
from policy_service.entrypoints.http.wire_privacy import FingerprintKeyReply, ForgetBody, ForgetReply
from policy_service.entrypoints.http.wire_records import EnrolBody, IdentifierReply

router = APIRouter(prefix="/v1", tags=["privacy"], route_class=GuardedRoute)


@router.post(
    "/events/forget",
    summary="Forget an identifier",
    responses=replies(ForgetReply, *BODY),
    openapi_extra=takes_json(ForgetBody, rfid={"identifier": "04:A2:B3:C4:D5:E6:80"}),
)
async def forget_identifier(request: Request, service: ServiceOf) -> Response:
    """Erase from all events what leads to the person behind an identifier; the decisions stay, and count."""
    body = await json_body(request, ForgetBody)
    gone = await service.forget(body.identifier, body.identifier_type, dry_run=body.dry_run)
    tell(request, events=gone.events, dry_run=body.dry_run)
    return answer({**gone._asdict(), "dry_run": body.dry_run})


@router.post(
    "/events/{decision_id:decision}/enrol",
    summary="Enrol the unknown identifier of a denial",
    status_code=201,
    responses=replies(IdentifierReply, *BODY, 404, 409, success=201, description="Added"),
    openapi_extra=takes_json(EnrolBody, own={"type": "rfid", "class": "own", "vehicle": "bus-17", "fleet": "north"}),
)
async def enrol_identifier(request: Request, service: ServiceOf, decision_id: DecisionId) -> Response:
    """Make a record of the identifier that was refused, without telling it to anybody."""
    body = await json_body(request, EnrolBody)
    event = await service.enrol.event(decision_id)
    if event is None:
        raise ProblemError(Problem.NOT_FOUND, "there is no event of this decision")
    try:
        record = await service.enrol(event, shown(body))
    except NotEnrollableError as error:
        raise ProblemError(Problem.CONFLICT, str(error)) from None
    except NoLongerKeptError:
        detail = "the identifier is not kept: it is enrolled already, was denied too long ago, or could be a PIN"
        raise ProblemError(Problem.CONFLICT, detail) from None
    except InvalidRecordError as error:
        raise contradiction(error) from None
    tell(request, record=record.id)
    return answer(service.identifiers.view(record), 201)


@router.post(
    "/fingerprint-keys",
    summary="Rotate the key of fingerprints",
    status_code=201,
    responses=replies(FingerprintKeyReply, success=201, description="Begun"),
)
async def rotate_fingerprint_key(request: Request, service: ServiceOf) -> Response:
    """Begin a generation: fingerprints of events from now on are not those of before."""
    generation = await service.rotate_fingerprints()
    tell(request, generation=generation)
    return answer({"generation": generation}, 201)
