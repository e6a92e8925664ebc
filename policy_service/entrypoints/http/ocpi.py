"""OCPI's real-time authorization: whether a token may be used at some EVSEs now."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from policy_service.application.ocpi.authorise_token import TokenVerdict
from policy_service.application.question import Answered
from policy_service.domain.instant import format_instant
from policy_service.domain.messages import DEFAULT_LANGUAGE, language_of, message_of
from policy_service.domain.ocpp_statuses import ALLOWED, status_ocpi
from policy_service.entrypoints.http.access import service_of
from policy_service.entrypoints.http.body import MOST_BYTES, demand_json, parse, read_body, shaped
from policy_service.entrypoints.http.callers import caller_of
from policy_service.entrypoints.http.edge import request_id_of
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.ocpi_envelope import NOT_ENOUGH_INFORMATION, SUCCESS, UNKNOWN_TOKEN, reply
from policy_service.entrypoints.http.openapi import may_take_json
from policy_service.entrypoints.http.wire_ocpi import (
    ErrorReply,
    LocationReferences,
    TokenAuthorizeReply,
    TokenType221,
    TokenType230,
    TokenUid,
)

router = APIRouter(prefix="/ocpi", tags=["other doors"], route_class=GuardedRoute)

_HINTS = {"RFID": "rfid", "EMAID": "emaid"}
"""What a token type says of an identifier; the others are made up by an app."""
_LONGEST_GROUP = 20
"""As the parent of OCPP 1.6, which it becomes there."""
_LONGEST_TEXT, _LANGUAGE = 512, 2
_LONGEST_UID = 36
_TOKEN_AT_FAULT = ("BLOCKED", "EXPIRED", "NO_CREDIT")

_RESPONSES: dict[int | str, Any] = {
    200: {"model": TokenAuthorizeReply, "description": "OK"},
    404: {"model": ErrorReply, "description": "Nobody knows the token"},
    **{status: {"model": ErrorReply, "description": "In OCPI's envelope"} for status in (400, 401, 403, 413, 415, 503)},
}
_BODY = may_take_json(LocationReferences, evses={"location_id": "LOC1", "evse_uids": ["NTH-07"]})


@router.post(
    "/2.2.1/tokens/{token_uid}/authorize",
    summary="OCPI 2.2.1 real-time authorization",
    responses=_RESPONSES,
    openapi_extra=_BODY,
)
async def authorize_ocpi_2_2_1(
    request: Request, token_uid: TokenUid, kind: Annotated[TokenType221, Query(alias="type")] = "RFID"
) -> Response:
    """Answer `AuthorizationInfo`. The location and its EVSEs are found by the chargers' labels, or are their ids."""
    return await _authorize(request, token_uid, kind)


@router.post(
    "/2.3.0/tokens/{token_uid}/authorize",
    summary="OCPI 2.3.0 real-time authorization",
    responses=_RESPONSES,
    openapi_extra=_BODY,
)
async def authorize_ocpi_2_3_0(
    request: Request, token_uid: TokenUid, kind: Annotated[TokenType230, Query(alias="type")] = "RFID"
) -> Response:
    """Answer `AuthorizationInfo`. The location and its EVSEs are found by the chargers' labels, or are their ids."""
    return await _authorize(request, token_uid, kind)


async def _authorize(request: Request, uid: str, kind: str) -> Response:
    asked, service = await _references(request), service_of(request)
    if asked is None:
        message = "say at which location: what is allowed differs between chargers"
        return reply(request.scope, service.clock.now(), NOT_ENOUGH_INFORMATION, message=message)
    verdict = await service.authorise_token(
        uid,
        _HINTS.get(kind, "other"),
        asked.location_id,
        asked.evse_uids,
        caller=caller_of(request),
        request_id=request_id_of(request.scope),
    )
    now = service.clock.now()
    if not verdict.known:
        return reply(request.scope, now, UNKNOWN_TOKEN, message="Unknown Token", status=404)
    token = {"uid": uid, "type": kind, **_party(request), "last_updated": format_instant(now)}
    return reply(request.scope, now, SUCCESS, data=_info(verdict, token, asked.location_id))


async def _references(request: Request) -> LocationReferences | None:
    """Return where the token is to be used, None where no body came. Raises ProblemError."""
    raw = await read_body(request, MOST_BYTES)
    if not raw:
        return None
    demand_json(request)
    return shaped(parse(raw), LocationReferences)


def _party(request: Request) -> dict[str, str]:
    """Return whose token it is."""
    party = service_of(request).ocpi_party
    return {"country_code": party.country_code, "party_id": party.party_id, "issuer": party.issuer}


def _info(verdict: TokenVerdict, token: dict[str, Any], location_id: str) -> dict[str, Any]:
    """Return `AuthorizationInfo`, section 12.3.1."""
    answered = verdict.answered
    allowed = status_ocpi(answered.decision, verdict.profile)
    token |= {
        "contract_id": answered.record_id or token["uid"],
        "valid": allowed not in _TOKEN_AT_FAULT,
        "whitelist": "NEVER",
    }
    if answered.fleet and len(answered.fleet) <= _LONGEST_GROUP and answered.fleet.isascii():
        token["group_id"] = answered.fleet
    info: dict[str, Any] = {"allowed": allowed, "token": token, "authorization_reference": answered.decision_id}
    if allowed == ALLOWED:
        evse_uids = [uid for uid in verdict.evse_uids if len(uid) <= _LONGEST_UID]
        info["location"] = {"location_id": location_id, "evse_uids": evse_uids}
    else:
        info["info"] = _display_text(answered)
    return info


def _display_text(answered: Answered) -> dict[str, str]:
    """Return what the driver may read; OCPI has room for languages of two letters."""
    language = language_of(answered.decision, answered.language).partition("-")[0].lower()
    text = message_of(answered.decision, answered.language)[:_LONGEST_TEXT]
    return {"language": language if len(language) == _LANGUAGE else DEFAULT_LANGUAGE, "text": text}
