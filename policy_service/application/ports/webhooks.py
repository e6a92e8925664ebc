"""Pushing access events: subscriptions, what their receivers did not take, who pushes, and the ways out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from policy_service.application.ports.common import Page
    from policy_service.domain.webhook import Attempt, DeadLetter, Progress, Webhook


class WebhookRepository(Protocol):
    """Webhooks and how far each has got. Every method raises StoreUnavailableError."""

    async def all(self) -> Sequence[Webhook]:
        """Return every webhook, the oldest first."""
        ...

    async def get(self, webhook_id: str) -> Webhook | None:
        """Return one webhook."""
        ...

    async def add(self, webhook: Webhook, *, most: int) -> None:
        """Store a webhook. Raises ConflictError where there are as many already."""
        ...

    async def change(self, webhook_id: str, changed: Callable[[Webhook], Webhook]) -> Webhook | None:
        """Store what ``changed`` makes of a webhook, and return it; its position stays. None where there is none."""
        ...

    async def remove(self, webhook_id: str) -> bool:
        """Remove a webhook with its dead letters; tell whether there was one."""
        ...

    async def advance(self, webhook_id: str, seen: int, now: Progress, dead: Sequence[DeadLetter] = ()) -> bool:
        """Store progress and the dead letters that it leaves, at once.

        Changes nothing and returns False where the webhook is not at position ``seen`` any more, or is stopped.
        """
        ...


class DeadLetters(Protocol):
    """What receivers did not take in time. Every method raises StoreUnavailableError."""

    async def page(self, webhook_id: str, *, limit: int, cursor: str | None) -> Page[DeadLetter]:
        """Return the dead letters of a webhook, the oldest first. Raises CursorError."""
        ...

    async def counts(self) -> Mapping[str, int]:
        """Return how many each webhook has; one that has none may be left out."""
        ...

    async def queue(self, webhook_id: str) -> int:
        """Let all dead letters of a webhook be sent once more; return how many there are."""
        ...

    async def waiting(self) -> Collection[str]:
        """Return the webhooks that have some to be sent once more."""
        ...

    async def queued(self, webhook_id: str, *, limit: int) -> Sequence[DeadLetter]:
        """Return those that are to be sent once more, the oldest first."""
        ...

    async def settle(self, letter: DeadLetter) -> None:
        """Drop one that has arrived, or is about an event that is not kept any more."""
        ...

    async def give_up(self, webhook_id: str, error: str) -> None:
        """Let none of a webhook wait to be sent any more, as its receiver does not take them."""
        ...


class Lease(NamedTuple):
    """Who does what only one process may do at a time."""

    holder: str
    until: int
    """Epoch milliseconds by the holder's clock. Nobody else believes it: others look whether it still moves."""


class Leases(Protocol):
    """What one process does at a time. Every method raises StoreUnavailableError."""

    async def get(self, name: str) -> Lease | None:
        """Return the lease as it stands; None for one that nobody has."""
        ...

    async def take(self, name: str, lease: Lease, seen: Lease | None) -> bool:
        """Put a lease in the place of the one that was seen; tell whether nothing had changed since it was."""
        ...

    async def prolong(self, name: str, lease: Lease) -> bool:
        """Prolong a lease; tell whether it is the holder's still, and has been nobody else's since."""
        ...

    async def release(self, name: str, holder: str) -> None:
        """Give a lease back; nothing happens where it is another's."""
        ...


class SinkPositions(Protocol):
    """How far sinks have got that take every event. Every method raises StoreUnavailableError."""

    async def get(self, sink: str) -> int | None:
        """Return the position of the last event that the sink has; None for one that nobody has begun."""
        ...

    async def set(self, sink: str, position: int) -> None:
        """Note how far a sink has got."""
        ...


class SinkMessage(NamedTuple):
    """An event in the form in which a sink takes it."""

    id: str
    type: str
    body: bytes


class EventSink(Protocol):
    """Takes in every access event."""

    async def add(self, messages: Sequence[SinkMessage]) -> None:
        """Take messages in, in order; on a failure some of them may be in. Raises StoreUnavailableError."""
        ...


class WebhookSender(Protocol):
    """Sends to receivers, and to none whom it could be tricked into sending to."""

    def objection(self, url: str) -> str | None:
        """Say why nothing can ever be sent there, as far as the URL alone tells; None where it does not."""
        ...

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        """Send once, and say what became of it. Never raises."""
        ...
