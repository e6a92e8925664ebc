"""Webhooks: who is told of the events of a feed, of which, and how deliveries stand. Instants: epoch milliseconds."""

from __future__ import annotations

import hmac
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from policy_service.domain.events import AccessEvent
from policy_service.domain.mode_events import ModeEvent
from policy_service.domain.outward import FeedName

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from policy_service.domain.access import Outcome, Reason, VehicleClass
    from policy_service.domain.api_key import Labels
    from policy_service.domain.events import EventType
    from policy_service.domain.mode_events import ModeEventType
    from policy_service.domain.outward import OutwardEvent

PREFIX = "whsec_"
"""Begins every secret, as Standard Webhooks has it: the Base64 of the key follows."""

_BASE_MS, _MOST_MS = 1_000, 900_000
_DOUBLINGS = 10
_SUCCESS = range(200, 300)
_GONE = 410
_USER = re.compile(r"//[^/?#]*@")


class Stop(StrEnum):
    """Why nothing is sent to a webhook any more."""

    PAUSED = "paused"
    """An operator wants it so."""
    GONE = "gone"
    """Its receiver answered 410."""


@dataclass(frozen=True, slots=True)
class AccessChoice:
    """Which access events a webhook is told of: of each list one must fit; an empty one asks for any."""

    feed: ClassVar = FeedName.ACCESS

    type: tuple[EventType, ...] = ()
    outcome: tuple[Outcome, ...] = ()
    reason: tuple[Reason, ...] = ()
    vehicle_class: tuple[VehicleClass, ...] = ()
    charger: tuple[str, ...] = ()
    fleet: tuple[str, ...] = ()
    labels: Labels = ()

    def takes(self, event: OutwardEvent) -> bool:
        """Tell whether the event is one of those."""
        return isinstance(event, AccessEvent) and _all_fit(
            (self.type, event.type),
            (self.outcome, event.outcome),
            (self.reason, event.reason),
            (self.vehicle_class, event.vehicle_class),
            (self.charger, event.charger),
            (self.fleet, event.fleet),
            *((values, event.labels.get(name)) for name, values in self.labels),
        )


@dataclass(frozen=True, slots=True)
class ModeChoice:
    """Which mode events a webhook is told of, in the same manner."""

    feed: ClassVar = FeedName.MODES

    type: tuple[ModeEventType, ...] = ()
    charger: tuple[str, ...] = ()
    labels: Labels = ()

    def takes(self, event: OutwardEvent) -> bool:
        """Tell whether the event is one of those."""
        return isinstance(event, ModeEvent) and _all_fit(
            (self.type, event.type),
            (self.charger, event.charger),
            *((values, event.labels.get(name)) for name, values in self.labels),
        )


EventChoice: TypeAlias = AccessChoice | ModeChoice


def _all_fit(*asked: tuple[Collection[str], str | None]) -> bool:
    return all(not accepted or found in accepted for accepted, found in asked)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a webhook has got. ``failing_since`` is its first failure since the last success."""

    position: int
    """Of the last event that it needs no more."""
    failing_since: int | None = None
    failures: int = 0
    """In a row."""
    next_try_at: int | None = None
    last_error: str | None = None

    def moved_to(self, position: int) -> Progress:
        """Return the progress of a webhook that passed events by, failing or not."""
        return replace(self, position=position)

    def failed(self, error: str, now: int, jitter: float, wait_ms: int = 0) -> Progress:
        """Return the progress after a failure; the wait is ``jitter``, in [0, 1], of one that doubles up to 15 min.

        A receiver may ask for a longer wait, of ``wait_ms``, within the same bound.
        """
        drawn = round(min(_BASE_MS << min(self.failures, _DOUBLINGS), _MOST_MS) * jitter)
        since = now if self.failing_since is None else min(self.failing_since, now)
        return Progress(self.position, since, self.failures + 1, now + max(drawn, min(wait_ms, _MOST_MS)), error)


@dataclass(frozen=True, slots=True)
class Webhook:
    """One subscription."""

    id: str
    url: str = field(repr=False)
    """May hold a token of the receiver's."""
    description: str | None
    choice: EventChoice
    secret: str = field(repr=False)
    """Sealed."""
    created_at: int
    created_by: str | None
    progress: Progress
    stopped: Stop | None = None
    previous_secret: str | None = field(default=None, repr=False)
    """Sealed; also signs until ``previous_until``."""
    previous_until: int | None = None

    @property
    def feed(self) -> FeedName:
        """Return the feed that it follows; its position is one of that feed."""
        return self.choice.feed

    def due(self, now: int) -> bool:
        """Tell whether an event may be sent now.

        A wait that is longer than any was noted by a clock that has been put back since.
        """
        later = self.progress.next_try_at
        return self.stopped is None and (later is None or not now < later <= now + _MOST_MS)

    def secrets(self, now: int) -> Sequence[str]:
        """Return the sealed secrets that sign now."""
        old = self.previous_secret if now < (self.previous_until or 0) else None
        return [self.secret] if old is None else [self.secret, old]

    def rotated(self, secret: str, until: int) -> Webhook:
        """Return it with another sealed secret; the one so far signs as well until then."""
        return replace(self, secret=secret, previous_secret=self.secret, previous_until=until)

    def resumed(self) -> Webhook:
        """Return it going on where it stopped, without the failures of before."""
        return replace(self, stopped=None, progress=Progress(self.progress.position))


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that its receiver did not take in time."""

    webhook: str
    position: int
    event_id: str
    type: EventType | ModeEventType
    charger: str
    recorded_at: int
    died_at: int
    last_error: str
    queued: bool = False
    """It is to be sent once more."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of one request to a receiver."""

    status: int | None
    error: str | None = None
    """One word for why there is no status."""
    wait_ms: int = 0
    """For how long the receiver asks to be left alone (``Retry-After``, RFC 9110 section 10.2.3)."""

    @property
    def delivered(self) -> bool:
        """Tell whether the receiver took it."""
        return self.status in _SUCCESS

    @property
    def gone(self) -> bool:
        """Tell whether the receiver wants nothing any more."""
        return self.status == _GONE

    @property
    def fault(self) -> str:
        """Say what was wrong, in a word or two; nothing of what the receiver sent."""
        return self.error or f"status {self.status}"


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return one signature of Standard Webhooks 1.0: ``v1,`` and an HMAC-SHA256 as Base64."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    mac = hmac.digest(b64decode(secret.removeprefix(PREFIX)), signed, "sha256")
    return f"v1,{b64encode(mac).decode()}"


def holds_credentials(url: str) -> bool:
    """Tell whether the URL has a user in front of its host."""
    return _USER.search(url) is not None
