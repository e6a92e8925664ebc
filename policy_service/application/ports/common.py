"""What all ports have in common: failures, pages, the clock and keyed hashes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

T = TypeVar("T")


class StoreUnavailableError(Exception):
    """No store could be asked; a decision turns it into ``lookup_failed``, any other request into 503."""


class LaterSchemaError(ValueError):
    """The database was brought up to date by a later release: what this one would write there, nobody can tell."""


class ConflictError(Exception):
    """What is asked contradicts what is on record."""


class CursorError(ValueError):
    """A page cursor that this service did not hand out."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list and the cursor of the next, None on the last."""

    items: Sequence[T]
    next_cursor: str | None


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> int:
        """Return the current instant in epoch seconds."""
        ...

    def now_ms(self) -> int:
        """Return the current instant in epoch milliseconds."""
        ...


class Fingerprints(Protocol):
    """Keyed one-way forms of identifiers; the key is the service's secret, the same in every process."""

    def pin_key(self, normal_form: str) -> str:
        """Return the look-up key of a PIN: a keyed hash of its normal form."""
        ...

    @property
    def generation(self) -> int:
        """Return which key fingerprints are made with now."""
        ...

    def fingerprint(self, normal_form: str) -> str:
        """Return the keyed fingerprint under which events may be grouped."""
        ...

    def fingerprints(self, normal_form: str) -> Sequence[str]:
        """Return the fingerprints under every key that was ever in use."""
        ...

    def name(self, text: str) -> str:
        """Return a keyed one-way form that no rotation changes, for names in shared caches."""
        ...

    def proof(self, owner: str, content: bytes) -> bytes:
        """Return what only the service can say of a content that belongs to an owner: 32 bytes."""
        ...

    def use(self, salts: Mapping[int, bytes]) -> None:
        """Take in the generations of the key after the first; the last is used from now on."""
        ...


class Seal(Protocol):
    """Keeps a text so that only the service can read it, bound to what it belongs to."""

    def seal(self, text: str, owner: str) -> str:
        """Return the text sealed."""
        ...

    def opened(self, sealed: str, owner: str) -> str | None:
        """Return the text; None where the seal is not one of ours for that owner."""
        ...
