"""What the head of a request says that a decision has a use for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from policy_service.domain.api_key import digest_of
from policy_service.entrypoints.http.body import is_json
from policy_service.entrypoints.http.request_ids import REQUEST_ID

if TYPE_CHECKING:
    from collections.abc import Sequence

Header = tuple[bytes, bytes]

_PLAIN = frozenset((b"host", b"user-agent", b"accept", b"accept-encoding", b"connection"))
"""What heads say that a decision has no use for."""
_JSON = b"application/json"
_MOST_KEY_BYTES = 512
_MOST_DIGITS = 9


class Head(msgspec.Struct, frozen=True):
    """Who asks, under which id, and how much."""

    key_digest: str | None
    request_id: bytes | None
    message_id: bytes
    """OCPP's, as it came; empty where none did."""
    length: int
    """Bytes of the body, as announced; 0 where nothing is."""


def head_of(headers: Sequence[Header]) -> Head | None:
    """Return what the headers say, whose names are lower case; None where one says anything not understood here."""
    content_type = secret = request_id = message_id = None
    length = 0
    for name, value in headers:
        if name in _PLAIN:
            continue
        if name == b"content-type" and content_type is None:
            content_type = value
        elif name == b"authorization" and secret is None:
            secret = value
        elif name == b"x-request-id" and request_id is None and REQUEST_ID.fullmatch(value):
            request_id = value
        elif name == b"content-length" and value.isdigit() and len(value) <= _MOST_DIGITS:
            length = int(value)
        elif name == b"ocpp-message-id" and message_id is None:
            message_id = value
        else:
            return None
    if content_type != _JSON and not (content_type is not None and is_json(content_type.decode("latin-1"))):
        return None
    bearer = None if secret is None else _bearer(secret)
    if bearer is None and secret is not None:
        return None
    return Head(None if bearer is None else digest_of(bearer), request_id, message_id or b"", length)


def _bearer(value: bytes) -> str | None:
    plain = value.startswith(b"Bearer ") and value.isascii() and len(value) < _MOST_KEY_BYTES
    return (value[7:].decode().strip() or None) if plain else None
