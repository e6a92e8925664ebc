"""What processes share: the fakes, one Redis, a master behind a sentinel, and a cluster keep the same contracts."""

from __future__ import annotations

import asyncio
import secrets
import time
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import pytest
from fakes.clock import FakeClock
from fakes.levels import Hub, HubSignal, MemorySharedCache
from fakes.samples import identifier
from servers.redis import running_cluster, running_redis, running_sentinels

from policy_service.adapters.redis.connect import connect
from policy_service.adapters.redis.names import Names
from policy_service.adapters.redis.pin_throttle import SharedPinThrottle
from policy_service.adapters.redis.server import RedisServer
from policy_service.adapters.redis.shared_cache import RedisSharedCache
from policy_service.adapters.redis.signal import RedisSignal
from policy_service.adapters.secret_fingerprints import SecretFingerprints
from policy_service.application.pin_throttle import SlidingWindowThrottle
from policy_service.application.ports import Shared
from policy_service.domain.access import VehicleClass
from policy_service.domain.agreement import Agreement
from policy_service.domain.registration import Registration
from policy_service.domain.selector import Selector

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from policy_service.application.pin_throttle import PinThrottle
    from policy_service.application.ports import ChangeSignal, SharedCache

pytestmark = pytest.mark.anyio
ATTEMPTS, WINDOW = 3, 60
PATIENT_S = 2.0
"""Contracts are about what is answered; on a busy machine even a sound Redis takes its time."""


class Ends(NamedTuple):
    """What two processes share, from either side."""

    caches: tuple[SharedCache, SharedCache]
    signals: tuple[ChangeSignal, ChangeSignal]
    throttles: tuple[PinThrottle, PinThrottle]
    clock: FakeClock


@pytest.fixture(scope="module")
def alone() -> Iterator[str]:
    with running_redis() as server:
        yield server.url


@pytest.fixture(scope="module")
def watched() -> Iterator[str]:
    with running_sentinels() as (url, _, _):
        yield url


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    with running_cluster() as (url, _):
        yield url


@pytest.fixture(params=["memory", "alone", "watched", "cluster"])
async def ends(request: pytest.FixtureRequest) -> AsyncGenerator[Ends, None]:
    clock = FakeClock()
    local = partial(SlidingWindowThrottle, attempts=ATTEMPTS, window=WINDOW, passed_s=clock.now)
    if request.param == "memory":
        hub, cache, throttle = Hub(), MemorySharedCache(), local()
        yield Ends((cache, cache), (HubSignal(hub), HubSignal(hub)), (throttle, throttle), clock)
        return
    url = request.getfixturevalue(request.param)
    names = Names(SecretFingerprints(secrets.token_bytes(16)))
    async with AsyncExitStack() as stack:
        servers = [RedisServer(connect(url, PATIENT_S), patience_s=PATIENT_S, slow_s=PATIENT_S) for _ in range(2)]
        for server in servers:
            stack.push_async_callback(server.close)
            await server.probe()
        signals = [RedisSignal(server, partial(connect, url, None), names.changes) for server in servers]
        for signal in signals:
            stack.push_async_callback(_ended, asyncio.create_task(signal.keep_listening(0.05)))
            await signal.wait(5)  # it listens
        one, other = (
            SharedPinThrottle(server, names, local(), clock, attempts=ATTEMPTS, window=WINDOW) for server in servers
        )
        caches = [RedisSharedCache(server, names, 60) for server in servers]
        yield Ends((caches[0], caches[1]), (signals[0], signals[1]), (one, other), clock)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


FULL = Registration(
    identifier(
        "04A2B3C4D5E680",
        vehicle_class=VehicleClass.AGREEMENT,
        agreement="metro-1",
        attributes={"kind": "bus", "height_m": 3.1, "axles": 2, "electric": True},
        chargers=Selector(ids=("NTH-*",), labels=(("depot", ("north",)),), exclude=("NTH-9",)),
        valid_from=5,
    ),
    Agreement("metro-1", "metro", valid_to=7, chargers=Selector(ids=("*",))),
)


async def test_what_one_shares_the_other_finds_as_it_was(ends: Ends) -> None:
    here, there = ends.caches
    assert await there.get(("A", "pin:1")) is None
    await here.put(("A", "pin:1"), Shared(FULL, 17, 1_795_000_000))
    found = await there.get(("A", "pin:1"))
    assert found is not None
    assert (found.version, found.read_at) == (17, 1_795_000_000)
    assert found.registration.record == FULL.record
    assert found.registration.agreement == FULL.agreement
    assert found.registration.profile is FULL.profile, "equal profiles stay one object"
    assert type(dict(found.registration.record.attributes)["axles"]) is int
    assert await there.get(("A",)) is None, "other keys, another question"


async def test_a_later_entry_replaces_the_earlier(ends: Ends) -> None:
    here, there = ends.caches
    await here.put(("B",), Shared(Registration(identifier("B", vehicle="old")), 1, 1))
    await there.put(("B",), Shared(Registration(identifier("B", vehicle="new")), 2, 2))
    found = await here.get(("B",))
    assert found is not None
    assert (found.version, found.registration.vehicle) == (2, "new")


async def test_an_announcement_wakes_the_others_up(ends: Ends) -> None:
    here, there = ends.signals
    began = time.monotonic()
    await there.wait(0.1)
    waited = time.monotonic() - began
    assert waited >= 0.09, "nobody has told of anything"
    waiting = asyncio.create_task(there.wait(30))
    await asyncio.sleep(0.05)
    await here.announce()
    async with asyncio.timeout(5):
        await waiting


async def test_denied_pins_count_together_and_by_charger(ends: Ends) -> None:
    here, there = ends.throttles
    for throttle in (here, there, here):
        assert not await there.exhausted("NTH-01")
        await throttle.count("NTH-01")
    assert await here.exhausted("NTH-01")
    assert await there.exhausted("NTH-01")
    assert not await there.exhausted("NTH-02")
    ends.clock.milliseconds += WINDOW * 1000
    assert not await here.exhausted("NTH-01")
    assert not await there.exhausted("NTH-01")


async def test_what_the_service_has_not_put_there_is_not_believed(alone: str) -> None:
    names = Names(SecretFingerprints(b"a secret of the tests"))
    foreign = Names(SecretFingerprints(b"another secret of theirs"))
    async with AsyncExitStack() as stack:
        client = connect(alone, PATIENT_S)
        server = RedisServer(client, patience_s=PATIENT_S, slow_s=PATIENT_S)
        stack.push_async_callback(server.close)
        cache, redis = RedisSharedCache(server, names, 60), cast("Any", client)
        await cache.put(("GOOD",), Shared(Registration(identifier("GOOD")), 1, 1))
        good, bad = names.registration(("GOOD",)), names.registration(("BAD",))
        written: bytes = await redis.get(good)
        assert await cache.get(("GOOD",)) is not None
        unproved = written[:-32]
        for forged in (written, unproved, unproved + bytes(32), unproved + foreign.proof(bad, unproved), b"", b"\0"):
            await redis.set(bad, forged)
            assert await cache.get(("BAD",)) is None
        await redis.set(good, written.replace(b"GOOD", b"EVIL"))
        assert await cache.get(("GOOD",)) is None


class Odd:
    """What answers like no Redis."""

    def __init__(self, answer: object) -> None:
        """Answer so, or fail so."""
        self.answer = answer

    async def get(self, *_: object) -> object:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    zcount = ping = get


@pytest.mark.parametrize("answer", [5, True, 1.5, [], {"a": 1}, "OK", b"OK", IndexError(), ValueError(), TypeError()])
async def test_what_answers_like_no_redis_knows_nothing(answer: object) -> None:
    client: Any = Odd(answer)
    server, names, clock = RedisServer(client), Names(SecretFingerprints(b"a secret of the tests")), FakeClock()
    local = SlidingWindowThrottle(attempts=ATTEMPTS, window=WINDOW)
    throttle = SharedPinThrottle(server, names, local, clock, attempts=6, window=WINDOW)
    assert await RedisSharedCache(server, names, 60).get(("A",)) is None
    assert not await throttle.exhausted("NTH-01")
    await server.probe()
    assert server.is_up is not isinstance(answer, Exception)
