"""From a Redis URL to a client: one server, a master that sentinels watch, or a cluster.

``redis://`` and ``rediss://`` (TLS) name one server, ``unix://`` its socket; ``redis+sentinel://HOST:PORT,…/SERVICE/DB``
names sentinels and the service that they watch, ``redis+cluster://HOST:PORT,…`` some nodes of a cluster. Both take
``rediss`` for TLS as well.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis, RedisCluster, Sentinel
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from urllib.parse import SplitResult

Client: TypeAlias = Any
"""A client of any of the three kinds; the library leaves much of what they have in common untyped."""

MOST_CONNECTIONS = 64
_SENTINEL_PORT, _PORT = 26_379, 6_379
_FORM = (
    "the Redis URL must be like `redis://HOST:PORT/DB`, `redis+sentinel://HOST:PORT,HOST:PORT/SERVICE/DB` or "
    "`redis+cluster://HOST:PORT,HOST:PORT`; `rediss` is TLS"
)


def connect(url: str, timeout_s: float | None) -> Client:
    """Return a client that never tries twice and waits no longer than told. Raises ValueError, without the URL.

    The library would try three times and wait for seconds: on the way to a driver's answer that is too long.
    """
    how: dict[str, Any] = {
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s or 1.0,
        "retry": Retry(NoBackoff(), 0),
    }
    try:
        address = urlsplit(url)
        scheme, _, kind = address.scheme.partition("+")
        if kind == "sentinel":
            return _watched(address, how | _identity(address, scheme))
        if kind == "cluster":
            nodes = [ClusterNode(host, port) for host, port in _hosts(address, _PORT)]
            return RedisCluster(startup_nodes=nodes, **how, **_identity(address, scheme))
        one: Any = Redis
        return one.from_url(url, max_connections=MOST_CONNECTIONS, **how)
    except (ValueError, IndexError):
        raise ValueError(_FORM) from None


async def disconnect(client: Client) -> None:
    """Close a client's connections, and those to sentinels, which the library leaves open."""
    manager = getattr(getattr(client, "connection_pool", None), "sentinel_manager", None)
    for each in (client, *(manager.sentinels if manager is not None else ())):
        with suppress(RedisError, OSError):
            await each.aclose()


def _watched(address: SplitResult, how: dict[str, Any]) -> Client:
    service, _, database = address.path.lstrip("/").partition("/")
    if not service:
        raise ValueError(_FORM)
    patience = {name: how[name] for name in ("socket_timeout", "socket_connect_timeout", "retry")}
    watching: Any = Sentinel
    sentinels = watching(_hosts(address, _SENTINEL_PORT), sentinel_kwargs=patience, **how)
    return sentinels.master_for(service, db=int(database or 0), max_connections=MOST_CONNECTIONS)


def _hosts(address: SplitResult, port: int) -> list[tuple[str, int]]:
    places = address.netloc.rpartition("@")[2].split(",")
    split = [urlsplit(f"//{place}") for place in places]
    return [(str(place.hostname or _refuse()), place.port or port) for place in split]


def _refuse() -> str:
    raise ValueError(_FORM)


def _identity(address: SplitResult, scheme: str) -> dict[str, Any]:
    """Return user, password and whether to speak TLS."""
    if scheme not in ("redis", "rediss"):
        raise ValueError(_FORM)
    user, colon, password = address.netloc.rpartition("@")[0].partition(":")
    named = {"username": unquote(user)} if user else {}
    named |= {"password": unquote(password)} if colon else {}
    return named | ({"ssl": True} if scheme == "rediss" else {})
