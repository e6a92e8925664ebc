"""From the body of ``POST /v1/decide`` to what it asks, where it is beyond doubt; doubts are for the long way."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import astuple

from policy_service.domain.instant import InstantError, parse_instant

MOST_BYTES = 4096
"""Longer than any question that has no blanks to spare."""

_Trace = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"\A[!-~]+\Z")]
_Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
_REMEMBERED = 4096


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """The fields of :class:`~policy_service.entrypoints.http.wire.DecideRequest`; what is not set came not."""

    charger: Annotated[str, Meta(min_length=1, max_length=255)]
    identifier: Annotated[str, Meta(max_length=255)]
    time: str | UnsetType = UNSET
    identifier_type: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{1,40}\Z")] | UnsetType = UNSET
    evse: _Count | UnsetType = UNSET
    connector: _Count | UnsetType = UNSET
    ocpp_action: _Trace | UnsetType = UNSET
    message_id: _Trace | UnsetType = UNSET
    transaction_id: _Trace | UnsetType = UNSET
    language: Annotated[str, Meta(pattern=r"\A[A-Za-z]{2,8}([_-][A-Za-z0-9]{1,8}){0,4}\Z")] | UnsetType = UNSET
    record: bool | UnsetType = UNSET


_FIELDS = len(Asked.__struct_fields__)
_decode = msgspec.json.Decoder(Asked).decode


def asked(body: bytes) -> Asked | None:
    """Return what a body asks; None where that, or whether it may be asked so, takes a closer look.

    msgspec keeps the last of two equal keys. Without escapes every quotation mark begins or ends a key or a text, so
    that their number tells whether something stands there twice.
    """
    if len(body) > MOST_BYTES or b"\\" in body:
        return None
    try:
        found = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    values = astuple(found)
    texts = sum([type(value) is str for value in values])
    if body.count(b'"') != 2 * (_FIELDS - values.count(UNSET) + texts):
        return None
    plain = found.identifier.isascii() and found.identifier.isprintable() and found.charger.isprintable()
    return found if plain else None


@lru_cache(maxsize=_REMEMBERED)
def instant(text: str) -> int | None:
    """Return an instant in UTC as epoch seconds; None for any other text. Many questions are of one second."""
    if not text.endswith("Z"):
        return None
    try:
        return parse_instant(text)
    except InstantError:
        return None
