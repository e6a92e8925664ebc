"""The client: asks the service, and answers by itself where the service cannot be reached."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

import msgspec

from policy_service.client.answers import Decided, InvalidPayload, OcppAnswer, Source, Told
from policy_service.client.calls import Calls, UnreachableError
from policy_service.client.messages import V16, path_of, token_of
from policy_service.client.problems import said_by
from policy_service.client.told import members_of, told_by
from policy_service.domain.instant import format_instant

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from policy_service.client.calls import Reply

_LOG = logging.getLogger(__name__)
_OK = 200
_AT_FAULT = (400, 422)
_PAYLOAD = msgspec.json.Decoder(dict[str, Any])
_DECIDED = msgspec.json.Decoder(Decided)
_LONGEST_ID = 64


class PolicyClient:
    """Asks one policy-service for a CSMS. One is enough for all chargers; it is to be used within one event loop."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        *,
        key: str | None = None,
        deadline_s: float = 2.0,
        bundle_label: str | list[str] | None = None,
        state_dir: str | Path | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Ask at ``http://…``, ``https://…`` or ``unix:///run/policy.sock``, with an API key where one is needed.

        ``deadline_s`` bounds each call, its retry included, in seconds. ``bundle_label``, such as ``depot:north``,
        names the chargers to have a bundle of; ``state_dir`` is where it and unsent answers outlive a restart.
        """
        self._calls = Calls(url, key=key, deadline_s=deadline_s, tls=tls)
        self._bundle_label = bundle_label
        self._state_dir = state_dir

    async def __aenter__(self) -> Self:
        """Make ready; nothing is asked yet."""
        await self._calls.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self._calls.close()

    async def ocpp(
        self, version: str, charger: str, action: str, payload: Mapping[str, Any], *, message_id: str | None = None
    ) -> OcppAnswer:
        """Return the payload to answer a charger's message with: Authorize, StartTransaction or TransactionEvent.

        Raises InvalidPayload for a payload that cannot be read, ValueError for a message that is not decided on, and
        nothing because of the network or of what the service answers otherwise.
        """
        path = path_of(version, charger, action)
        try:
            reply = await self._ask(path, payload, message_id)
            return _ocpp_answer(reply)
        except UnreachableError as error:
            _LOG.warning("policy-service gave no answer: %s", error)
            return self._degraded_payload(version, payload)

    async def decide(
        self, *, charger: str, identifier: str, identifier_type: str | None = None, time: str | None = None
    ) -> Decided:
        """Return a decision, for now or for an RFC 3339 instant.

        Raises InvalidPayload for a question that cannot be read, and nothing because of the network.
        """
        question = {"charger": charger, "identifier": identifier, "identifier_type": identifier_type, "time": time}
        told = {name: value for name, value in question.items() if value is not None}
        try:
            reply = await self._ask("/v1/decide", told, None)
            return _decided(reply)
        except UnreachableError as error:
            _LOG.warning("policy-service gave no answer: %s", error)
            return _unreachable(charger)

    async def _ask(self, path: str, body: Mapping[str, Any], message_id: str | None) -> Reply:
        """Ask. Raises UnreachableError for everything that is no answer, and InvalidPayload."""
        try:
            encoded = msgspec.json.encode(body)
        except (TypeError, ValueError, msgspec.MsgspecError, RecursionError):
            message = "the payload is no JSON"
            raise InvalidPayload(message) from None
        reply = await self._calls.call("POST", path, encoded, _request_id(message_id))
        if reply.status in _AT_FAULT:
            raise InvalidPayload(said_by(reply.body))
        if reply.status != _OK:
            message = f"status {reply.status}: {said_by(reply.body)}"
            raise UnreachableError(message)
        return reply

    def _degraded_payload(self, version: str, payload: Mapping[str, Any]) -> OcppAnswer:
        token = token_of(version, payload)
        if token is None:
            return OcppAnswer({}, None, Source.ON_UNREACHABLE)
        told = Told(str(uuid4()), "access_denied", "lookup_failed", "status_only")
        name = "idTagInfo" if version == V16 else "idTokenInfo"
        return OcppAnswer({name: {"status": "Invalid"}}, told, Source.ON_UNREACHABLE)


def _ocpp_answer(reply: Reply) -> OcppAnswer:
    """Return the service's answer. Raises UnreachableError for a body that is none."""
    header = reply.headers.get("Policy-Decision")
    try:
        payload = _PAYLOAD.decode(reply.body)
    except msgspec.MsgspecError:
        message = "the answer is no payload"
        raise UnreachableError(message) from None
    return OcppAnswer(payload, None if header is None else told_by(members_of(header)), Source.SERVICE)


def _decided(reply: Reply) -> Decided:
    """Return the service's decision. Raises UnreachableError for a body that is none."""
    try:
        return _DECIDED.decode(reply.body)
    except msgspec.MsgspecError:
        message = "the answer is no decision"
        raise UnreachableError(message) from None


def _request_id(message_id: str | None) -> dict[str, str] | None:
    """Return the header that names the message in the service's log and events, where the name fits into one."""
    if message_id is None or not message_id.isascii() or not message_id.isprintable() or " " in message_id:
        return None
    return {"X-Request-ID": message_id[:_LONGEST_ID]}


def _unreachable(charger: str) -> Decided:
    return Decided(
        decision_id=str(uuid4()),
        outcome="access_denied",
        reason="lookup_failed",
        mode=None,
        vehicle_class=None,
        charger=charger,
        time=format_instant(int(time.time())),
        valid_until=None,
        policy=None,
        window=None,
        revision="",
        source=Source.ON_UNREACHABLE,
    )
