"""Sends to webhooks. Whoever may name a URL must not reach by it what only this machine reaches (SSRF)."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Protocol

import httpx2

from policy_service.adapters.http.addresses import is_public
from policy_service.domain.webhook import Attempt, holds_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HOST = re.compile(rb"[a-z0-9._-]+|[0-9a-f:.]+")
_MOST_PORT = 65_535
_MOST_DIGITS = 9
"""Of a wait in seconds: more than anybody waits."""
PATIENCE_S = 10.0
"""For one delivery, from the name's resolution to the head of the answer."""


class Resolver(Protocol):
    """Finds the addresses of hosts."""

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host, the preferred first. Raises OSError and UnicodeError where there are none."""
        ...


class SystemResolver:
    """Asks as the system does."""

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host, the preferred first. Raises OSError and UnicodeError where there are none."""
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(address[0]) for *_, address in found))


class PinnedSender:
    """Resolves a name once, refuses it unless every address is public, and connects to what was checked.

    So a name that answers differently a moment later leads nowhere else. TLS still proves the name. No redirect is
    followed, no proxy asked, and of an answer only its head is read. Each delivery has a connection of its own: one
    that is kept would belong to an address, and one address serves many names.
    """

    def __init__(
        self,
        resolver: Resolver,
        *,
        allow_private: bool = False,
        trust: ssl.SSLContext | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Trust the system's authorities unless told otherwise; they are read before the first delivery."""
        self._resolver = resolver
        self._allow_private = allow_private
        self._trust = trust
        self._patience_s = patience_s

    def objection(self, url: str) -> str | None:
        """Say why nothing can ever be sent there, as far as the URL alone tells; None where it does not."""
        try:
            target = httpx2.URL(url)
            port = target.port
        except (httpx2.InvalidURL, ValueError):
            return "it is no URL"
        if holds_credentials(url) or target.fragment:
            return "a URL with a user or a fragment is not accepted"
        if not _HOST.fullmatch(target.raw_host) or not 0 < (port or 1) <= _MOST_PORT:
            return "it names no host, or a port that there is not"
        return None if self._allow_private else _objection_of(target)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        """Send once, and say what became of it. Never raises."""
        try:
            async with asyncio.timeout(self._patience_s):
                return await self._post(httpx2.URL(url), headers, body)
        except TimeoutError:
            return Attempt(None, "timeout")
        except (httpx2.InvalidURL, ValueError):
            return Attempt(None, "no URL")

    async def _post(self, url: httpx2.URL, headers: Mapping[str, str], body: bytes) -> Attempt:
        if not self._allow_private and url.scheme != "https":
            return Attempt(None, "not https")
        host, port = url.raw_host.decode("ascii"), url.port or (443 if url.scheme == "https" else 80)
        try:
            addresses = await self._resolver.addresses(host, port)
        except (OSError, UnicodeError):
            addresses = ()
        if not addresses:
            return Attempt(None, "name not found")
        if not self._allow_private and not all(map(is_public, addresses)):
            return Attempt(None, "private address")
        request = httpx2.Request(
            "POST",
            url,
            headers={**headers, "Host": url.netloc.decode("ascii")},
            content=body,
            extensions={"sni_hostname": host, "timeout": httpx2.Timeout(self._patience_s).as_dict()},
        )
        return await self._at_one_of(addresses, request)

    async def _at_one_of(self, addresses: Sequence[str], request: httpx2.Request) -> Attempt:
        """Send to the first address that can be connected to."""
        attempt = Attempt(None, "no connection")
        async with httpx2.AsyncHTTPTransport(verify=await self._trusted(), trust_env=False) as transport:
            for address in addresses:
                request.url = request.url.copy_with(host=address)
                try:
                    answer = await transport.handle_async_request(request)
                except httpx2.ConnectError as error:
                    attempt = Attempt(None, "TLS" if _is_about_tls(error) else "no connection")
                except httpx2.TimeoutException:
                    return Attempt(None, "timeout")
                except httpx2.HTTPError:
                    return Attempt(None, "broken connection")
                else:
                    await answer.aclose()
                    return Attempt(answer.status_code, wait_ms=_wait_ms(answer.headers.get("Retry-After", "")))
        return attempt

    async def _trusted(self) -> ssl.SSLContext:
        """Return what tells whom to trust. Most services send nothing: no start waits for all the authorities."""
        if self._trust is None:
            self._trust = await asyncio.to_thread(ssl.create_default_context)
        return self._trust


def _objection_of(target: httpx2.URL) -> str | None:
    if target.scheme != "https":
        return "only https is accepted"
    try:
        public = is_public(target.host)
    except ValueError:  # a name: its addresses are looked at whenever something is sent
        return None
    return None if public else "the address is not public"


def _wait_ms(told: str) -> int:
    """Return the wait that a ``Retry-After`` asks for, in milliseconds: seconds or an instant; else none."""
    told = told.strip()
    if told.isascii() and told.isdigit():
        return int(told[:_MOST_DIGITS]) * 1000
    try:
        return max(0, round((parsedate_to_datetime(told).timestamp() - time.time()) * 1000))
    except (ValueError, OverflowError):
        return 0


def _is_about_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
