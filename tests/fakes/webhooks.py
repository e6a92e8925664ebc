"""Webhooks, dead letters, leases and sinks in memory, and a receiver that answers as it is told."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from policy_service.application.ports import ConflictError, CursorError, Page, StoreUnavailableError
from policy_service.domain.events import EventType
from policy_service.domain.webhook import AccessChoice, Attempt, DeadLetter, Progress, Webhook

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from fakes.stores import MemoryState

    from policy_service.application.ports import Lease, SinkMessage


def webhook(webhook_id: str = "wh-0000000001", **changed: object) -> Webhook:
    values: dict[str, Any] = {
        "id": webhook_id,
        "url": "https://csms.example/hooks",
        "description": None,
        "choice": AccessChoice(),
        "secret": "sealed",
        "created_at": 1_795_000_000_000,
        "created_by": None,
        "progress": Progress(0),
    }
    return Webhook(**{**values, **changed})


def dead_letter(position: int, webhook_id: str = "wh-0000000001", **changed: object) -> DeadLetter:
    values: dict[str, Any] = {
        "webhook": webhook_id,
        "position": position,
        "event_id": f"d{position}",
        "type": EventType.DENIED,
        "charger": "NTH-01",
        "recorded_at": 1_795_000_000_000,
        "died_at": 1_795_086_400_000,
        "last_error": "status 500",
    }
    return DeadLetter(**{**values, **changed})


class MemoryWebhooks:
    def __init__(self, state: MemoryState) -> None:
        """Keep everything in the state."""
        self._state = state

    async def all(self) -> Sequence[Webhook]:
        self._state.ask()
        return sorted(self._state.webhooks.values(), key=lambda each: (each.created_at, each.id))

    async def get(self, webhook_id: str) -> Webhook | None:
        self._state.ask()
        return self._state.webhooks.get(webhook_id)

    async def add(self, webhook: Webhook, *, most: int) -> None:
        self._state.ask()
        if len(self._state.webhooks) >= most:
            raise ConflictError
        self._state.webhooks[webhook.id] = webhook

    async def change(self, webhook_id: str, changed: Callable[[Webhook], Webhook]) -> Webhook | None:
        self._state.ask()
        if webhook_id not in self._state.webhooks:
            return None
        made = changed(self._state.webhooks[webhook_id])
        self._state.webhooks[webhook_id] = made
        return made

    async def remove(self, webhook_id: str) -> bool:
        self._state.ask()
        dead = self._state.dead_letters
        for key in [key for key in dead if key[0] == webhook_id]:
            del dead[key]
        return self._state.webhooks.pop(webhook_id, None) is not None

    async def advance(self, webhook_id: str, seen: int, now: Progress, dead: Sequence[DeadLetter] = ()) -> bool:
        self._state.ask()
        found = self._state.webhooks.get(webhook_id)
        if found is None or found.stopped is not None or found.progress.position != seen:
            return False
        self._state.webhooks[webhook_id] = replace(found, progress=now)
        self._state.dead_letters.update({(letter.webhook, letter.position): letter for letter in dead})
        return True


class MemoryDeadLetters:
    def __init__(self, state: MemoryState) -> None:
        """Keep everything in the state."""
        self._state = state

    def _of(self, webhook_id: str) -> list[DeadLetter]:
        self._state.ask()
        return [letter for (owner, _), letter in sorted(self._state.dead_letters.items()) if owner == webhook_id]

    async def page(self, webhook_id: str, *, limit: int, cursor: str | None) -> Page[DeadLetter]:
        if cursor is not None and not cursor.isdigit():
            raise CursorError
        found = [letter for letter in self._of(webhook_id) if letter.position > int(cursor or 0)]
        page = found[:limit]
        return Page(page, str(page[-1].position) if len(found) > limit else None)

    async def counts(self) -> Mapping[str, int]:
        self._state.ask()
        return Counter(owner for owner, _ in self._state.dead_letters)

    async def queue(self, webhook_id: str) -> int:
        found = self._of(webhook_id)
        for letter in found:
            self._state.dead_letters[webhook_id, letter.position] = replace(letter, queued=True)
        return len(found)

    async def waiting(self) -> Collection[str]:
        self._state.ask()
        return {letter.webhook for letter in self._state.dead_letters.values() if letter.queued}

    async def queued(self, webhook_id: str, *, limit: int) -> Sequence[DeadLetter]:
        return [letter for letter in self._of(webhook_id) if letter.queued][:limit]

    async def settle(self, letter: DeadLetter) -> None:
        self._state.ask()
        self._state.dead_letters.pop((letter.webhook, letter.position), None)

    async def give_up(self, webhook_id: str, error: str) -> None:
        for letter in self._of(webhook_id):
            if letter.queued:
                given_up = replace(letter, queued=False, last_error=error)
                self._state.dead_letters[webhook_id, letter.position] = given_up


class MemoryLeases:
    def __init__(self, state: MemoryState) -> None:
        """Keep everything in the state."""
        self._state = state

    async def get(self, name: str) -> Lease | None:
        self._state.ask()
        return self._state.leases.get(name)

    async def take(self, name: str, lease: Lease, seen: Lease | None) -> bool:
        self._state.ask()
        if self._state.leases.get(name) != seen:
            return False
        self._state.leases[name] = lease
        return True

    async def prolong(self, name: str, lease: Lease) -> bool:
        self._state.ask()
        held = self._state.leases.get(name)
        if held is None or held.holder != lease.holder:
            return False
        self._state.leases[name] = lease
        return True

    async def release(self, name: str, holder: str) -> None:
        self._state.ask()
        held = self._state.leases.get(name)
        if held is not None and held.holder == holder:
            del self._state.leases[name]


class MemorySinkPositions:
    def __init__(self, state: MemoryState) -> None:
        """Keep everything in the state."""
        self._state = state

    async def get(self, sink: str) -> int | None:
        self._state.ask()
        return self._state.sink_positions.get(sink)

    async def set(self, sink: str, position: int) -> None:
        self._state.ask()
        self._state.sink_positions[sink] = position


@dataclass
class FakeSink:
    """Takes messages in, unless it is told to fail."""

    messages: list[SinkMessage] = field(default_factory=list)
    failing: bool = False

    async def add(self, messages: Sequence[SinkMessage]) -> None:
        if self.failing:
            raise StoreUnavailableError
        self.messages += messages


@dataclass
class Posted:
    """One request to a receiver."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class FakeSender:
    """Answers with what stands in ``answers``, then with ``otherwise``, and keeps what it was to send."""

    otherwise: Attempt = field(default_factory=lambda: Attempt(204))
    answers: deque[Attempt] = field(default_factory=deque)
    posted: list[Posted] = field(default_factory=list)

    def objection(self, url: str) -> str | None:
        return None if url.startswith("https://") else "not here"

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        self.posted.append(Posted(url, headers, body))
        return self.answers.popleft() if self.answers else self.otherwise

    @property
    def ids(self) -> list[str]:
        return [each.headers["webhook-id"] for each in self.posted]
