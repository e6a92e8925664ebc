"""From the body of a decide, or of many, to what it asks, where it is beyond doubt; doubts are for the long way."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import astuple

from policy_service.application.question import Question
from policy_service.domain.instant import InstantError, parse_instant

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_BYTES = 4096
"""Longer than any question that has no blanks to spare."""
MOST_BYTES_OF_MANY = 256 * 1024

Trace = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"\A[!-~]+\Z")]
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
_REMEMBERED = 4096


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """The fields of :class:`~policy_service.entrypoints.http.wire.DecideRequest`; what is not set came not."""

    charger: Annotated[str, Meta(min_length=1, max_length=255)]
    identifier: Annotated[str, Meta(max_length=255)]
    time: str | UnsetType = UNSET
    identifier_type: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{1,40}\Z")] | UnsetType = UNSET
    evse: Count | UnsetType = UNSET
    connector: Count | UnsetType = UNSET
    ocpp_action: Trace | UnsetType = UNSET
    message_id: Trace | UnsetType = UNSET
    transaction_id: Trace | UnsetType = UNSET
    language: Annotated[str, Meta(pattern=r"\A[A-Za-z]{2,8}([_-][A-Za-z0-9]{1,8}){0,4}\Z")] | UnsetType = UNSET
    record: bool | UnsetType = UNSET


class AskedAtOnce(msgspec.Struct, forbid_unknown_fields=True):
    """The fields of :class:`~policy_service.entrypoints.http.wire.BatchRequest`."""

    requests: Annotated[list[Asked], Meta(min_length=1, max_length=1000)]
    record: bool | UnsetType = UNSET


_FIELDS = len(Asked.__struct_fields__)
_decode = msgspec.json.Decoder(Asked).decode
_decode_many = msgspec.json.Decoder(AskedAtOnce).decode


def question_of(body: bytes, caller: str | None, request_id: str) -> Question | None:
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
    if body.count(b'"') != _quotes(found) or not _plain(found):
        return None
    time = None if found.time is UNSET else instant(found.time)
    if time is None and found.time is not UNSET:
        return None
    return _question(found, time, caller, request_id)


def questions_of(body: bytes, caller: str | None, request_id: str) -> Sequence[Question] | None:
    """Return what the body of a batch asks; None as above, and where one of its questions takes a closer look."""
    if len(body) > MOST_BYTES_OF_MANY or b"\\" in body:
        return None
    try:
        found = _decode_many(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    quotes = 2 + 2 * (found.record is not UNSET) + sum(map(_quotes, found.requests))
    if body.count(b'"') != quotes or not all(map(_plain, found.requests)):
        return None
    questions: list[Question] = []
    for each in found.requests:
        time = None if each.time is UNSET else instant(each.time)
        if time is None and each.time is not UNSET:
            return None
        questions.append(_question(each, time, caller, request_id, record=found.record is not False))
    return questions


def _plain(found: Asked) -> bool:
    return found.identifier.isascii() and found.identifier.isprintable() and found.charger.isprintable()


def _quotes(found: Asked) -> int:
    """Return how many quotation marks stand around the keys and the texts of what was told."""
    told = _FIELDS - astuple(found).count(UNSET)
    bare = (found.evse is not UNSET) + (found.connector is not UNSET) + (found.record is not UNSET)
    return 2 * (2 * told - bare)


def _question(found: Asked, time: int | None, caller: str | None, request_id: str, *, record: bool = True) -> Question:
    return Question(
        found.charger,
        found.identifier,
        found.identifier_type or None,
        time,
        None if found.evse is UNSET else found.evse,
        None if found.connector is UNSET else found.connector,
        found.ocpp_action or None,
        message_id=found.message_id or None,
        transaction_id=found.transaction_id or None,
        language=found.language or None,
        record=record and found.record is not False,
        caller=caller,
        request_id=request_id,
    )


@lru_cache(maxsize=_REMEMBERED)
def instant(text: str) -> int | None:
    """Return an instant in UTC as epoch seconds; None for any other text. Many questions are of one second."""
    if not text.endswith("Z"):
        return None
    try:
        return parse_instant(text)
    except InstantError:
        return None
