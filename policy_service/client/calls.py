"""Calls to the service: kept connections, one deadline for each call, and one retry where that is safe."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

import aiohttp

from policy_service.client.patience import Patience

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

_UNIX = "unix://"
_SCHEMES = ("http://", "https://", _UNIX)
_KEPT_S = 4.0
"""Idle connections are closed here before the service closes them, after 5 s: few requests meet a closing one."""
_MOST_CONNECTIONS = 64
_MOST_BYTES = 64 * 1024 * 1024
_CHUNK = 64 * 1024


class UnreachableError(Exception):
    """The service did not answer within the deadline; says why, and nothing of what was sent."""


class Reply(NamedTuple):
    """An answer of the service, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Calls:
    """Asks one service. Open while the context is."""

    def __init__(self, url: str, *, key: str | None, deadline_s: float, tls: ssl.SSLContext | None) -> None:
        """Ask at ``http://…``, ``https://…``, or ``unix:///run/policy.sock``; ``key`` is an API key or a token.

        Raises ValueError for any other address: to wait for an answer from there would look like an outage.
        """
        scheme = url[: url.find("://") + 3].lower()
        if scheme not in _SCHEMES:
            message = f"the service's address must begin with one of {', '.join(_SCHEMES)}"
            raise ValueError(message)
        self._socket = url[len(_UNIX) :] if scheme == _UNIX else None
        self._base = "http://localhost" if self._socket else url.rstrip("/")
        self._headers = {"Content-Type": "application/json"}
        if key is not None:
            self._headers["Authorization"] = f"Bearer {key}"
        self._deadline_s = deadline_s
        self._tls = tls
        self._patience = Patience()
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make ready to ask; nothing is connected yet."""
        self._session = aiohttp.ClientSession(
            connector=self._connector(),
            headers=self._headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
        )

    def _connector(self) -> aiohttp.BaseConnector:
        if self._socket:
            return aiohttp.UnixConnector(self._socket, limit=_MOST_CONNECTIONS, keepalive_timeout=_KEPT_S)
        trust = True if self._tls is None else self._tls
        return aiohttp.TCPConnector(limit=_MOST_CONNECTIONS, keepalive_timeout=_KEPT_S, ssl=trust)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        deadline_s: float | None = None,
    ) -> Reply:
        """Ask once, and once more where the connection was reset before anything of the answer had arrived.

        Raises UnreachableError where there is no whole answer within the deadline, retry included, and at once where
        several calls before had none.
        """
        if self._patience.lost():
            message = "it has not answered for a while"
            raise UnreachableError(message)
        try:
            reply = await self._within_deadline(method, path, body, headers, deadline_s)
        except UnreachableError:
            self._patience.failed()
            raise
        self._patience.answered()
        return reply

    async def _within_deadline(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str] | None, deadline_s: float | None
    ) -> Reply:
        try:
            async with asyncio.timeout(self._deadline_s if deadline_s is None else deadline_s):
                try:
                    return await self._once(method, path, body, headers)
                except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                    if not _is_reset(error):
                        raise
                return await self._once(method, path, body, headers)
        except TimeoutError:
            message = "no answer within the deadline"
            raise UnreachableError(message) from None
        except (aiohttp.ClientError, OSError) as error:
            raise UnreachableError(type(error).__name__) from None

    async def _once(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str] | None) -> Reply:
        if self._session is None:
            message = "the client is not open: ask within `async with PolicyClient(…) as client`"
            raise RuntimeError(message)
        async with self._session.request(
            method, self._base + path, data=body, headers=headers, allow_redirects=False
        ) as answer:
            return Reply(answer.status, answer.headers, await _body(answer))


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    """Read a body of bounded size. What breaks from here on is a ClientPayloadError, which is never retried."""
    parts: list[bytes] = []
    size = 0
    try:
        async for part in answer.content.iter_chunked(_CHUNK):
            parts.append(part)
            size += len(part)
            if size > _MOST_BYTES:
                message = "the answer is too large"
                raise UnreachableError(message)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientPayloadError(type(error).__name__) from None
    return b"".join(parts)


def _is_reset(error: aiohttp.ClientError) -> bool:
    """Tell a connection that broke from one that could not be made, and from one that broke within an answer."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return False
    return not (isinstance(error, aiohttp.ServerDisconnectedError) and not isinstance(error.message, str))
