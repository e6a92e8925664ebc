"""A CSMS that somebody else has written, PyPI ocpp-csms, with every decision handed over by its hook."""

from __future__ import annotations

import pytest
from chargers import plugged_in
from ocpp.v16.enums import AuthorizationStatus
from ocpp_csms import CentralSystem, ChargePoint
from wired_depot import CARD, MAC, STRANGER, Depot, Token

from policy_service.client import PolicyClient

pytestmark = pytest.mark.anyio


async def test_it_delegates_by_its_hook(depot: Depot) -> None:
    async with PolicyClient(depot.service.url) as policy:

        async def ask(charge_point: ChargePoint, id_tag: str) -> AuthorizationStatus:
            answer = await policy.ocpp("1.6", charge_point.id, "Authorize", {"idTag": id_tag})
            return AuthorizationStatus(answer.payload["idTagInfo"]["status"])

        async with (
            CentralSystem(host="127.0.0.1", port=0, authorize=ask) as central,
            plugged_in("1.6", f"ws://127.0.0.1:{central.port}", charger_id := depot.managed()) as charger,
        ):
            await charger.boot()
            statuses = [(await charger.authorize(token)).status for token in (CARD, Token(f"VID:{MAC.text}"), STRANGER)]
            assert statuses == ["Accepted", "Accepted", "Invalid"]
            assert (await charger.begin(CARD)).status == "Accepted"
            assert (await charger.end(8_000)).status == "Accepted"
            assert (await charger.begin(STRANGER)).status == "Invalid"
            await charger.end(0, "DeAuthorized")
    assert depot.denials(charger_id) == [("Authorize", "unknown_identifier")] * 2
