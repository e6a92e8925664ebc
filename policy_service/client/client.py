"""The client: asks the service, and answers by itself where the service cannot be reached."""

from __future__ import annotations

import asyncio
import logging
import time as clock
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import msgspec

from policy_service.client.answers import Decided, InvalidPayload, OcppAnswer, Source
from policy_service.client.asked import Asked
from policy_service.client.bundle_keeping import EVERY_S, BundleKeeping
from policy_service.client.calls import Calls, UnreachableError
from policy_service.client.disk import claimed
from policy_service.client.fallbacks import Fallbacks
from policy_service.client.messages import Settled, asked_by, path_of
from policy_service.client.outbox import Outbox
from policy_service.client.problems import said_by
from policy_service.client.replies import decided as decided_by
from policy_service.client.replies import ocpp_answer
from policy_service.client.telling import Telling
from policy_service.domain.instant import InstantError, parse_instant

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from types import TracebackType

    from policy_service.client.calls import Reply
    from policy_service.client.degraded import DegradedDecision
    from policy_service.client.held_bundle import HeldBundle

_LOG = logging.getLogger(__name__)
_OK = 200
_AT_FAULT = (400, 422)
_LONGEST_ID = 64
_REMEMBERED = 20_000
_PAUSE_S = 1.0


class PolicyClient:
    """Asks one policy-service for a CSMS. One is enough for all chargers; it is to be used within one event loop."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        *,
        key: str | None = None,
        deadline_s: float = 2.0,
        bundle_label: str | Sequence[str] | None = None,
        bundle_every_s: float = EVERY_S,
        state_dir: str | Path | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Ask at ``http://…``, ``https://…`` or ``unix:///run/policy.sock``, with an API key where one is needed.

        ``deadline_s`` bounds each call, its retry included, in seconds. ``bundle_label``, such as ``depot:north``,
        names the chargers to have a bundle of, looked at every ``bundle_every_s`` seconds; None: there is none.
        ``state_dir`` is where the bundle and decisions not yet told outlive a restart: one directory a process.
        Raises ValueError for another kind of address.
        """
        key = None if key is None else key.strip()  # read from a file, it ends in a newline
        self._calls = Calls(url, key=key, deadline_s=deadline_s, tls=tls)
        self._directory = None if state_dir is None else Path(state_dir)
        labels = [bundle_label] if isinstance(bundle_label, str) else bundle_label
        self._bundle = (
            None if labels is None else BundleKeeping(self._calls, labels, self._directory, bundle_every_s, key, _now_s)
        )
        self._outbox = Outbox(self._directory, key)
        self._telling = Telling(self._calls, self._outbox)
        self._fallbacks = Fallbacks(self._bundle_at, self._tell, _REMEMBERED)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Make ready; the service need not be there. Raises StateInUseError, and OSError of the state directory."""
        async with AsyncExitStack() as stack:
            if self._directory is not None:
                stack.enter_context(claimed(self._directory))
            self._outbox.open()
            stack.callback(self._outbox.close)
            await self._calls.open()
            stack.push_async_callback(self._calls.close)
            works = [self._telling.keep]
            if self._bundle is not None:
                await self._bundle.restore()
                works.append(self._bundle.keep)
            for work in works:
                stack.push_async_callback(_end, asyncio.create_task(_kept_up(work)))
            self._telling.poke()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the work in the background and close the connections; what waits on the disk stays there."""
        await self._stack.aclose()

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
            answer, members = ocpp_answer(version, action, reply)
        except UnreachableError as error:
            _LOG.warning("policy-service gave no answer: %s", error)
            asked = asked_by(version, charger, action, payload, message_id)
            if isinstance(asked, Settled):
                return OcppAnswer(asked.payload, None, Source.ON_UNREACHABLE)
            return self._fallbacks.payload(version, asked, _now_ms())
        if answer.decision is not None:
            with suppress(InvalidPayload):
                asked = asked_by(version, charger, action, payload, message_id)
                if isinstance(asked, Asked):
                    self._fallbacks.heard_payload(version, asked, answer, members, _now_s())
        self._telling.poke()
        return answer

    async def decide(
        self,
        *,
        charger: str,
        identifier: str,
        identifier_type: str | None = None,
        time: str | None = None,
        language: str | None = None,
    ) -> Decided:
        """Return a decision, for now or for an RFC 3339 instant.

        ``language`` (BCP 47, such as ``fr``) is that of the message a refused driver is told; an answer that is
        remembered keeps the language that it was given in. Raises InvalidPayload for a question that cannot be read,
        and nothing because of the network.
        """
        question = {"charger": charger, "identifier": identifier, "identifier_type": identifier_type, "time": time}
        told = {name: value for name, value in (question | {"language": language}).items() if value is not None}
        try:
            decided = decided_by(await self._ask("/v1/decide", told, None))
        except UnreachableError as error:
            _LOG.warning("policy-service gave no answer: %s", error)
            asked = _asked(charger, identifier, identifier_type, time)
            return self._fallbacks.decision(asked, _now_ms(), language)
        if time is None:
            with suppress(InvalidPayload):
                asked = _asked(charger, identifier, identifier_type, None)
                self._fallbacks.heard_decision(asked, decided, _now_s())
        self._telling.poke()
        return decided

    @property
    def bundle(self) -> HeldBundle | None:
        """The bundle that decides should the service be out of reach now; None where there is none."""
        return self._bundle_at(_now_s())

    @property
    def untold(self) -> int:
        """How many decisions the service has not been told of yet."""
        return len(self._outbox)

    async def _ask(self, path: str, body: Mapping[str, Any], message_id: str | None) -> Reply:
        """Ask. Raises UnreachableError for everything that is no answer, and InvalidPayload."""
        try:
            encoded = msgspec.json.encode(body)
        except (TypeError, ValueError, msgspec.MsgspecError, RecursionError):
            message = "the payload is no JSON"
            raise InvalidPayload(message) from None
        reply = await self._calls.call("POST", path, encoded, _named(message_id))
        if reply.status in _AT_FAULT:
            raise InvalidPayload(said_by(reply.body))
        if reply.status != _OK:
            message = f"status {reply.status}: {said_by(reply.body)}"
            raise UnreachableError(message)
        return reply

    def _bundle_at(self, now: int) -> HeldBundle | None:
        return None if self._bundle is None else self._bundle.held(now)

    def _tell(self, decision: DegradedDecision) -> None:
        self._outbox.add(decision)
        self._telling.poke()


def _asked(charger: str, identifier: str, identifier_type: str | None, time: str | None) -> Asked:
    """Return a question as the service would read it. Raises InvalidPayload."""
    try:
        at = None if time is None else parse_instant(time)
    except InstantError as error:
        raise InvalidPayload(str(error)) from None
    return Asked.of(charger=charger, identifier=identifier, type_=identifier_type, time=at)


def _named(message_id: str | None) -> dict[str, str] | None:
    """Return the header that names the message in the event of its decision, where the name fits into one."""
    if message_id is None or not message_id.isascii() or not message_id.isprintable() or " " in message_id:
        return None
    return {"OCPP-Message-Id": message_id[:_LONGEST_ID]}


async def _kept_up(work: Callable[[], Awaitable[None]]) -> None:
    """Run work that never ends by itself; should a defect end it, say so and begin it anew."""
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - whatever it was, the work has to go on
            _LOG.error("work in the background failed and begins anew: %s", type(error).__qualname__)
        await asyncio.sleep(_PAUSE_S)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _now_s() -> int:
    return _now_ms() // 1000


def _now_ms() -> int:
    return clock.time_ns() // 1_000_000
