"""The public keys of a token issuer, fetched from its JWKS address and kept."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

import httpx2
import orjson
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PATIENCE_S = 3.0
PAUSE_S = 30.0
"""At least so long between two fetches: tokens with made-up key ids must not make us flood the issuer."""
REFRESH_S = 300.0
"""A key that its issuer has withdrawn is known for at most so long; but a list without any is taken for a mistake."""
MAX_BYTES = 1 << 20

_TYPES: Mapping[object, type[RSAKey | ECKey | OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
"""Public keys only: a shared secret in a public place would be no secret."""
_log = structlog.get_logger("policy_service.tokens")


class IssuerKeys:
    """Keys by their id. While the issuer does not answer, those that it gave last stay."""

    def __init__(self, url: str, *, direct: bool = False, pause_s: float = PAUSE_S) -> None:
        """Fetch from this address; ``direct`` goes around the proxies of the environment."""
        self._url = url
        self._direct = direct
        self._pause_s = pause_s
        self._keys: Mapping[str, Key] = {}
        self._fetched: bytes = b""
        self._attempted: float | None = None
        self._lock = asyncio.Lock()
        self.generation = 0
        """Grows whenever the keys differ from those before."""

    async def find(self, key_id: str | None) -> Key | None:
        """Return the key of that id, or the only one for a token that names none; an unknown id is asked for."""
        found = self._get(key_id)
        if found is None:
            await self.refresh()
            found = self._get(key_id)
        return found

    async def refresh(self) -> None:
        """Fetch the keys, unless that was tried a moment ago."""
        async with self._lock:
            now = monotonic()
            if self._attempted is not None and now - self._attempted < self._pause_s:
                return
            self._attempted = now
            try:
                async with asyncio.timeout(2 * PATIENCE_S):  # an issuer that drips must not hold callers up
                    document = await asyncio.to_thread(self._fetch)
                keys = dict(_read(document))
            except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
                _log.warning("the issuer's keys cannot be fetched", **{"error.type": type(error).__qualname__})
                return
        if not keys:
            _log.warning("the issuer lists no key that can be used: those that it gave last stay")
        elif document != self._fetched:
            self._keys, self._fetched = keys, document
            self.generation += 1

    async def keep_fresh(self) -> None:
        """Fetch the keys now and then, sooner while there are none."""
        while True:
            await self.refresh()
            await asyncio.sleep(REFRESH_S if self._keys else self._pause_s)

    def _get(self, key_id: str | None) -> Key | None:
        if key_id is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(key_id)

    def _fetch(self) -> bytes:
        with (
            httpx2.Client(timeout=PATIENCE_S, trust_env=not self._direct) as client,
            client.stream("GET", self._url, headers={"Accept": "application/json"}) as answer,
        ):
            answer.raise_for_status()
            content = b""
            for chunk in answer.iter_bytes():
                content += chunk
                if len(content) > MAX_BYTES:
                    message = "the document of the issuer's keys is too long"
                    raise ValueError(message)
        return content


def _read(document: bytes) -> Iterator[tuple[str, Key]]:
    """Yield the keys that signatures can be checked with; one that cannot be read keeps nobody else's out."""
    body: Any = orjson.loads(document)
    listed: Any = cast("dict[str, Any]", body).get("keys") if isinstance(body, dict) else None
    if not isinstance(listed, list):
        message = "the document lists no keys"
        raise ValueError(message)  # noqa: TRY004 - whatever is wrong with the document is one error here
    for entry in cast("list[dict[str, Any]]", listed):
        with suppress(JoseError, ValueError, TypeError, KeyError, AttributeError):
            kind = _TYPES.get(entry["kty"])
            if kind is not None and entry.get("use", "sig") == "sig":
                key = kind.import_key(entry)
                key.ensure_kid()
                yield str(key.kid), key
