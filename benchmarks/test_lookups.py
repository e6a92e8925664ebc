"""Deciding over a million identifiers, one in a hundred unknown, by what answers the look-up."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path
from time import perf_counter_ns
from typing import TYPE_CHECKING, NamedTuple

import fleet
import pytest

from policy_service.application.imports.batches import ImportOptions
from policy_service.application.question import Question
from policy_service.bootstrap.wiring import prepare, running
from policy_service.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from conftest import Recorder

    from policy_service.application.service import Service

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from servers.postgres import running_postgres
from servers.redis import running_redis

_COUNT = int(os.environ.get("POLICY_SERVICE_BENCH_IDENTIFIERS", "1000000"))
_ASKED = 5_000
_UNKNOWN = 100
"""One in so many."""
_ROUNDS = 7
_NIGHT = 1_795_518_900
"""2026-11-24T11:15:00Z: the shipped chargers of Melbourne are managed."""
_MOST = 1.2
_POLICIES = Path(__file__).parents[1] / "policies"


class Figures(NamedTuple):
    """Microseconds a decision, by what answers its look-up."""

    database: float
    redis: float
    copy: float
    process: float


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Figures:
    """Measure the embedded default: SQLite, and no Redis."""
    directory = tmp_path_factory.mktemp("embedded")
    return asyncio.run(_figures(directory, f"sqlite:///{directory}/database", ""))


@pytest.fixture(scope="module")
def distributed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Figures]:
    """Measure PostgreSQL behind Redis."""
    with running_postgres() as postgres, running_redis() as redis:
        address = asyncio.run(postgres.new_database())
        yield asyncio.run(_figures(tmp_path_factory.mktemp("distributed"), address, redis.url))


async def _figures(directory: Path, database: str, redis: str) -> Figures:
    with_copy = Settings(
        policies=_POLICIES,
        state_dir=directory / "with copy",
        secret="s" * 16,  # type: ignore[arg-type] # pydantic makes it one
        database_url=database,
        redis_url=redis,
    )
    without = with_copy.model_copy(update={"state_dir": directory / "without", "snapshot_max_age": 0})
    prepare(with_copy.model_copy(update={"log_level": "error"}))
    async with running(without) as service:
        await service.import_identifiers(_upload(), ImportOptions(source="fleet", replace=True))
    async with running(without) as service:  # nothing in the process, nor in Redis
        of_database = await _asked(service)
    async with running(without) as service:
        of_redis = await _asked(service) if redis else float("nan")
    async with running(with_copy):
        await _until_there(with_copy.state_dir / "registry-snapshot.sqlite3")
    async with running(with_copy) as service:
        of_copy = await _asked(service)
        of_process = min([await _asked(service) for _ in range(_ROUNDS)])
    return Figures(of_database, of_redis, of_copy, of_process)


async def _until_there(path: Path) -> None:
    while not await asyncio.to_thread(path.exists):  # noqa: ASYNC110 - a file tells nobody that it has come
        await asyncio.sleep(0.1)


async def _upload() -> AsyncIterator[bytes]:
    for chunk in fleet.ndjson(_COUNT):
        yield chunk


async def _asked(service: Service) -> float:
    questions = _questions()
    began = perf_counter_ns()
    for question in questions:
        await service.decide(question)
    return (perf_counter_ns() - began) / 1000 / len(questions)


def _questions() -> Sequence[Question]:
    rng = random.Random(20261124)  # noqa: S311 - questions, not secrets
    numbers = [rng.randrange(_COUNT) for _ in range(_ASKED)]
    tokens = [
        f"04EE{number:010X}" if place % _UNKNOWN == 0 else fleet.identifier(number)
        for place, number in enumerate(numbers)
    ]
    return [Question("NTH-07", token, "rfid", _NIGHT, record=False) for token in tokens]


def test_redis_and_postgresql_cost_a_warm_process_nothing(
    embedded: Figures, distributed: Figures, record: Recorder
) -> None:
    """What is in the process's cache is as near whatever stands behind it."""
    for name, found in (("SQLite alone", embedded), ("PostgreSQL behind Redis", distributed)):
        by_redis = "" if found.redis != found.redis else f"Redis {found.redis:.0f} µs, "
        told = f"database {found.database:.0f} µs, {by_redis}copy {found.copy:.0f} µs, process {found.process:.1f} µs"
        record(f"decide over {_COUNT:,} identifiers, 1 % unknown: {name}", told)
    ratio = distributed.process / embedded.process
    record("the same in a warm process, PostgreSQL behind Redis against SQLite alone", f"{ratio:.2f} x", f"≤ {_MOST} x")
    assert ratio <= _MOST
