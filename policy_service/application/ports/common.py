"""What all ports have in common: failures, pages, the clock and keyed hashes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class StoreUnavailableError(Exception):
    """No store could be asked; a decision turns it into ``lookup_failed``, any other request into 503."""


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

    def fingerprint(self, normal_form: str) -> str:
        """Return the keyed fingerprint under which events may be grouped."""
        ...
