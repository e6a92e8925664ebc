"""Reads the service's answers. Only what a charger can act upon is one: what anything in between answers is none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from policy_service.client.answers import Decided, OcppAnswer, Source
from policy_service.client.calls import UnreachableError
from policy_service.client.messages import V16, may_be_undecided
from policy_service.client.reading import read
from policy_service.client.told import VALID_UNTIL, members_of, told_by
from policy_service.domain.instant import InstantError, parse_instant
from policy_service.domain.ocpp_statuses import STATUSES_1_6, STATUSES_2

if TYPE_CHECKING:
    from policy_service.client.calls import Reply

_PAYLOAD = msgspec.json.Decoder(dict[str, dict[str, Any]])
_DECIDED = msgspec.json.Decoder(Decided)
_SECONDS = re.compile(r"[0-9]{1,12}")
_INFOS = ("idTagInfo", "expiryDate", STATUSES_1_6), ("idTokenInfo", "cacheExpiryDateTime", STATUSES_2)


def ocpp_answer(version: str, action: str, reply: Reply) -> tuple[OcppAnswer, dict[str, str]]:
    """Return the payload to pass on, and what the header beside it says. Raises UnreachableError for what is none."""
    members = members_of(reply.headers.get("Policy-Decision", ""))
    payload = read(_PAYLOAD, reply.body)
    if payload is None or not _fits(version, action, payload) or not _is_instant(members.get(VALID_UNTIL, "0")):
        message = "the answer is no payload of OCPP"
        raise UnreachableError(message)
    return OcppAnswer(payload, told_by(members), Source.SERVICE), members


def decided(reply: Reply) -> Decided:
    """Return the service's decision. Raises UnreachableError for a body that is none."""
    found = read(_DECIDED, reply.body)
    if found is None or not _is_text_of_instant(found.valid_until):
        message = "the answer is no decision"
        raise UnreachableError(message)
    return found


def _fits(version: str, action: str, payload: dict[str, dict[str, Any]]) -> bool:
    """Tell whether it answers the message: with a status of the version, and where nobody asks, with nothing."""
    name, expiry, statuses = _INFOS[version != V16]
    if not payload:
        return may_be_undecided(action)
    if set(payload) != {name}:
        return False
    info = payload[name]
    status = info.get("status")
    return isinstance(status, str) and status in statuses and _is_text_of_instant(info.get(expiry))


def _is_instant(seconds: str) -> bool:
    return _SECONDS.fullmatch(seconds) is not None


def _is_text_of_instant(text: object) -> bool:
    """Tell whether a member can be read that may be left out."""
    try:
        return text is None or (isinstance(text, str) and parse_instant(text) >= 0)
    except InstantError:
        return False
