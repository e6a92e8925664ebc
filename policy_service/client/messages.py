"""The OCPP messages that are decided on: where the service takes them, and who presents what in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import quote

from policy_service.client.answers import InvalidPayload

if TYPE_CHECKING:
    from collections.abc import Mapping

V16, V201, V21 = "1.6", "2.0.1", "2.1"
_PATHS = {
    (V16, "Authorize"): "authorize",
    (V16, "StartTransaction"): "start-transaction",
    **{(version, "Authorize"): "authorize" for version in (V201, V21)},
    **{(version, "TransactionEvent"): "transaction-event" for version in (V201, V21)},
}


class Token(NamedTuple):
    """An identifier as a message presents it. Not to be shown."""

    identifier: str
    type: str | None
    """OCPP 2's idToken type; None in 1.6."""


def path_of(version: str, charger: str, action: str) -> str:
    """Return where the service takes the message. Raises ValueError for one that it does not decide on."""
    try:
        action_path = _PATHS[version, action]
    except KeyError:
        message = f"OCPP {version} {action} is not decided on; {known_messages()} are"
        raise ValueError(message) from None
    return f"/v1/ocpp/{version}/{quote(charger, safe='')}/{action_path}"


def known_messages() -> str:
    """Return the messages that are decided on, as a text."""
    return ", ".join(f"{version} {action}" for version, action in _PATHS)


def token_of(version: str, payload: Mapping[str, Any]) -> Token | None:
    """Return what the message presents; None for an event without a token. Raises InvalidPayload."""
    if version == V16:
        return Token(_text(payload, "idTag"), None)
    token = payload.get("idToken")
    if token is None and "eventType" in payload:
        return None
    if not isinstance(token, dict):
        message = "`idToken` is missing, or no object"
        raise InvalidPayload(message)
    parts = cast("dict[str, Any]", token)
    return Token(_text(parts, "idToken"), _text(parts, "type") or None)


def _text(payload: Mapping[str, Any], name: str) -> str:
    found = payload.get(name)
    if not isinstance(found, str):
        message = f"`{name}` is missing, or no text"
        raise InvalidPayload(message)
    return found
