"""Tells the service of what was decided without it, as soon as it is there again."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import TYPE_CHECKING

import msgspec

from policy_service.client.calls import UnreachableError
from policy_service.client.problems import names_a_place, said_by

if TYPE_CHECKING:
    from policy_service.client.calls import Calls, Reply
    from policy_service.client.outbox import Outbox

_LOG = logging.getLogger(__name__)
_PATH = "/v1/events/degraded"
_BATCH = 500
_PATIENCE_S = 30.0
_FIRST_REST_S, _LONGEST_REST_S = 1.0, 60.0
_OK = 200
_FORBIDDEN = 403
_NEVER = (400, 413, 422)
"""The service will not take these decisions, however often they come."""


class Telling:
    """Sends what is in the outbox, batch by batch."""

    def __init__(self, calls: Calls, outbox: Outbox) -> None:
        """Send by these calls."""
        self._calls = calls
        self._outbox = outbox
        self._due = asyncio.Event()

    def poke(self) -> None:
        """Try now: something waits, or the service has answered."""
        if len(self._outbox):
            self._due.set()

    async def keep(self) -> None:
        """Send for ever, and rest longer each time that it fails."""
        rest_s = _FIRST_REST_S
        while True:
            try:
                await self.send()
            except (UnreachableError, OSError) as error:
                _LOG.warning("%s decisions wait to be told to the service: %s", len(self._outbox), error)
                rest_s = min(2 * rest_s, _LONGEST_REST_S)
            else:
                rest_s = _FIRST_REST_S
                await self._due.wait()
            self._due.clear()
            await asyncio.sleep(rest_s * random.uniform(0.5, 1))  # noqa: S311 - no secret

    async def send(self) -> None:
        """Send all that waits. Raises UnreachableError, and OSError of the disk."""
        most = _BATCH
        while batch := self._outbox.batch(most):
            reply = await self._calls.call(
                "POST", _PATH, msgspec.json.encode({"decisions": batch}), deadline_s=_PATIENCE_S
            )
            refused = _is_refused(reply)
            if refused and len(batch) > 1:  # one that is at fault must not take others with it
                most = len(batch) // 2
                continue
            if refused:
                _LOG.error("the service refuses a decision for good: %s", said_by(reply.body))
            elif reply.status != _OK:
                message = f"status {reply.status}: {said_by(reply.body)}"
                raise UnreachableError(message)
            self._outbox.sent(len(batch))
            most = min(2 * most, _BATCH)


def _is_refused(reply: Reply) -> bool:
    """Tell whether a decision is at fault. A 403 that names none concerns the key, which somebody may yet mend."""
    return reply.status in _NEVER or (reply.status == _FORBIDDEN and names_a_place(reply.body))
