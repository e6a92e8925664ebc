"""From the body of a decide, or of many, to what it asks, where it is beyond doubt; doubts are for the long way."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from policy_service.application.question import Question
from policy_service.domain.identifier import MAX_IDENTIFIER
from policy_service.domain.instant import InstantError, parse_instant
from policy_service.domain.names import MAX_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_BYTES = 4096
"""Longer than any question that has no blanks to spare."""
MOST_BYTES_OF_MANY = 256 * 1024

BACKSLASH = 0x5C
_HINT = re.compile(r"[A-Za-z0-9_-]{1,40}")
Trace = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"\A[!-~]+\Z")]
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
_REMEMBERED = 4096


class Asked(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The fields of :class:`~policy_service.entrypoints.http.wire.DecideRequest`.

    What comes as a null counts as not told: its key has quotation marks that nobody expects then, see below.
    """

    charger: Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
    identifier: Annotated[str, Meta(max_length=MAX_IDENTIFIER)]
    time: str | None = None
    identifier_type: str | None = None
    """Of a few kinds: whether it may be one is remembered, where a pattern is tried each time."""
    evse: Count | None = None
    connector: Count | None = None
    ocpp_action: Trace | None = None
    message_id: Trace | None = None
    transaction_id: Trace | None = None
    language: Annotated[str, Meta(pattern=r"\A[A-Za-z]{2,8}([_-][A-Za-z0-9]{1,8}){0,4}\Z")] | None = None
    record: bool | None = None


class AskedAtOnce(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The fields of :class:`~policy_service.entrypoints.http.wire.BatchRequest`."""

    requests: Annotated[list[Asked], Meta(min_length=1, max_length=1000)]
    record: bool | None = None


_decode = msgspec.json.Decoder(Asked).decode
_decode_many = msgspec.json.Decoder(AskedAtOnce).decode


def question_of(body: bytes, caller: str | None, request_id: str) -> Question | None:
    """Return what a body asks; None where that, or whether it may be asked so, takes a closer look.

    msgspec keeps the last of two equal keys. Without escapes every quotation mark begins or ends a key or a text, so
    that their number tells whether something stands there twice.
    """
    if len(body) > MOST_BYTES or BACKSLASH in body:
        return None
    try:
        found = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if body.count(b'"') != _quotes(found) or not _plain(found):
        return None
    time = None if found.time is None else instant(found.time)
    if time is None and found.time is not None:
        return None
    return _question(found, time, caller, request_id)


def questions_of(body: bytes, caller: str | None, request_id: str) -> Sequence[Question] | None:
    """Return what the body of a batch asks; None as above, and where one of its questions takes a closer look."""
    if len(body) > MOST_BYTES_OF_MANY or BACKSLASH in body:
        return None
    try:
        found = _decode_many(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    quotes = 2 + 2 * (found.record is not None) + sum(map(_quotes, found.requests))
    if body.count(b'"') != quotes or not all(map(_plain, found.requests)):
        return None
    questions: list[Question] = []
    for each in found.requests:
        time = None if each.time is None else instant(each.time)
        if time is None and each.time is not None:
            return None
        questions.append(_question(each, time, caller, request_id, record=found.record is not False))
    return questions


def _plain(found: Asked) -> bool:
    hint = found.identifier_type
    told = found.identifier.isascii() and found.identifier.isprintable() and found.charger.isprintable()
    return told and (hint is None or _is_hint(hint))


@lru_cache(maxsize=64)
def _is_hint(text: str) -> bool:
    return _HINT.fullmatch(text) is not None


def _quotes(found: Asked) -> int:
    """Return how many quotation marks stand around the keys and the texts of what was told."""
    texts = (
        (found.time is not None)
        + (found.identifier_type is not None)
        + (found.ocpp_action is not None)
        + (found.message_id is not None)
        + (found.transaction_id is not None)
        + (found.language is not None)
    )
    bare = (found.evse is not None) + (found.connector is not None) + (found.record is not None)
    return 8 + 4 * texts + 2 * bare


def _question(found: Asked, time: int | None, caller: str | None, request_id: str, *, record: bool = True) -> Question:
    return Question(
        found.charger,
        found.identifier,
        found.identifier_type,
        time,
        found.evse,
        found.connector,
        found.ocpp_action,
        found.message_id,
        found.transaction_id,
        language=found.language,
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
