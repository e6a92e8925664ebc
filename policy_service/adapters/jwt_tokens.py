"""Bearer tokens as JWTs: signature by the issuer's keys, and every claim that says for whom and until when."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from joserfc import jws, jwt
from joserfc.errors import JoseError

from policy_service.domain.caller import Caller, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policy_service.adapters.issuer_keys import IssuerKeys
    from policy_service.application.ports import Clock

LEEWAY_S = 10
"""By so much the issuer's clock and ours may differ."""
MAX_REMEMBERED = 10_000
_MAX_LENGTH = 8_192
_MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token must say to be good here."""

    issuer: str
    algorithms: tuple[str, ...]
    audience: str | None
    """What ``aud`` must name; None: tokens are told by their client alone."""
    client_ids: frozenset[str]
    """Clients whose access tokens are good without ``aud``, as Amazon Cognito issues them."""
    scope_prefix: str
    """Begins those words of ``scope`` that are about this service."""


class _Verified(NamedTuple):
    caller: Caller
    until: int


class JwtTokens:
    """Verifies tokens; a good one is remembered until it expires, or until the issuer changes its keys."""

    configured = True

    def __init__(self, rules: TokenRules, keys: IssuerKeys, clock: Clock) -> None:
        """Check by these rules, with the issuer's keys."""
        self._rules = rules
        self._keys = keys
        self._clock = clock
        self._registry = jws.JWSRegistry(algorithms=list(rules.algorithms), strict_check_header=False)
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()
        self._generation = keys.generation

    async def verify(self, token: str) -> Caller | None:
        """Return whom the token lets in, None where it is not good."""
        if len(token) > _MAX_LENGTH or token.count(".") != 2:  # noqa: PLR2004 - header.payload.signature
            return None
        digest = sha256(token.encode()).digest()
        known = self._remembered(digest)
        if known is not None:
            return known.caller if self._clock.now() < known.until else None
        try:
            verified = await self._verify(token)
        except (JoseError, ValueError, TypeError, OverflowError):
            return None
        if verified is None:
            return None
        self._verified[digest] = verified
        if len(self._verified) > MAX_REMEMBERED:
            self._verified.popitem(last=False)
        return verified.caller

    def _remembered(self, digest: bytes) -> _Verified | None:
        if self._generation != self._keys.generation:
            self._generation = self._keys.generation
            self._verified.clear()
        return self._verified.get(digest)

    async def _verify(self, token: str) -> _Verified | None:
        head: Mapping[str, Any] = jws.extract_compact(token.encode(), None, self._registry).headers()
        key_id = head.get("kid")
        if head.get("alg") not in self._rules.algorithms or not isinstance(key_id, str | None):
            return None
        key = await self._keys.find(key_id)
        if key is None:
            return None
        claims = jwt.decode(token, key, registry=self._registry).claims
        self._check(claims)
        name = _name(claims)
        if name is None or not self._meant_for_us(claims):
            return None
        return _Verified(Caller(name, frozenset(self._scopes(claims))), int(claims["exp"]) + LEEWAY_S)

    def _check(self, claims: dict[str, Any]) -> None:
        """Check issuer and times. Raises JoseError."""
        jwt.JWTClaimsRegistry(
            now=self._clock.now(),
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self._rules.issuer},
            exp={"essential": True},
        ).validate(claims)

    def _meant_for_us(self, claims: Mapping[str, Any]) -> bool:
        if claims.get("token_use", "access") != "access":  # an id token tells an application who logged in to it
            return False
        audience = claims.get("aud")
        if audience is not None:
            named = cast("list[object]", audience) if isinstance(audience, list) else [audience]
            return self._rules.audience is not None and self._rules.audience in named
        client = claims.get("client_id")
        return claims.get("token_use") == "access" and isinstance(client, str) and client in self._rules.client_ids

    def _scopes(self, claims: Mapping[str, Any]) -> Iterator[Scope]:
        words = claims.get("scope")
        prefix = self._rules.scope_prefix
        for word in words.split(" ") if isinstance(words, str) else ():  # RFC 6749, section 3.3
            if word.startswith(prefix) and word.removeprefix(prefix) in _SCOPES:
                yield Scope(word.removeprefix(prefix))


_SCOPES = frozenset(str(scope) for scope in Scope)


def _name(claims: Mapping[str, Any]) -> str | None:
    """Return the name of a token's bearer; no key can have it, because keys' names have no colon."""
    for claim in ("sub", "client_id"):
        found = claims.get(claim)
        if isinstance(found, str) and found:
            return f"jwt:{found}" if len(found) <= _MAX_NAME and found.isprintable() else None
    return None
