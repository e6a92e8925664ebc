"""Imports that are cut off: all or nothing where that was promised, else whole batches, never half a record."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2
import pytest
from fakes.served import POLICIES, eventually, serving

from policy_service.application.imports.batches import BATCH

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.served import Served

HALF = 20_000
MANY = 100_000


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Give the settings of an empty database of one technology."""
    if request.param == "sqlite":
        return {}
    return {"database_url": asyncio.run(request.getfixturevalue("postgres").new_database())}


def lines(start: int, count: int) -> bytes:
    plain = '"type": "rfid", "class": "own", "vehicle": "bus", "fleet": "north"'
    return b"".join(b'{"identifier": "%012X", %s}\n' % (n, plain.encode()) for n in range(start, start + count))


def on_record(service: Served, source: str = "fleet") -> int:
    found = service.client.get(f"/v1/sources/identifiers/{source}").json()
    return int(found["records"])


def last(service: Served, source: str = "fleet") -> dict[str, Any]:
    """Return the source's last import, as far as it has been told; nothing read where there is none."""
    found: dict[str, Any] = service.client.get(f"/v1/sources/identifiers/{source}").json()
    return found.get("last_attempt") or {"lines": 0, "state": "running"}


def parts(count: int, halted: threading.Event) -> Iterator[bytes]:
    for start in range(0, count, 1000):
        yield lines(start, 1000)
    halted.wait(60)
    yield lines(count, 1000)


def post(service: Served, count: int, halted: threading.Event, *, raised: bool = True, **how: str) -> threading.Thread:
    def run() -> None:
        with pytest.raises(httpx2.TransportError) if raised else suppress(httpx2.TransportError):
            httpx2.post(
                f"{service.url}/v1/identifiers/import",
                params={"source": "fleet", **how},
                content=parts(count, halted),
                headers={"Content-Type": "application/x-ndjson"},
                timeout=60,
            )

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("count", "how"),
    [(MANY, {"atomic": "true"}), (HALF, {"mode": "replace"}), (HALF, {})],
    ids=["atomic", "replace", "merge"],
)
def test_a_server_killed_in_the_middle(store: dict[str, Any], tmp_path: Path, count: int, how: dict[str, str]) -> None:
    halted = threading.Event()
    with serving(POLICIES, tmp_path / "state", **store) as service:
        upload = post(service, count, halted, **how)
        try:
            eventually(lambda: last(service)["lines"] == count, within=90)
            service.process.send_signal(signal.SIGKILL)
            service.process.wait(10)
        finally:
            halted.set()
            upload.join()
    with serving(POLICIES, tmp_path / "state", **store) as service:
        found = on_record(service)
        if how:
            assert found == 0
        else:
            assert found % BATCH == 0
            assert found >= count - 2 * BATCH
        assert last(service)["state"] == "running"  # nobody is left to say otherwise; after two minutes it is failed
        assert _post_whole(service, "fleet") == HALF
        assert on_record(service) == max(HALF, found)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_that_ends_in_the_middle_says_what_became_of_it(tmp_path: Path, workers: int) -> None:
    """It waits no longer than it was told, and tells while its database is still there."""
    halted = threading.Event()
    with serving(POLICIES, tmp_path / "state", shutdown_grace=1, workers=workers) as service:
        upload = post(service, HALF, halted, raised=False)
        try:
            eventually(lambda: last(service)["lines"] == HALF and on_record(service) == BATCH, within=60)
            service.process.send_signal(signal.SIGTERM)
            service.process.wait(30)
        finally:
            halted.set()
            upload.join()
    with serving(POLICIES, tmp_path / "state") as service:
        assert last(service)["state"] == "failed"
        (entry,) = service.client.get("/v1/audit").json()["entries"]
        assert (entry["action"], entry["detail"]["status"]) == ("POST /v1/identifiers/import", 503)


def test_a_server_killed_while_an_atomic_import_takes_effect(store: dict[str, Any], tmp_path: Path) -> None:
    for moment in range(2):
        source = f"moment-{moment}"
        with serving(POLICIES, tmp_path / "state", **store) as service:
            upload = threading.Thread(target=_post_whole, args=(service, source))
            upload.start()
            eventually(lambda named=source: last(service, named)["lines"] == HALF, within=60)
            time.sleep(0.2 * moment)
            service.process.send_signal(signal.SIGKILL)
            service.process.wait(10)
            upload.join()
        with serving(POLICIES, tmp_path / "state", **store) as service:
            found = on_record(service, source)
        assert found in (0, HALF)
        if found:
            return


def _post_whole(service: Served, source: str) -> int:
    """Import so many; return how many were taken, none where the service went away."""
    with suppress(httpx2.TransportError):
        reply = httpx2.post(
            f"{service.url}/v1/identifiers/import",
            params={"source": source, "atomic": "true"},
            content=lines(0, HALF),
            headers={"Content-Type": "application/x-ndjson"},
            timeout=60,
        )
        return int(reply.json()["accepted"])
    return 0


@pytest.mark.parametrize("atomic", [True, False])
def test_a_client_that_goes_away_in_the_middle(store: dict[str, Any], tmp_path: Path, *, atomic: bool) -> None:
    with serving(POLICIES, tmp_path / "state", **store) as service:
        address = urlsplit(service.url)
        sent = BATCH + 500
        body = lines(0, sent)
        head = (
            f"POST /v1/identifiers/import?source=fleet&atomic={str(atomic).lower()} HTTP/1.1\r\nHost: x\r\n"
            f"Content-Type: application/x-ndjson\r\nContent-Length: {len(body) + 100}\r\n\r\n"
        )
        with socket.create_connection((address.hostname, address.port)) as connection:
            connection.sendall(head.encode() + body + b'{"identifier": "AABBCCDD", "type"')
            eventually(lambda: last(service)["lines"] == sent, within=20)
            eventually(lambda: atomic or on_record(service) == BATCH, within=20)  # it reads on while it writes
        eventually(lambda: last(service)["state"] == "failed", within=10)
        assert on_record(service) == (0 if atomic else BATCH)
        assert last(service)["ended_at"] is not None
