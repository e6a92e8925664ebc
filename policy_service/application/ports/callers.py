"""Who calls, and what they did: keys, tokens, audit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.application.ports.common import Page
    from policy_service.domain.api_key import ApiKey
    from policy_service.domain.audit import AuditEntry
    from policy_service.domain.caller import Caller


class KeyRepository(Protocol):
    """API keys; none is ever removed. All of it raises StoreUnavailableError.

    Each change counts, and leaves its audit entry in the same transaction.
    """

    async def all(self) -> Sequence[ApiKey]:
        """Return every key that was ever made, the oldest first."""
        ...

    async def add(self, key: ApiKey, entry: AuditEntry) -> None:
        """Store a key. Raises ConflictError where another one of its name is active, or has its digest."""
        ...

    async def succeed(self, key: ApiKey, entry: AuditEntry, *, until: int) -> bool:
        """Store a key, and let those of its name end at ``until`` at the latest; one that has ended stays as it is.

        Changes nothing and returns False where a key with this digest is stored already.
        """
        ...

    async def revoke(self, ids: Sequence[str], at: int, entry: AuditEntry) -> None:
        """End keys at once; one that is revoked already stays as it is."""
        ...

    async def used(self, last: Mapping[str, int]) -> None:
        """Note when keys, by id, were last used; does not count as a change."""
        ...


class LastKnownKeys(Protocol):
    """The keys that this node knew last, kept on it for a start without the store."""

    def load(self) -> Sequence[ApiKey] | None:
        """Return the kept keys, None where there are none or they are damaged."""
        ...

    def save(self, keys: Sequence[ApiKey]) -> None:
        """Keep these keys, replacing the former at once. Raises OSError."""
        ...


class TokenVerifier(Protocol):
    """Checks bearer tokens that somebody else issued."""

    @property
    def configured(self) -> bool:
        """Tell whether any token can ever be good."""
        ...

    async def verify(self, token: str) -> Caller | None:
        """Return whom the token lets in, None where it is not good."""
        ...


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which audit entries are asked for; None asks for any. Instants are epoch milliseconds, ``[since, until)``."""

    caller: str | None = None
    action: str | None = None
    since: int | None = None
    until: int | None = None


class AuditRepository(Protocol):
    """Where audit entries are kept. All of it raises StoreUnavailableError."""

    async def add(self, entry: AuditEntry) -> None:
        """Store an entry durably before returning."""
        ...

    async def page(self, wanted: AuditFilter, *, limit: int, cursor: str | None) -> Page[AuditEntry]:
        """Return entries, the newest first, stable under insertion. Raises CursorError."""
        ...
