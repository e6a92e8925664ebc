"""Who calls: finds out by a key or a token whom the door lets in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.domain.api_key import digest_of
from policy_service.domain.caller import ANYBODY

if TYPE_CHECKING:
    from policy_service.application.access_keys import AccessKeys
    from policy_service.application.ports import TokenVerifier
    from policy_service.domain.caller import Caller


class UnknownCallerError(Exception):
    """No good key came with the request: none at all, an unknown one, or one that has ended."""


class BeyondReachError(Exception):
    """The caller is bound to other chargers."""


class NoTokens:
    """Knows no issuer, so no token is good."""

    configured = False

    async def verify(self, token: str) -> None:
        """Return None."""
        del token


class Callers:
    """Tells callers apart."""

    def __init__(self, keys: AccessKeys, tokens: TokenVerifier) -> None:
        """Ask the keys first, then the tokens."""
        self._keys = keys
        self._tokens = tokens

    def known(self, digest: str | None) -> Caller | None:
        """Return who presents the key of this digest, if anybody has to be asked; None for whom :meth:`identify` is."""
        caller = None if digest is None else self._keys.find(digest)
        if caller is not None or self._keys.demanded or self._tokens.configured:
            return caller
        return ANYBODY

    async def identify(self, secret: str | None) -> Caller:
        """Return who presents this key or token. Raises UnknownCallerError."""
        if not self._keys.demanded and not self._tokens.configured:
            return ANYBODY
        if secret is not None:
            caller = self._keys.find(digest_of(secret)) or await self._tokens.verify(secret)
            if caller is not None:
                return caller
        raise UnknownCallerError
