"""The heads that came before, read once: what they were answered by, found by their bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from policy_service.entrypoints.http.hot.head import Head
    from policy_service.entrypoints.http.hot.reply import Reply

_MOST_HEADS = 256


class Lane(Protocol):
    """A short way to the answers of one route."""

    @property
    def most_bytes(self) -> int:
        """Longer bodies take the long way."""
        ...

    def answer(self, head: Head, body: bytes) -> Reply | Coroutine[None, None, Reply] | None:
        """Return the answer, or what has to be waited for to have it; None: not from here."""
        ...


class Known(NamedTuple):
    """A head that was parsed and understood before, to be recognised by its bytes."""

    lane: Lane
    head: Head


class KnownHeads:
    """Heads as they came, for clients that send the same one again and again.

    Each holds the key that came with it, so few are kept, and in memory only. Whether that key still opens the door is
    asked anew for every request.
    """

    def __init__(self) -> None:
        """Know none yet."""
        self._known: dict[bytes, Known] = {}
        self.get = self._known.get

    def learn(self, came: bytes, known: Known) -> None:
        """Remember a head, unless it has an id that no other request will have."""
        if known.head.request_id is not None or known.head.message_id:
            return
        if len(self._known) >= _MOST_HEADS:
            self._known.clear()
        self._known[came] = known
