"""What a request's head says, where a short way understands all of it: asked before the body is waited for."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from policy_service.entrypoints.http.body import is_json
from policy_service.entrypoints.http.edge import REQUEST_ID, new_request_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.application.callers import Callers
    from policy_service.domain.caller import Caller, Scope

Header = tuple[bytes, bytes]

_PLAIN = frozenset((b"host", b"user-agent", b"accept", b"accept-encoding", b"connection"))
"""What heads say that a decision has no use for."""
_JSON = b"application/json"
_MOST_KEY_BYTES = 512
_MOST_DIGITS = 9


class Head(NamedTuple):
    """What a head says that matters here; who asks may have every answer."""

    caller: Caller
    request_id: bytes
    message_id: bytes
    """OCPP's, as it came; empty where none did."""
    began: float


class Heads:
    """Reads heads."""

    def __init__(self, callers: Callers, scopes: frozenset[Scope]) -> None:
        """Take the heads of callers with one of the scopes."""
        self._callers = callers
        self._scopes = scopes

    def read(self, headers: Sequence[Header], most_bytes: int) -> Head | None:
        """Return what the head says; names in it are lower case.

        None where it says anything that is not understood here, announces a longer body, or comes from somebody who
        is not known yet or may not have every answer: whoever is to be refused is so before the body has come.
        """
        began = perf_counter()
        content_type = secret = request_id = message_id = None
        for name, value in headers:
            if name in _PLAIN:
                continue
            if name == b"content-type" and content_type is None:
                content_type = value
            elif name == b"content-length":
                if not value.isdigit() or len(value) > _MOST_DIGITS or int(value) > most_bytes:
                    return None
            elif name == b"authorization" and secret is None:
                secret = value
            elif name == b"x-request-id" and request_id is None and REQUEST_ID.fullmatch(value):
                request_id = value
            elif name == b"ocpp-message-id" and message_id is None:
                message_id = value
            else:
                return None
        if content_type != _JSON and not (content_type is not None and is_json(content_type.decode("latin-1"))):
            return None
        caller = self._caller(secret)
        return (
            None if caller is None else Head(caller, request_id or new_request_id().encode(), message_id or b"", began)
        )

    def _caller(self, secret: bytes | None) -> Caller | None:
        bearer = None if secret is None else _bearer(secret)
        if bearer is None and secret is not None:
            return None
        caller = self._callers.known(bearer)
        return caller if caller is not None and self._admits(caller) else None

    def _admits(self, caller: Caller) -> bool:
        bound = caller.chargers is not None or caller.fleet is not None or caller.source is not None
        return caller.may(self._scopes) and not bound


def _bearer(value: bytes) -> str | None:
    plain = value.startswith(b"Bearer ") and value.isascii() and len(value) < _MOST_KEY_BYTES
    return (value[7:].decode().strip() or None) if plain else None
