"""What takes long is done by threads, and a little at a time: whoever waits in front of a charger comes first."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
from fakes.served import POLICIES
from fastapi.openapi.utils import get_openapi
from httpx2 import ASGITransport, AsyncClient

from policy_service.application.commands import reload_policies
from policy_service.application.ports import EventFilter, Page
from policy_service.application.queries import events
from policy_service.application.queries.events import MOST_PAGES, EventQueries
from policy_service.bootstrap import wiring
from policy_service.entrypoints.http import openapi
from policy_service.entrypoints.http.app import create_app
from policy_service.entrypoints.http.body import MOST_BYTES
from policy_service.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from policy_service.application.service import Service

pytestmark = pytest.mark.anyio
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    settings = Settings(policies=POLICIES, state_dir=tmp_path, scheduler="apart", reload_interval=60)
    async with wiring.running(settings) as running:
        yield running


@pytest.fixture
async def client(service: Service) -> AsyncIterator[AsyncClient]:
    app = create_app(service, max_body_bytes=8 << 20)
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://x") as asking:
        yield asking


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/openapi.json", 200), ("PATCH", "/v1/decide", 405)])
async def test_the_description_is_made_by_a_thread(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch, method: str, path: str, status: int
) -> None:
    makers: list[int] = []

    def made(**given: Any) -> dict[str, Any]:  # noqa: ANN401 - as the framework's
        makers.append(threading.get_ident())
        return get_openapi(**given)

    monkeypatch.setattr(openapi, "get_openapi", made)
    found = await asyncio.gather(*(client.request(method, path) for _ in range(3)))
    assert [reply.status_code for reply in found] == [status] * 3
    assert len(makers) == 1
    assert makers[0] != threading.get_ident()


@pytest.mark.parametrize(
    ("path", "member", "status"),
    [("/v1/decide/batch", "requests", 422), ("/access/v1/evaluations", "evaluations", 400)],
)
async def test_a_large_body_is_read_by_a_thread_and_one_larger_still_is_refused(
    client: AsyncClient, path: str, member: str, status: int
) -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.001)
            turns += 1

    counting = asyncio.create_task(count())
    many = b"{}," * ((MOST_BYTES - 100) // 3)
    body = b'{"%b":[%b{}]}' % (member.encode(), many)
    refused = await client.post(path, content=body, headers=JSON)
    counting.cancel()
    assert (refused.status_code, turns > 5) == (status, True)
    larger = b'{"%b":[%b{}]}' % (member.encode(), many + b"{}," * 100)
    assert (await client.post(path, content=larger, headers=JSON)).status_code == 413


async def test_few_pages_of_events_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    most = under_way = 0
    viewers: set[int] = set()

    class Reader:
        async def page(self, _wanted: EventFilter, **_paging: object) -> Page[object]:
            nonlocal most, under_way
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0.01)
            under_way -= 1
            return Page([object()], None)

    async def recorded() -> None:
        """Wait for nothing."""

    monkeypatch.setattr(events, "event_view", lambda _event: viewers.add(threading.get_ident()) or {})
    queries = EventQueries(Reader(), recorded)  # type: ignore[arg-type]  # pages are all that is asked for
    await asyncio.gather(*(queries.page(EventFilter(), limit=1000) for _ in range(10)))
    assert most == MOST_PAGES
    assert threading.get_ident() not in viewers


async def test_what_loads_leave_behind_is_collected_now_and_then(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    tidied: list[str] = []
    monkeypatch.setattr(reload_policies, "tidy", lambda: tidied.append("tidy"))
    monkeypatch.setattr(reload_policies, "_TIDY_AFTER", 3)
    for _ in range(6):
        await service.reload(force=True)
    assert tidied == ["tidy"] * 2
