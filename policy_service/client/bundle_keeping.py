"""Keeps the bundle: fetched again and again, confirmed while nothing has changed, and there after a restart."""

from __future__ import annotations

import asyncio
import logging
import random
from contextlib import suppress
from dataclasses import replace
from hashlib import blake2b, sha256
from hmac import compare_digest
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from policy_service.client import disk
from policy_service.client.calls import UnreachableError
from policy_service.client.held_bundle import held
from policy_service.client.reading import read
from policy_service.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from policy_service.client.calls import Calls
    from policy_service.client.held_bundle import HeldBundle

_LOG = logging.getLogger(__name__)
EVERY_S = 60.0
_JITTER = 0.2
"""Clients that were started together ask apart."""
_PATIENCE_S = 30.0
_OK, _HAS_IT = 200, 304
_BODY, _CONFIRMATION = "bundle.json", "bundle.confirmed.json"


class _Confirmation(msgspec.Struct):
    """Beside the bundle on disk: what it is called, when it was last confirmed, and that both are our own writing."""

    tag: str
    confirmed_at: int
    proof: str


_CONFIRMATIONS = msgspec.json.Decoder(_Confirmation)


class BundleKeeping:
    """The bundle of some chargers."""

    def __init__(
        self,
        calls: Calls,
        labels: Sequence[str],
        directory: Path | None,
        every_s: float,
        key: str | None,
        now: Callable[[], int],
    ) -> None:
        """Fetch the bundle of the chargers with these labels; without a directory it lives in memory alone.

        On the disk it is proven under the API key, so that nobody else puts one there; without a key against damage.
        ``now`` tells the time in epoch seconds.
        """
        self._calls = calls
        self._path = "/v1/bundle?" + "&".join(f"label={quote(label, safe='')}" for label in labels)
        self._directory = directory
        self._every_s = every_s
        self._now = now
        self._proof_key = (
            b"" if key is None else blake2b(key.encode(), digest_size=32, person=b"policy-bundle-v1").digest()
        )
        self._digest = b""
        self._tag: str | None = None
        self._held: HeldBundle | None = None

    def held(self, now: int) -> HeldBundle | None:
        """Return the bundle while it holds."""
        if self._held is not None and not self._held.holds(now):
            _LOG.error("the bundle was not confirmed for 48 hours and is dropped")
            self._held, self._tag = None, None
            self._remove()
        return self._held

    async def restore(self) -> None:
        """Take up what a former process left on the disk."""
        await asyncio.to_thread(self._restore)

    async def keep(self) -> None:
        """Keep it current for ever."""
        while True:
            try:
                await self.refresh()
            except UnreachableError as error:
                _LOG.warning("the bundle could not be fetched: %s", error)
            except OSError as error:
                _LOG.error("the bundle could not be written to the disk: %s", type(error).__name__)
            await asyncio.sleep(self._every_s * random.uniform(1 - _JITTER, 1 + _JITTER))  # noqa: S311 - no secret

    async def refresh(self) -> None:
        """Fetch the bundle if it has changed. Raises UnreachableError, and OSError where it cannot be written."""
        known = None if self._tag is None else {"If-None-Match": self._tag}
        now = self._now()
        reply = await self._calls.call("GET", self._path, None, known, deadline_s=_PATIENCE_S)
        if reply.status == _HAS_IT and self._held is not None:
            self._held = replace(self._held, confirmed_at=now)
            await asyncio.to_thread(self._write, None, now)
            return
        if reply.status != _OK:
            message = f"status {reply.status}"
            raise UnreachableError(message)
        fresh = await asyncio.to_thread(held, reply.body, now)
        if fresh is None:
            message = "what came is no bundle that this client can read"
            raise UnreachableError(message)
        self._held, self._tag, self._digest = fresh, _tag(reply.headers.get("ETag")), sha256(reply.body).digest()
        await asyncio.to_thread(self._write, reply.body, now)

    def _restore(self) -> None:
        if self._directory is None:
            return
        body = disk.read(self._directory / _BODY)
        if body is None:
            return
        confirmation = _read_confirmation(disk.read(self._directory / _CONFIRMATION))
        found = None if confirmation is None else held(body, confirmation.confirmed_at)
        self._digest = sha256(body).digest()
        sound = confirmation is not None and compare_digest(
            confirmation.proof.encode(), self._proof(confirmation.tag, confirmation.confirmed_at).encode()
        )
        if confirmation is None or not sound or found is None or not found.holds(self._now()):
            _LOG.warning("the bundle on the disk is too old, damaged, or none of ours, and is removed")
            self._remove()
            return
        self._held, self._tag = found, confirmation.tag

    def _remove(self) -> None:
        if self._directory is not None:
            with suppress(OSError):
                for name in (_CONFIRMATION, _BODY):
                    (self._directory / name).unlink(missing_ok=True)

    def _write(self, body: bytes | None, now: int) -> None:
        """Write the bundle where it is new, then that it was confirmed: never the second without the first."""
        if self._directory is None or self._tag is None:
            return
        if body is not None:
            (self._directory / _CONFIRMATION).unlink(missing_ok=True)
            write_whole(self._directory / _BODY, [body])
        confirmation = _Confirmation(self._tag, now, self._proof(self._tag, now))
        write_whole(self._directory / _CONFIRMATION, [msgspec.json.encode(confirmation)])

    def _proof(self, tag: str, confirmed_at: int) -> str:
        """Return what nobody can write who has not the key: of this bundle, its tag and its instant."""
        told = msgspec.json.encode((self._digest.hex(), tag, confirmed_at))
        return blake2b(told, key=self._proof_key, digest_size=32).hexdigest()


def _tag(header: str | None) -> str | None:
    """Return an entity tag (RFC 9110 section 8.8.3) that can be sent back."""
    return header if header is not None and header.isascii() and header.isprintable() else None


def _read_confirmation(written: bytes | None) -> _Confirmation | None:
    return None if written is None else read(_CONFIRMATIONS, written)
