"""Simulated chargers of three versions through the reference CSMS to a served policy-service, over real websockets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING

import pytest
from chargers import Token, plugged_in
from csms import serving
from wired_depot import CARD, MAC, STRANGER, VERSIONS, VERSIONS_2

if TYPE_CHECKING:
    from csms import Csms
    from wired_depot import Depot

pytestmark = pytest.mark.anyio
STARTS = {"1.6": "StartTransaction", "2.0.1": "TransactionEvent", "2.1": "TransactionEvent"}


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_depots_own_vehicle_charges(csms: Csms, depot: Depot, version: str) -> None:
    async with plugged_in(version, csms.url, charger_id := depot.managed()) as charger:
        await charger.boot()
        verdicts = [await charger.authorize(CARD), await charger.begin(CARD)]
        verdicts += [await charger.progress(5_000), await charger.end(12_400)]
    assert all(verdict.accepted for verdict in verdicts)
    assert [(each.result, each.energy_wh) for each in csms.sessions.ended] == [("completed", 12_400)]
    assert not csms.sessions.running
    assert not csms.sessions.incidents
    assert [event["type"] for event in depot.events(charger_id)] == ["access.allowed"] * 2


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_refused_start_is_one_denial_and_nothing_else(csms: Csms, depot: Depot, version: str) -> None:
    async with plugged_in(version, csms.url, charger_id := depot.managed()) as charger:
        assert not (await charger.begin(STRANGER)).accepted
        assert (await charger.end(0, "DeAuthorized")).accepted
    assert depot.denials(charger_id) == [(STARTS[version], "unknown_identifier")]
    assert [each.result for each in csms.sessions.ended] == ["denied"]
    assert not csms.sessions.incidents


@pytest.mark.parametrize(
    ("version", "reason"), [("1.6", "DeAuthorized"), *product(VERSIONS_2, ["DeAuthorized", "Local"])]
)
async def test_a_csms_that_has_forgotten_the_session_still_knows_a_denial(
    csms: Csms, depot: Depot, version: str, reason: str
) -> None:
    async with plugged_in(version, csms.url, charger_id := depot.managed()) as charger:
        assert not (await charger.begin(STRANGER)).accepted
        csms.sessions.running.clear()
        await charger.progress(0)
        await charger.end(0, reason)
    assert [each.result for each in csms.sessions.ended] == ["denied"]
    assert not csms.sessions.incidents
    assert len(depot.denials(charger_id)) == 1


@pytest.mark.parametrize("version", VERSIONS)
async def test_faults_and_failed_sessions_are_incidents(csms: Csms, depot: Depot, version: str) -> None:
    async with plugged_in(version, csms.url, charger_id := depot.managed()) as charger:
        await charger.fault()
        assert (await charger.begin(CARD)).accepted
        await charger.end(5_000, "PowerLoss")
        assert (await charger.begin(CARD)).accepted
        await charger.end(0, "Local")
        assert (await charger.begin(CARD)).accepted
        await charger.end(9_000, "Remote")
    assert [each.result for each in csms.sessions.ended] == ["failed", "failed", "completed"]
    assert [each.charger for each in csms.sessions.incidents] == [charger_id] * 3
    assert depot.denials(charger_id) == []


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_switch_to_managed_neither_cuts_nor_refuses_what_runs(csms: Csms, depot: Depot, version: str) -> None:
    async with plugged_in(version, csms.url, charger_id := depot.freevend()) as charger:
        assert (await charger.begin(STRANGER)).accepted
        depot.manage(charger_id)
        for energy_wh in (1_000, 2_000, 3_000):
            assert (await charger.progress(energy_wh)).accepted
        assert (await charger.end(3_000)).accepted
        assert depot.denials(charger_id) == []
        assert not (await charger.authorize(STRANGER)).accepted
    assert depot.denials(charger_id) == [("Authorize", "unknown_identifier")]
    assert [each.result for each in csms.sessions.ended] == ["completed"]
    assert not csms.sessions.incidents


@pytest.mark.parametrize("version", VERSIONS_2)
async def test_what_happened_offline_is_judged_at_its_own_time(csms: Csms, depot: Depot, version: str) -> None:
    began = datetime.now(UTC) - timedelta(hours=2)
    async with plugged_in(version, csms.url, charger_id := depot.freevend()) as charger:
        depot.manage(charger_id)
        assert (await charger.begin(STRANGER, at=began, offline=True)).accepted
        assert (await charger.end(7_000, at=began + timedelta(hours=1), offline=True)).accepted
        assert not (await charger.authorize(STRANGER)).accepted
    assert [each.result for each in csms.sessions.ended] == ["completed"]


@pytest.mark.parametrize("version", VERSIONS_2)
async def test_a_session_without_authorization_is_accepted_and_a_breach(csms: Csms, depot: Depot, version: str) -> None:
    async with plugged_in(version, csms.url, charger_id := depot.managed()) as charger:
        assert (await charger.begin(Token("", "NoAuthorization"))).accepted
        assert (await charger.end(4_000)).accepted
    assert [event["type"] for event in depot.events(charger_id)] == ["access.breach"]
    assert not csms.sessions.incidents


CARDS = [CARD, Token("04:a2:b3:c4:d5:e6:80"), Token(CARD.text.lower(), "ISO15693"), Token(CARD.text, "Local")]
MACS = [
    MAC,
    Token(f"VID:{MAC.text}"),
    Token("92:d5:0a:69:3f:80", "MacAddress"),
    Token("vid:92d50a693f80", "Central"),
]


@pytest.mark.parametrize(("spellings", "vehicle"), [(CARDS, "bus-0"), (MACS, "bus-1")])
@pytest.mark.parametrize("version", VERSIONS)
async def test_one_vehicle_gets_one_decision_however_it_is_spelt(
    csms: Csms, depot: Depot, version: str, spellings: list[Token], vehicle: str
) -> None:
    async with plugged_in(version, csms.url, charger_id := depot.managed()) as charger:
        for token in spellings:
            assert (await charger.authorize(token)).accepted, token
    events = depot.events(charger_id)
    assert [(each["reason"], each["vehicle"]) for each in events] == [("own_vehicle", vehicle)] * len(spellings)


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_session_outlives_the_connection(csms: Csms, depot: Depot, version: str) -> None:
    async with plugged_in(version, csms.url, charger_id := depot.managed()) as charger:
        assert (await charger.begin(CARD)).accepted
        transaction = next(iter(csms.sessions.running))
    async with plugged_in(version, csms.url, charger_id) as returned:
        await returned.boot()
    assert list(csms.sessions.running) == [transaction]


@pytest.mark.parametrize("version", VERSIONS)
async def test_without_the_service_the_csms_goes_on_answering(depot: Depot, version: str) -> None:
    del depot
    async with (
        serving("http://127.0.0.1:9") as alone,  # where nobody listens
        plugged_in(version, alone.url, "SHUT-1") as charger,
    ):
        await charger.boot()
        assert not (await charger.authorize(CARD)).accepted, "in doubt it is a denial"
        assert not (await charger.begin(CARD)).accepted
        assert (await charger.progress(0)).accepted
        assert (await charger.end(0, "DeAuthorized")).accepted
        assert [each.result for each in alone.sessions.ended] == ["denied"]
