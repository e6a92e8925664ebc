"""OCPP verbatim: the payload of a charger's request as it came, and the payload of the answer to pass on."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from policy_service.application.question import Question
from policy_service.domain.ocpp_answers import (
    LENGTHS_2_0_1,
    LENGTHS_2_1,
    Lengths,
    accepted,
    id_tag_info,
    id_token_info,
)
from policy_service.domain.ocpp_statuses import NO_AUTHORIZATION
from policy_service.entrypoints.http.access import answer, service_of
from policy_service.entrypoints.http.body import json_body
from policy_service.entrypoints.http.callers import caller_of, demand_charger
from policy_service.entrypoints.http.edge import request_id_of
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.ocpp_answers import headers, stop_header
from policy_service.entrypoints.http.ocpp_names import printable
from policy_service.entrypoints.http.openapi import BODY, replies, takes_json
from policy_service.entrypoints.http.params import ChargerId
from policy_service.entrypoints.http.response_headers import POLICY_DECISION
from policy_service.entrypoints.http.wire_ocpp import (
    Authorize16,
    Authorize21,
    Authorize201,
    AuthorizeReply,
    IdTagReply,
    StartTransaction16,
    Token21,
    Token201,
    TransactionEvent21,
    TransactionEvent201,
    TransactionEventReply,
)

router = APIRouter(prefix="/v1/ocpp", tags=["ocpp"], route_class=GuardedRoute)

_MESSAGE_ID = "OCPP-Message-Id"
_TAG = {"idTag": "04A2B3C4D5E680"}
_TOKEN = {"idToken": {"idToken": "04A2B3C4D5E680", "type": "ISO14443"}}
_START = {"connectorId": 1, "meterStart": 0, "timestamp": "2026-11-24T11:15:00Z", **_TAG}
_STARTED = {
    "eventType": "Started",
    "timestamp": "2026-11-24T11:15:00Z",
    "triggerReason": "Authorized",
    "seqNo": 0,
    "transactionInfo": {"transactionId": "4711"},
    **_TOKEN,
}


def _takes(shape: type[BaseModel], **examples: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    """Describe a payload, and the header that its message's id comes in."""
    header = {
        "name": _MESSAGE_ID,
        "in": "header",
        "schema": {"type": "string"},
        "description": "Recorded only: the OCPP message's id, if it is printable and at most 64 characters long.",
    }
    return {**takes_json(shape, **examples), "parameters": [header]}


@router.post(
    "/1.6/{charger_id}/authorize",
    summary="OCPP 1.6 Authorize",
    responses=replies(IdTagReply, *BODY, headers=[POLICY_DECISION]),
    openapi_extra=_takes(Authorize16, card=_TAG),
)
async def authorize_ocpp_1_6(request: Request, charger_id: ChargerId) -> Response:
    """Answer `Authorize.req` with `Authorize.conf`."""
    body = await json_body(request, Authorize16)
    question = _question(request, charger_id, "Authorize", identifier=body.id_tag, connector=body.connector_id)
    verdict = await service_of(request).authorise(question)
    return answer({"idTagInfo": id_tag_info(verdict.shown)}, headers=headers(verdict))


@router.post(
    "/1.6/{charger_id}/start-transaction",
    summary="OCPP 1.6 StartTransaction",
    responses=replies(IdTagReply, *BODY, headers=[POLICY_DECISION]),
    openapi_extra=_takes(StartTransaction16, card=_START),
)
async def start_transaction_ocpp_1_6(request: Request, charger_id: ChargerId) -> Response:
    """Answer `StartTransaction.req`: the charger may have authorised from its cache. The CSMS adds `transactionId`."""
    body = await json_body(request, StartTransaction16)
    question = _question(
        request,
        charger_id,
        "StartTransaction",
        identifier=body.id_tag,
        connector=body.connector_id,
        time=body.timestamp,
    )
    verdict = await service_of(request).authorise(question, starts=True, replayed=True)
    return answer({"idTagInfo": id_tag_info(verdict.shown)}, headers=headers(verdict))


@router.post(
    "/2.0.1/{charger_id}/authorize",
    summary="OCPP 2.0.1 Authorize",
    responses=replies(AuthorizeReply, *BODY, headers=[POLICY_DECISION]),
    openapi_extra=_takes(Authorize201, card=_TOKEN),
)
async def authorize_ocpp_2_0_1(request: Request, charger_id: ChargerId) -> Response:
    """Answer `AuthorizeRequest` with `AuthorizeResponse`."""
    return await _authorize(request, charger_id, Authorize201, LENGTHS_2_0_1)


@router.post(
    "/2.1/{charger_id}/authorize",
    summary="OCPP 2.1 Authorize",
    responses=replies(AuthorizeReply, *BODY, headers=[POLICY_DECISION]),
    openapi_extra=_takes(Authorize21, card=_TOKEN),
)
async def authorize_ocpp_2_1(request: Request, charger_id: ChargerId) -> Response:
    """Answer `AuthorizeRequest` with `AuthorizeResponse`."""
    return await _authorize(request, charger_id, Authorize21, LENGTHS_2_1)


@router.post(
    "/2.0.1/{charger_id}/transaction-event",
    summary="OCPP 2.0.1 TransactionEvent",
    responses=replies(TransactionEventReply, *BODY, headers=[POLICY_DECISION]),
    openapi_extra=_takes(TransactionEvent201, started=_STARTED),
)
async def transaction_event_ocpp_2_0_1(request: Request, charger_id: ChargerId) -> Response:
    """Decide when a session starts, or a token comes later; never cut one that runs."""
    return await _transaction_event(request, charger_id, TransactionEvent201, LENGTHS_2_0_1)


@router.post(
    "/2.1/{charger_id}/transaction-event",
    summary="OCPP 2.1 TransactionEvent",
    responses=replies(TransactionEventReply, *BODY, headers=[POLICY_DECISION]),
    openapi_extra=_takes(TransactionEvent21, started=_STARTED),
)
async def transaction_event_ocpp_2_1(request: Request, charger_id: ChargerId) -> Response:
    """Decide when a session starts, or a token comes later; never cut one that runs."""
    return await _transaction_event(request, charger_id, TransactionEvent21, LENGTHS_2_1)


async def _authorize(
    request: Request, charger_id: str, shape: type[Authorize201 | Authorize21], lengths: Lengths
) -> Response:
    token = (await json_body(request, shape)).id_token
    question = _question(request, charger_id, "Authorize", token)
    return await _decided(request, question, token, lengths)


async def _transaction_event(
    request: Request, charger_id: str, shape: type[TransactionEvent201 | TransactionEvent21], lengths: Lengths
) -> Response:
    body = await json_body(request, shape)
    token, transaction = body.id_token, body.transaction_info.transaction_id
    demand_charger(request, charger_id)
    if token is None:
        return answer({})
    if body.event_type != "Started" and not (body.event_type == "Updated" and body.trigger_reason == "Authorized"):
        return answer({"idTokenInfo": accepted()})
    question = _question(
        request,
        charger_id,
        "TransactionEvent",
        token,
        evse=None if body.evse is None else body.evse.id,
        connector=None if body.evse is None else body.evse.connector_id,
        time=body.timestamp,
        transaction_id=printable(transaction),
    )
    return await _decided(request, question, token, lengths, starts=True, replayed=body.offline)


async def _decided(
    request: Request,
    question: Question,
    token: Token201 | Token21,
    lengths: Lengths,
    *,
    starts: bool = False,
    replayed: bool = False,
) -> Response:
    authorise = service_of(request).authorise
    if token.type.lower() == NO_AUTHORIZATION:  # must be accepted (C02.FR.02): a breach is all that can be made of it
        answered = await authorise.unasked(question, replayed=replayed)
        return answer({"idTokenInfo": accepted()}, headers=stop_header(answered))
    verdict = await authorise(question, starts=starts, replayed=replayed)
    return answer({"idTokenInfo": id_token_info(verdict.shown, token.type, lengths)}, headers=headers(verdict))


def _question(
    request: Request,
    charger_id: str,
    action: str,
    token: Token201 | Token21 | None = None,
    **told: Any,  # noqa: ANN401 - the fields of a question
) -> Question:
    """Return the question behind a message, of a charger that the caller may ask about. Raises ProblemError."""
    demand_charger(request, charger_id)
    if token is not None:
        told |= {"identifier": token.id_token, "identifier_type": token.type or None}
    return Question(
        charger_id,
        ocpp_action=action,
        message_id=printable(request.headers.get(_MESSAGE_ID, "")),
        caller=caller_of(request).name,
        request_id=request_id_of(request.scope),
        **told,
    )
