"""Which path has which lane, and the request that waits for its body before one."""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from typing import TYPE_CHECKING

import structlog

from policy_service.application.tracing import PassedOn
from policy_service.domain.names import MAX_NAME
from policy_service.entrypoints.http.hot.batch import BatchLane
from policy_service.entrypoints.http.hot.door import Door
from policy_service.entrypoints.http.hot.known import Known, KnownHeads
from policy_service.entrypoints.http.hot.lane import DecideLane
from policy_service.entrypoints.http.hot.verbatim import MESSAGES, VerbatimLane
from policy_service.entrypoints.http.permissions import PERMISSIONS

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from policy_service.application.service import Service
    from policy_service.entrypoints.http.hot.head import Head, Header
    from policy_service.entrypoints.http.hot.known import Lane
    from policy_service.entrypoints.http.hot.reply import Reply

_DECIDE = "/v1/decide"
_BATCH = "/v1/decide/batch"
_VERBATIM = b"/v1/ocpp/"
_AT_A_CHARGER = re.compile(rb"/v1/ocpp/([0-9.]+)/([A-Za-z0-9._~!$&'()*+,;=:@-]{1,%d})/([a-z-]+)" % MAX_NAME)
"""A charger's id as it stands in a path; one that has to be escaped there takes the long way."""
END_OF_HEAD = b"\r\n\r\n"
_REMEMBERED = 16_384
"""Paths of chargers that are kept ready."""

_log = structlog.get_logger("policy_service.http")


class Lanes:
    """Every short way."""

    def __init__(self, service: Service, *, max_body_bytes: int) -> None:
        """Ask the service; no body is taken here that is longer than any may be."""
        self._door = Door(service.callers, PERMISSIONS["POST", _DECIDE].scopes)
        self._max_body_bytes = max_body_bytes
        self.heads = KnownHeads()
        """Of the paths that do not name a charger: those with one come in too many kinds to be remembered."""
        self._fixed: dict[bytes, Lane] = {
            _DECIDE.encode(): DecideLane(service, self._door, _DECIDE),
            _BATCH.encode(): BatchLane(service, self._door, _BATCH),
        }
        self._verbatim = {(each.version, each.path): VerbatimLane(service, self._door, each) for each in MESSAGES}
        self._at_a_charger = lru_cache(maxsize=_REMEMBERED)(self._found)
        logged = structlog.get_logger("policy_service.http").is_enabled_for(logging.DEBUG)
        self.open = not logged and type(service.tracing) is PassedOn
        """Whether anything is answered here: spans, and lines about each request, are made on the long way."""

    def to(self, path: bytes) -> Lane | None:
        """Return the lane of a ``POST`` to that path, if it has one."""
        if path.startswith(_VERBATIM):
            return self._at_a_charger(path)
        return self._fixed.get(path)

    def hold(self, lane: Lane, headers: Sequence[Header]) -> Held | None:
        """Return what waits for its body; None where the head already says that it takes the long way.

        So whoever is to be refused is so before the body has come: a stranger, or who announces too long a body.
        """
        head, most_bytes = self.heads.said_by(headers), min(lane.most_bytes, self._max_body_bytes)
        if head is None or head.length > most_bytes or self._door.caller(head) is None:
            return None
        return Held(lane, head, most_bytes)

    def learn(self, came: bytes, held: Held) -> None:
        """Remember a head that was answered by, if it came in one piece with its body and nothing else."""
        end = came.find(END_OF_HEAD) + len(END_OF_HEAD)
        if len(came) == end + len(held.body) and not isinstance(held.lane, _AtACharger):
            self.heads.learn(came[:end], Known(held.lane, held.head))

    def _found(self, path: bytes) -> Lane | None:
        found = _AT_A_CHARGER.fullmatch(path)
        if found is None:
            return None
        version, charger, action = found.group(1, 2, 3)
        lane = self._verbatim.get((version.decode(), action.decode()))
        return None if lane is None else _AtACharger(lane, charger.decode())


class _AtACharger:
    """The lane of a message, with the charger that its path names."""

    __slots__ = ("_charger", "_lane", "most_bytes")

    def __init__(self, lane: VerbatimLane, charger: str) -> None:
        self.most_bytes = lane.most_bytes
        self._lane, self._charger = lane, charger

    def answer(self, head: Head, body: bytes) -> Reply | Coroutine[None, None, Reply] | None:
        """Return the answer."""
        return self._lane.answer(self._charger, head, body)


class Held:
    """A request whose head is understood, while its body comes."""

    __slots__ = ("_most_bytes", "body", "head", "lane")

    def __init__(self, lane: Lane, head: Head, most_bytes: int) -> None:
        """Wait for a body."""
        self.lane = lane
        self.head = head
        self.body = bytearray()
        self._most_bytes = most_bytes

    def grows(self, part: bytes) -> bool:
        """Take a part of the body in, and tell whether it is still short enough."""
        self.body += part
        return len(self.body) <= self._most_bytes

    def answer(self) -> Reply | Coroutine[None, None, Reply] | None:
        """Return the lane's answer."""
        return ask(self.lane, self.head, bytes(self.body))


def ask(lane: Lane, head: Head, body: bytes) -> Reply | Coroutine[None, None, Reply] | None:
    """Return the lane's answer. Should the lane fail, the long way may know better."""
    try:
        return lane.answer(head, body)
    except Exception as error:  # noqa: BLE001 - in the parser it would be taken for bytes that are no HTTP
        _log.error("a short way failed", exc_info=error)
        return None
