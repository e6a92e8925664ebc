"""The OCPP messages that are decided on: where the service takes them, and what they ask, as the service reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, TypeAlias
from urllib.parse import quote

import msgspec

from policy_service.client.answers import InvalidPayload
from policy_service.client.asked import Asked
from policy_service.domain.instant import InstantError, parse_instant
from policy_service.domain.ocpp_answers import (
    LENGTHS_2_0_1,
    LENGTHS_2_1,
    LONGEST_TAG_1_6,
    accepted,
    id_tag_info,
    id_token_info,
)
from policy_service.domain.ocpp_statuses import NO_AUTHORIZATION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.domain.ocpp_answers import Shown

V16, V201, V21 = "1.6", "2.0.1", "2.1"
_AUTHORIZE, _START, _EVENT = "Authorize", "StartTransaction", "TransactionEvent"
_PATHS = {
    (V16, _AUTHORIZE): "authorize",
    (V16, _START): "start-transaction",
    **{(version, _AUTHORIZE): "authorize" for version in (V201, V21)},
    **{(version, _EVENT): "transaction-event" for version in (V201, V21)},
}
_LENGTHS = {V201: LENGTHS_2_0_1, V21: LENGTHS_2_1}
_LONGEST_TRACE = 64

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
TokenType: TypeAlias = Annotated[str, msgspec.Meta(max_length=20, pattern=r"^[A-Za-z0-9_-]*\Z")]
Text36: TypeAlias = Annotated[str, msgspec.Meta(max_length=36)]
Text40: TypeAlias = Annotated[str, msgspec.Meta(max_length=40)]


class _Struct(msgspec.Struct, rename="camel"):
    """A payload: what is not read is not judged either."""


class _Tag(_Struct):
    id_tag: str
    connector_id: Count | None = None


class _Start(_Struct):
    connector_id: Count
    id_tag: str
    timestamp: str


class _Token(_Struct):
    id_token: str
    type: TokenType


class _Authorize(_Struct):
    id_token: _Token


class _Evse(_Struct):
    id: Count
    connector_id: Count | None = None


class _Transaction(_Struct):
    transaction_id: Text36


class _Event(_Struct):
    event_type: Literal["Started", "Updated", "Ended"]
    timestamp: str
    trigger_reason: Text40
    transaction_info: _Transaction
    offline: bool = False
    evse: _Evse | None = None
    id_token: _Token | None = None


class Settled(NamedTuple):
    """A message that nobody decides on, and the payload that it is always answered with."""

    payload: dict[str, Any]


def path_of(version: str, charger: str, action: str) -> str:
    """Return where the service takes the message. Raises ValueError for one that it does not decide on."""
    try:
        action_path = _PATHS[version, action]
    except KeyError:
        known = ", ".join(f"{version} {action}" for version, action in _PATHS)
        message = f"OCPP {version} {action} is not decided on; decided on are {known}"
        raise ValueError(message) from None
    return f"/v1/ocpp/{version}/{quote(charger, safe='')}/{action_path}"


def may_be_undecided(action: str) -> bool:
    """Tell whether there are messages of the kind that nobody decides on, answered with an empty payload."""
    return action == _EVENT


def asked_by(
    version: str, charger: str, action: str, payload: Mapping[str, Any], message_id: str | None
) -> Asked | Settled:
    """Return what a message asks, as the service reads it (ADR 24). Raises InvalidPayload."""
    told: dict[str, Any] = {"charger": charger, "ocpp_action": action, "message_id": _trace(message_id)}
    try:
        if action == _AUTHORIZE:
            return _authorize(version, payload, told)
        if action == _START:
            return _start(msgspec.convert(payload, _Start), told)
        return _event(version, msgspec.convert(payload, _Event), told)
    except (msgspec.ValidationError, InstantError):
        message = "the payload has the wrong shape"
        raise InvalidPayload(message) from None


def payload_of(version: str, shown: Shown, token_type: str | None) -> dict[str, Any]:
    """Return a decision as the version writes it."""
    if version == V16:
        return {"idTagInfo": id_tag_info(shown)}
    return {"idTokenInfo": id_token_info(shown, token_type or "", _LENGTHS[version])}


def _authorize(version: str, payload: Mapping[str, Any], told: dict[str, Any]) -> Asked:
    if version == V16:
        tag = msgspec.convert(payload, _Tag)
        return Asked.of(identifier=_tag(tag.id_tag), type_=None, time=None, connector=tag.connector_id, **told)
    token = msgspec.convert(payload, _Authorize).id_token
    return Asked.of(identifier=_token(version, token), type_=token.type, time=None, **told)


def _start(start: _Start, told: dict[str, Any]) -> Asked:
    return Asked.of(
        identifier=_tag(start.id_tag),
        type_=None,
        time=parse_instant(start.timestamp),
        connector=start.connector_id,
        starts=True,
        replayed=True,
        **told,
    )


def _event(version: str, event: _Event, told: dict[str, Any]) -> Asked | Settled:
    token, at = event.id_token, parse_instant(event.timestamp)
    if token is None:
        return Settled({})
    text = _token(version, token)
    begins = event.event_type == "Started" or (event.event_type == "Updated" and event.trigger_reason == "Authorized")
    if not begins or token.type.lower() == NO_AUTHORIZATION:
        return Settled({"idTokenInfo": accepted()})
    evse = event.evse
    return Asked.of(
        identifier=text,
        type_=token.type,
        time=at,
        starts=True,
        replayed=event.offline,
        transaction_id=_trace(event.transaction_info.transaction_id),
        evse=None if evse is None else evse.id,
        connector=None if evse is None else evse.connector_id,
        **told,
    )


def _tag(text: str) -> str:
    if len(text) > LONGEST_TAG_1_6:
        message = f"an idTag has at most {LONGEST_TAG_1_6} characters"
        raise InvalidPayload(message)
    return text


def _token(version: str, token: _Token) -> str:
    if len(token.id_token) > _LENGTHS[version].token:
        message = f"an idToken of OCPP {version} has at most {_LENGTHS[version].token} characters"
        raise InvalidPayload(message)
    return token.id_token


def _trace(name: str | None) -> str | None:
    """Return a name of the CSMS's or the charger's, where events have room for it: printable ASCII without blanks."""
    fits = name is not None and 0 < len(name) <= _LONGEST_TRACE and all("!" <= each <= "~" for each in name)
    return name if fits else None
