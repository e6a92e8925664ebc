"""A record that somebody deletes while another writes it: the answer is what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fakes.served import POLICIES
from httpx2 import ASGITransport, AsyncClient

from policy_service.application.commands.edit_agreements import AgreementEdits
from policy_service.application.commands.edit_identifiers import IdentifierEdits
from policy_service.bootstrap import wiring
from policy_service.entrypoints.http.app import create_app
from policy_service.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.anyio

IDENTIFIER = {
    "identifier": "04:A2:B3:C4:D5:E6:90",
    "type": "rfid",
    "class": "agreement",
    "vehicle": "bus-90",
    "fleet": "metro",
    "agreement": "metro-90",
    "attributes": {"kind": "bus"},
    "chargers": {"ids": ["NTH-01"]},
    "valid_to": "2027-01-01T00:00:00Z",
}
AGREEMENT = {"fleet": "metro", "chargers": {"labels": {"depot": ["north"]}}, "valid_from": "2026-01-01T00:00:00Z"}


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[AsyncClient]:
    settings = Settings(policies=POLICIES, state_dir=tmp_path, scheduler="apart", reload_interval=60)
    async with wiring.running(settings) as service:
        transport = ASGITransport(app=create_app(service, max_body_bytes=8 << 20))
        async with AsyncClient(transport=transport, base_url="http://x") as asking:
            yield asking


@pytest.mark.parametrize(
    ("edits", "path", "body"),
    [
        (IdentifierEdits, "/v1/identifiers/" + "0" * 32, IDENTIFIER),
        (AgreementEdits, "/v1/agreements/metro-90", AGREEMENT),
    ],
)
async def test_a_record_that_is_deleted_just_after_it_was_put_is_answered_as_it_was_written(
    client: AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    edits: type[IdentifierEdits | AgreementEdits],
    path: str,
    body: dict[str, Any],
) -> None:
    first = await client.put(path, json=body)
    assert (first.status_code, first.json()) == (201, (await client.get(path)).json())
    put = edits.put

    async def overtaken(self: Any, id_: str, body: dict[str, Any]) -> Any:  # noqa: ANN401 - as either of the two
        written = await put(self, id_, body)
        assert await self.delete(id_)
        return written

    monkeypatch.setattr(edits, "put", overtaken)
    again = await client.put(path, json=body)
    assert (again.status_code, again.json()) == (200, first.json())
    assert (await client.get(path)).status_code == 404
