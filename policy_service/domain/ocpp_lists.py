"""How a local list reads in OCPP: `SendLocalList`, in messages that its charger can take in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from policy_service.domain.charger import OCPP_1_6, OCPP_2_0_1, OCPP_2_1
from policy_service.domain.ocpp_answers import (
    LENGTHS_2_0_1,
    LENGTHS_2_1,
    LONGEST_TAG_1_6,
    listed_tag_info,
    listed_token_info,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from policy_service.domain.charger_profile import LocalListTraits
    from policy_service.domain.local_list import Entry

LONGEST_TOKEN = {OCPP_1_6: LONGEST_TAG_1_6, OCPP_2_0_1: LENGTHS_2_0_1.token, OCPP_2_1: LENGTHS_2_1.token}
"""Characters of an identifier."""

ASSUMED_CHUNK = 20
"""Entries in one message to a charger whose limit is not known."""

_LENGTHS = {OCPP_2_0_1: LENGTHS_2_0_1, OCPP_2_1: LENGTHS_2_1}
_ENVELOPE_BYTES = 256
"""Room for what stands around the entries: the frame of the call, version and type of the update."""


def listed(protocol: str, entry: Entry, until: int) -> dict[str, Any]:
    """Return an entry that is accepted until then (epoch seconds): `AuthorizationData` of the protocol."""
    if protocol == OCPP_1_6:
        return {"idTag": entry.token, "idTagInfo": listed_tag_info(entry.fleet, until)}
    info = listed_token_info(entry.fleet, until, _LENGTHS[protocol])
    return {"idToken": {"idToken": entry.token, "type": entry.type}, "idTokenInfo": info}


def removed(protocol: str, entry: Entry) -> dict[str, Any]:
    """Return what takes an entry off a list: it without any info (1.6 section 5.15, 2.0.1 D01.FR.17)."""
    if protocol == OCPP_1_6:
        return {"idTag": entry.token}
    return {"idToken": {"idToken": entry.token, "type": entry.type}}


def send_local_list(
    protocol: str, version: int, entries: Iterable[dict[str, Any]], limits: LocalListTraits, *, full: bool
) -> list[dict[str, Any]]:
    """Return the payloads that bring a charger to a version, to be sent in this order, each after the one before.

    The first is Full, or Differential as the others always are; a Differential must have a greater version than the
    charger's (2.0.1 D01.FR.19), so that versions rise by one up to the list's own. A Full of nothing empties the list.
    """
    chunks = list(_chunks(entries, limits)) or ([[]] if full else [])
    number = "listVersion" if protocol == OCPP_1_6 else "versionNumber"
    return [
        {
            number: version - len(chunks) + 1 + at,
            "updateType": "Full" if full and at == 0 else "Differential",
            **({"localAuthorizationList": chunk} if chunk else {}),
        }
        for at, chunk in enumerate(chunks)
    ]


def _chunks(entries: Iterable[dict[str, Any]], limits: LocalListTraits) -> Iterator[Sequence[dict[str, Any]]]:
    most, room = limits.max_chunk or ASSUMED_CHUNK, limits.max_bytes
    chunk: list[dict[str, Any]] = []
    size = _ENVELOPE_BYTES
    for entry in entries:
        needs = 0 if room is None else len(json.dumps(entry, ensure_ascii=False).encode()) + 2
        if chunk and (len(chunk) == most or (room is not None and size + needs > room)):
            yield chunk
            chunk, size = [], _ENVELOPE_BYTES
        chunk.append(entry)
        size += needs
    if chunk:
        yield chunk
