"""API keys: secrets that name their bearer and say what it may do; only their hashes are kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from policy_service.domain.caller import Caller, Scope
from policy_service.domain.selector import Selector

if TYPE_CHECKING:
    from collections.abc import Iterator

Labels = tuple[tuple[str, tuple[str, ...]], ...]
"""Pairs of label and accepted values, sorted by label; each must match, as in selectors."""

PREFIX = "psk"
"""Begins every key that we make, so that scanners for leaked secrets find it."""

_TEXT = re.compile(r"[A-Za-z0-9_.-]{24,512}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
_WITHIN_CHARGERS = frozenset({Scope.DECIDE, Scope.READ, Scope.OPERATE, Scope.BUNDLE, Scope.DEGRADED, Scope.LISTS})


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key as kept. Instants in epoch seconds."""

    id: str
    """Stands in the key's text behind the prefix, and is no secret."""
    name: str
    digest: str
    """SHA-256 of the whole text, in hexadecimal. The text is random enough that nobody can try it out."""
    scopes: frozenset[Scope]
    created_at: int
    labels: Labels = ()
    source: str | None = None
    created_by: str | None = None
    expires_at: int | None = None
    revoked_at: int | None = None
    last_used_at: int | None = None
    fleet: str | None = None

    def active(self, now: int) -> bool:
        """Tell whether the key opens the door."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def caller(self) -> Caller:
        """Return whom the key lets in."""
        chargers = Selector(labels=self.labels) if self.labels else None
        return Caller(self.name, self.scopes, chargers, self.source, self.fleet)


def text_of(key_id: str, secret: str) -> str:
    """Return the text of a key."""
    return f"{PREFIX}_{key_id}_{secret}"


def digest_of(text: str) -> str:
    """Return what is kept of a key's text."""
    return sha256(text.encode()).hexdigest()


def is_key_text(text: str) -> bool:
    """Tell whether a text can be a key: one word of ``[A-Za-z0-9_.-]``, 24 characters or more."""
    return _TEXT.fullmatch(text) is not None


def faults_in(
    name: str, scopes: frozenset[Scope], labels: Labels, source: str | None, fleet: str | None = None
) -> Iterator[str]:
    """Yield what is wrong with a key that somebody wants to make; nothing where all is well."""
    if _NAME.fullmatch(name) is None:
        yield "a name is a word of letters, digits and `_.-`, at most 64, and begins with a letter or digit"
    if not scopes:
        yield "a key without a scope may do nothing"
    if (fleet is not None or Scope.REPORT in scopes) and (fleet is None or scopes != frozenset({Scope.REPORT})):
        yield "a key of the scope report is bound to a fleet, and has no other scope"
    if labels and not scopes <= _WITHIN_CHARGERS:
        yield "a key bound to labels may have the scopes decide, read, operate, bundle, degraded and lists only"
    if labels and source is not None:
        yield "a key is bound to labels or to a source, not to both"
    if source is not None and scopes != frozenset({Scope.IMPORT}):
        yield "a key bound to a source has the scope import, and no other"
    if source is not None and _NAME.fullmatch(source) is None:
        yield "a source is named by letters, digits and `_.-`, at most 64"
