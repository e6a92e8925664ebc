"""The stores, wired: the system of record, what processes share, and this node's copy of the registry."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import structlog

from policy_service.adapters.no_redis import NoSharedCache, NoSignal
from policy_service.adapters.sealing import AesGcmSeal
from policy_service.adapters.secret_fingerprints import SecretFingerprints
from policy_service.adapters.sql.chargers import SqlChargers
from policy_service.adapters.sql.engine import database_at
from policy_service.adapters.sql.identifiers import SqlIdentifiers
from policy_service.adapters.sql.overrides import SqlOverrides
from policy_service.adapters.sql.schema import upgrade
from policy_service.adapters.sql.secret import generated_secret, stored_secret
from policy_service.adapters.sql.snapshot_file import SnapshotFile
from policy_service.adapters.sql.snapshot_maker import SnapshotMaker
from policy_service.adapters.sql.versions import SqlVersionStore
from policy_service.application.commands.reload_policies import Remembered
from policy_service.application.pin_throttle import SlidingWindowThrottle
from policy_service.application.ports import StoreUnavailableError
from policy_service.application.registry import RegistryBounds
from policy_service.application.snapshot_keeping import SnapshotKeeping
from policy_service.application.version_watch import VersionWatch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from contextlib import AsyncExitStack
    from pathlib import Path

    from policy_service.adapters.sql.engine import Database
    from policy_service.adapters.telemetry import Telemetry
    from policy_service.application.pin_throttle import PinThrottle
    from policy_service.application.ports import ChangeSignal, Clock, Fingerprints, RegistrySnapshot, Seal, SharedCache
    from policy_service.application.registry import Registry
    from policy_service.bootstrap.tracing import Tracing
    from policy_service.settings import Settings

    Work = Callable[[], Awaitable[None]]

_RETRY_S = 2.0
_log = structlog.get_logger("policy_service.bootstrap")


class Stores(NamedTuple):
    """The stores as the use cases see them, and the work that keeps them well."""

    database: Database
    fingerprints: Fingerprints
    seal: Seal
    watch: VersionWatch
    registry: Registry
    snapshot: RegistrySnapshot
    throttle: PinThrottle
    redis_state: Callable[[], str]
    remembered: Remembered | None
    """What the copy knows of chargers and overrides, where the database could not be asked at the start."""
    background: Sequence[Work]


async def open_stores(
    settings: Settings, stack: AsyncExitStack, clock: Clock, telemetry: Telemetry, tracing: Tracing
) -> Stores:
    """Open the stores; they are closed with the stack. Without a database, a copy on this node is enough.

    Raises StoreUnavailableError where there is neither, ValueError for an address that cannot be used.
    """
    database = database_at(settings.database)
    stack.push_async_callback(database.close)
    tracing.database(database)
    database.on_failure = telemetry.database_failed
    snapshot = await _copy_in(settings.state_dir, stack)
    background: list[Work] = []
    remembered, secret = None, _given_secret(settings)
    try:
        await upgrade(database)
        secret = secret or await _made_secret(database)
    except StoreUnavailableError:
        if snapshot.versions is None:
            raise
        _log.error("the database cannot be asked: starting on this node's copy of the registry")
        remembered, secret = await _from_copy(snapshot, clock, secret)
        background.append(partial(_upgrade_later, database))
    fingerprints = SecretFingerprints(secret)
    shared = await _shared(settings, stack, clock, fingerprints, tracing)
    watch = VersionWatch(SqlVersionStore(database), shared.signal, clock)
    bounds = RegistryBounds(cache_max_age_s=settings.cache_max_age, snapshot_max_age_s=settings.snapshot_max_age)
    registry = tracing.registry(SqlIdentifiers(database), shared.cache, snapshot, watch, clock, telemetry, bounds)
    keeping = SnapshotKeeping(watch, snapshot, SnapshotMaker(database, snapshot.path), telemetry)
    copying = [keeping.keep] if settings.snapshot_max_age else []
    began = clock.now()

    def tell() -> None:
        up = {"database": registry.available} | ({} if shared.state() == "off" else {"redis": shared.state() == "up"})
        since = snapshot.confirmed_at or began  # where none can be written, that must grow as well: there is an alert
        telemetry.stores_are(up, max(0, clock.now() - since) if settings.snapshot_max_age else 0)
        telemetry.connections_are(*database.connections)
        telemetry.flush()

    stack.callback(telemetry.flush)
    watch.on_look(tell)
    background += [*shared.background, watch.keep_looking, *copying]
    return Stores(
        database,
        fingerprints,
        AesGcmSeal(secret),
        watch,
        registry,
        snapshot,
        shared.throttle,
        shared.state,
        remembered,
        tuple(background),
    )


class _Shared(NamedTuple):
    """What goes through Redis, or stands in for it."""

    cache: SharedCache
    signal: ChangeSignal
    throttle: PinThrottle
    state: Callable[[], str]
    background: Sequence[Work]


async def _shared(
    settings: Settings, stack: AsyncExitStack, clock: Clock, fingerprints: Fingerprints, tracing: Tracing
) -> _Shared:
    attempts, window = settings.pin_attempts, settings.pin_attempts_window
    local = SlidingWindowThrottle(attempts=attempts, window=window)
    if not settings.redis_url:
        return _Shared(NoSharedCache(), NoSignal(), local, lambda: "off", ())
    # without a Redis, a start does not wait for its library
    from policy_service.adapters.redis.connect import connect  # noqa: PLC0415
    from policy_service.adapters.redis.names import Names  # noqa: PLC0415
    from policy_service.adapters.redis.pin_throttle import SharedPinThrottle  # noqa: PLC0415
    from policy_service.adapters.redis.server import PATIENCE_S, RedisServer  # noqa: PLC0415
    from policy_service.adapters.redis.signal import RedisSignal  # noqa: PLC0415

    server = RedisServer(connect(settings.redis_url, PATIENCE_S))
    stack.push_async_callback(server.close)
    names = Names(fingerprints)
    signal = RedisSignal(server, partial(connect, settings.redis_url, None), names.changes)
    await server.probe()
    return _Shared(
        tracing.shared_cache(server, names, settings.cache_max_age),
        signal,
        SharedPinThrottle(server, names, local, clock, attempts=attempts, window=window),
        lambda: "up" if server.is_up else "down",
        (server.keep_probing, signal.keep_listening),
    )


def _given_secret(settings: Settings) -> bytes | None:
    return None if settings.secret is None else settings.secret.get_secret_value().encode()


async def _made_secret(database: Database) -> bytes:
    _log.warning("POLICY_SERVICE_SECRET is not set: the key of PIN hashes lies in the database beside them")
    return await generated_secret(database)


async def _copy_in(state_dir: Path, stack: AsyncExitStack) -> SnapshotFile:
    """Open this node's copy; one that is not as it was written is as none: it could let in who was blocked."""
    snapshot = SnapshotFile(state_dir / "registry-snapshot.sqlite3")
    stack.callback(snapshot.close)
    if snapshot.versions is not None and not await asyncio.to_thread(snapshot.is_whole):
        snapshot.discard()
        _log.error("this node's copy of the registry is damaged and counts as none")
    return snapshot


async def _from_copy(snapshot: SnapshotFile, clock: Clock, secret: bytes | None) -> tuple[Remembered, bytes]:
    """Return what the copy knows of all that the database was asked for. Raises StoreUnavailableError."""
    copy = database_at(f"sqlite:///{snapshot.path}")
    try:
        chargers = await SqlChargers(copy).all()
        overrides = await SqlOverrides(copy).standing(clock.now())
        secret = secret or await stored_secret(copy)
    finally:
        await copy.close()
    if secret is None:
        message = "the database could not be asked for the secret, and POLICY_SERVICE_SECRET is not set"
        raise StoreUnavailableError(message)
    return Remembered(chargers, overrides), secret


async def _upgrade_later(database: Database) -> None:
    """Bring the schema up to date as soon as the database is there, and rest for ever."""
    while True:
        try:
            await upgrade(database)
        except StoreUnavailableError:
            await asyncio.sleep(_RETRY_S)
        else:
            await asyncio.Event().wait()
