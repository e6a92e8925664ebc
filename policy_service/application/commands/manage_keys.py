"""Make, rotate and revoke API keys. A key's text is returned once, and only its hash is kept."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from policy_service.application.short_ids import short_id
from policy_service.domain.api_key import ApiKey, digest_of, faults_in, is_key_text, text_of
from policy_service.domain.audit import AuditEntry
from policy_service.domain.caller import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.application.decision_id import DecisionIds
    from policy_service.application.ports import Clock, KeyRepository
    from policy_service.domain.api_key import Labels

BOOTSTRAP = "bootstrap"
"""The name of the key that a file brings in."""

_LETTERS = 8
_SECRET_BYTES = 32


class KeyRequestError(ValueError):
    """A key that cannot be made as asked; the message says why."""


class NoSuchKeyError(Exception):
    """No active key has this name or id."""


@dataclass(frozen=True, slots=True)
class WantedKey:
    """The key that somebody wants. ``lifetime`` in seconds, None: until it is revoked."""

    name: str
    scopes: frozenset[Scope]
    labels: Labels = ()
    source: str | None = None
    lifetime: int | None = None
    fleet: str | None = None

    def check(self) -> None:
        """Do nothing where it can be made. Raises KeyRequestError."""
        _refuse_bootstrap(self.name)
        faults = list(faults_in(self.name, self.scopes, self.labels, self.source, self.fleet))
        if faults:
            raise KeyRequestError("; ".join(faults))


class MadeKey(NamedTuple):
    """A fresh key, and the only copy of its text."""

    key: ApiKey
    text: str


class ManageKeys:
    """Changes keys; every change leaves an audit entry. Every method raises StoreUnavailableError."""

    def __init__(self, keys: KeyRepository, clock: Clock, ids: DecisionIds) -> None:
        """Store in the repository."""
        self._keys = keys
        self._clock = clock
        self._ids = ids

    async def create(self, wanted: WantedKey, *, by: str | None) -> MadeKey:
        """Make a key. Raises KeyRequestError, and ConflictError where an active one has its name."""
        wanted.check()
        made = self._made(wanted, by)
        await self._keys.add(made.key, self._entry("keys create", made.key.name, by, _told(made.key)))
        return made

    async def rotate(self, name: str, *, overlap: int, by: str | None) -> MadeKey:
        """Make a key like the active one of that name that lasts longest; they end after the overlap, in seconds.

        Raises KeyRequestError and NoSuchKeyError.
        """
        _refuse_bootstrap(name)
        active = [key for key in await self._active() if key.name == name]
        if not active:
            raise NoSuchKeyError
        latest = max(active, key=lambda key: (key.expires_at is None, key.expires_at or 0, key.created_at))
        lifetime = None if latest.expires_at is None else latest.expires_at - latest.created_at
        made = self._made(WantedKey(name, latest.scopes, latest.labels, latest.source, lifetime, latest.fleet), by)
        detail = {**_told(made.key), "overlap_s": overlap}
        entry = self._entry("keys rotate", name, by, detail)
        await self._keys.succeed(made.key, entry, until=self._clock.now() + overlap)
        return made

    async def revoke(self, name_or_id: str, *, by: str | None) -> Sequence[ApiKey]:
        """End keys at once: the one of that id, or all of that name. Return them. Raises NoSuchKeyError."""
        meant = [key for key in await self._active() if name_or_id in (key.name, key.id)]
        if not meant:
            raise NoSuchKeyError
        ids = [key.id for key in meant]
        await self._keys.revoke(ids, self._clock.now(), self._entry("keys revoke", meant[0].name, by, {"ids": ids}))
        return meant

    async def bring_in(self, text: str) -> bool:
        """Let a key from outside be the one named ``bootstrap``, in place of those before; tell whether it is new.

        Raises KeyRequestError.
        """
        if not is_key_text(text):
            message = "the bootstrap key must be one word of `A-Z a-z 0-9 _ . -`, 24 characters or more"
            raise KeyRequestError(message)
        now = self._clock.now()
        key = ApiKey(
            short_id(_LETTERS), BOOTSTRAP, digest_of(text), frozenset({Scope.ADMIN}), now, created_by=BOOTSTRAP
        )
        return await self._keys.succeed(key, self._entry("keys bootstrap", BOOTSTRAP, None, _told(key)), until=now)

    async def _active(self) -> Sequence[ApiKey]:
        now = self._clock.now()
        return [key for key in await self._keys.all() if key.active(now)]

    def _made(self, wanted: WantedKey, by: str | None) -> MadeKey:
        now, key_id = self._clock.now(), short_id(_LETTERS)
        text = text_of(key_id, secrets.token_urlsafe(_SECRET_BYTES))
        key = ApiKey(key_id, wanted.name, digest_of(text), wanted.scopes, now, wanted.labels, wanted.source, by)
        expires_at = None if wanted.lifetime is None else now + wanted.lifetime
        return MadeKey(replace(key, expires_at=expires_at, fleet=wanted.fleet), text)

    def _entry(self, action: str, subject: str, by: str | None, detail: Mapping[str, object]) -> AuditEntry:
        return AuditEntry(self._ids.next(), self._clock.now_ms(), action, by, subject, detail)


def _refuse_bootstrap(name: str) -> None:
    if name == BOOTSTRAP:
        message = f"the key `{BOOTSTRAP}` comes from its file: change the file, or revoke the key"
        raise KeyRequestError(message)


def _told(key: ApiKey) -> dict[str, object]:
    detail: dict[str, object] = {"id": key.id, "scopes": sorted(key.scopes)}
    if key.labels:
        detail["labels"] = {name: list(values) for name, values in key.labels}
    if key.source is not None:
        detail["source"] = key.source
    if key.fleet is not None:
        detail["fleet"] = key.fleet
    return detail
