"""From OCPP's payloads to what they ask, where it is beyond doubt; doubts are for the long way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import astuple

from policy_service.domain.ocpp_answers import LENGTHS_2_0_1, LENGTHS_2_1, LONGEST_TAG_1_6
from policy_service.entrypoints.http.hot.question import BACKSLASH, Count, instant
from policy_service.entrypoints.http.ocpp_names import printable

if TYPE_CHECKING:
    from collections.abc import Callable

_Tag = Annotated[str, Meta(max_length=LONGEST_TAG_1_6)]
_Text36 = Annotated[str, Meta(max_length=36)]
_Token201Text = Annotated[str, Meta(max_length=LENGTHS_2_0_1.token)]
_Token21Text = Annotated[str, Meta(max_length=LENGTHS_2_1.token)]
_TokenType = Annotated[str, Meta(max_length=20, pattern=r"\A[A-Za-z0-9_-]*\Z")]
_Number = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]


class _Payload(Struct, forbid_unknown_fields=True, rename="camel"):
    """A payload, or a part of one, as :mod:`~policy_service.entrypoints.http.wire_ocpp` reads it.

    Fields that no decision needs are declared for what they are, so that a payload with them is understood; one with
    others, such as meter values, takes the long way.
    """


class _Authorize16(_Payload):
    id_tag: _Tag
    connector_id: Count | UnsetType = UNSET


class _Start16(_Payload):
    connector_id: Count
    id_tag: _Tag
    timestamp: str
    meter_start: _Number | UnsetType = UNSET
    reservation_id: _Number | UnsetType = UNSET


class _Token201(_Payload):
    id_token: _Token201Text
    type: _TokenType


class _Token21(_Payload):
    id_token: _Token21Text
    type: _TokenType


class _Authorize201(_Payload):
    id_token: _Token201


class _Authorize21(_Payload):
    id_token: _Token21


class _Evse(_Payload):
    id: Count
    connector_id: Count | UnsetType = UNSET


class _Transaction(_Payload):
    transaction_id: _Text36
    charging_state: str | UnsetType = UNSET
    remote_start_id: _Number | UnsetType = UNSET


class _Event(_Payload):
    event_type: Literal["Started", "Updated", "Ended"]
    timestamp: str
    trigger_reason: Annotated[str, Meta(max_length=40)]
    transaction_info: _Transaction
    seq_no: _Number | UnsetType = UNSET
    offline: bool | UnsetType = UNSET
    evse: _Evse | UnsetType = UNSET
    reservation_id: _Number | UnsetType = UNSET


class _Event201(_Event):
    id_token: _Token201 | UnsetType = UNSET


class _Event21(_Event):
    id_token: _Token21 | UnsetType = UNSET


_Shape = TypeVar("_Shape", bound=_Payload)


class Told(NamedTuple):
    """What a message tells of a vehicle that wants to charge."""

    identifier: str
    token_type: str | None = None
    """Of OCPP 2; earlier versions have none."""
    connector: int | None = None
    evse: int | None = None
    time: int | None = None
    transaction_id: str | None = None
    starts: bool = False
    replayed: bool = False


def authorize_1_6(body: bytes) -> Told | None:
    """Read `Authorize.req` of OCPP 1.6."""
    found = _of_authorize_1_6(body)
    return None if found is None else Told(found.id_tag, connector=_set(found.connector_id))


def start_1_6(body: bytes) -> Told | None:
    """Read `StartTransaction.req` of OCPP 1.6, which may have been kept while the charger was offline."""
    found = _of_start_1_6(body)
    time = None if found is None else instant(found.timestamp)
    if found is None or time is None:
        return None
    return Told(found.id_tag, connector=found.connector_id, time=time, starts=True, replayed=True)


def authorize_2_0_1(body: bytes) -> Told | None:
    """Read `AuthorizeRequest` of OCPP 2.0.1."""
    return _presented(_of_authorize_2_0_1(body))


def authorize_2_1(body: bytes) -> Told | None:
    """Read `AuthorizeRequest` of OCPP 2.1."""
    return _presented(_of_authorize_2_1(body))


def event_2_0_1(body: bytes) -> Told | None:
    """Read `TransactionEventRequest` of OCPP 2.0.1, where a token is presented in it."""
    return _begun(_of_event_2_0_1(body))


def event_2_1(body: bytes) -> Told | None:
    """Read `TransactionEventRequest` of OCPP 2.1, where a token is presented in it."""
    return _begun(_of_event_2_1(body))


def _presented(found: _Authorize201 | _Authorize21 | None) -> Told | None:
    return None if found is None else Told(found.id_token.id_token, found.id_token.type)


def _begun(found: _Event201 | _Event21 | None) -> Told | None:
    """Return what an event tells that a session begins with; all others are accepted, which the long way does."""
    if found is None or isinstance(found.id_token, UnsetType) or found.event_type != "Started":
        return None
    time = instant(found.timestamp)
    if time is None:
        return None
    evse = None if isinstance(found.evse, UnsetType) else found.evse
    return Told(
        found.id_token.id_token,
        found.id_token.type,
        connector=None if evse is None else _set(evse.connector_id),
        evse=None if evse is None else evse.id,
        time=time,
        transaction_id=printable(found.transaction_info.transaction_id),
        starts=True,
        replayed=found.offline is True,
    )


def _reader(shape: type[_Shape]) -> Callable[[bytes], _Shape | None]:
    """Return what reads payloads of a shape; a key that stands twice is found as in the body of a decide."""
    decode = msgspec.json.Decoder(shape).decode

    def read(body: bytes) -> _Shape | None:
        if BACKSLASH in body:
            return None
        try:
            found = decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        return found if body.count(b'"') == _marks(found) else None

    return read


def _marks(found: Struct) -> int:
    """Return how many quotation marks the payload stands between."""
    marks = 0
    for value in astuple(found):
        if type(value) is str:
            marks += 4
        elif isinstance(value, Struct):
            marks += 2 + _marks(value)
        elif value is not UNSET:
            marks += 2
    return marks


def _set(value: int | UnsetType) -> int | None:
    return value if type(value) is int else None


_of_authorize_1_6 = _reader(_Authorize16)
_of_start_1_6 = _reader(_Start16)
_of_authorize_2_0_1 = _reader(_Authorize201)
_of_authorize_2_1 = _reader(_Authorize21)
_of_event_2_0_1 = _reader(_Event201)
_of_event_2_1 = _reader(_Event21)
