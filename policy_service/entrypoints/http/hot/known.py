"""The heads that came before, read once: what they said, and what they were answered by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec

from policy_service.entrypoints.http.hot.head import Head, head_of

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from policy_service.entrypoints.http.hot.head import Header
    from policy_service.entrypoints.http.hot.reply import Reply

_MOST_HEADS = 256
_As = TypeVar("_As")
_What = TypeVar("_What")


class Lane(Protocol):
    """A short way to the answers of one route."""

    @property
    def most_bytes(self) -> int:
        """Longer bodies take the long way."""
        ...

    def answer(self, head: Head, body: bytes) -> Reply | Coroutine[None, None, Reply] | None:
        """Return the answer, or what has to be waited for to have it; None: not from here."""
        ...


class Known(msgspec.Struct, frozen=True):
    """A head that was parsed and understood before, to be recognised by its bytes."""

    lane: Lane
    head: Head


class KnownHeads:
    """Heads that came before, for clients that send the same one again and again.

    Each holds the key that came with it, so few are kept, and in memory only. Whether that key still opens the door is
    asked anew for every request.
    """

    def __init__(self) -> None:
        """Know none yet."""
        self._whole: dict[bytes, Known] = {}
        self._said: dict[tuple[Header, ...], Head] = {}
        self.get = self._whole.get

    def learn(self, came: bytes, known: Known) -> None:
        """Remember a head as it came, path and all."""
        _kept(self._whole, came, known, known.head)

    def said_by(self, headers: Sequence[Header]) -> Head | None:
        """Return what headers say, whatever the path, as :func:`~policy_service.entrypoints.http.hot.head.head_of`."""
        as_they_came = tuple(headers)
        said = self._said.get(as_they_came)
        if said is None and (said := head_of(headers)) is not None:
            _kept(self._said, as_they_came, said, said)
        return said


def _kept(heads: dict[_As, _What], came: _As, what: _What, head: Head) -> None:
    """Keep it under how it came, unless it has an id that no other request will have."""
    if head.request_id is not None or head.message_id:
        return
    if len(heads) >= _MOST_HEADS:
        heads.clear()
    heads[came] = what
