"""The client of a running service: what it asks, and what it hands on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from depot import CARD, STRANGER, VERSIONS, authorize, fill, policies, start
from fakes.served import serving

from policy_service.client import InvalidPayload, PolicyClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.served import Served

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("client")
    with serving(policies(root), root / "state") as served:
        fill(served)
        yield served


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("charger", "identifier", "reason", "accepted"),
    [
        ("SHUT", CARD, "own_vehicle", True),
        ("SHUT", STRANGER, "unknown_identifier", False),
        ("OPEN", STRANGER, "freevend", True),
    ],
)
async def test_a_message_is_answered_with_the_payload_to_pass_on(
    node: Served, version: str, charger: str, identifier: str, reason: str, *, accepted: bool
) -> None:
    messages = [("Authorize", authorize(version, identifier)), start(version, identifier)]
    async with PolicyClient(node.url) as client:
        answers = [await client.ocpp(version, charger, *message) for message in messages]
    for answer in answers:
        assert answer.source == "service"
        assert answer.decision is not None
        assert answer.decision.reason == reason
        assert (answer.decision.outcome == "allowed") is accepted
        assert (answer.decision.signal is None) is accepted
        (name, info), *more = answer.payload.items()
        assert name == ("idTagInfo" if version == "1.6" else "idTokenInfo")
        assert not more
        assert (info["status"] == "Accepted") is accepted


async def test_an_event_of_a_session_that_runs_is_no_decision(node: Served) -> None:
    event = start("2.1", CARD)[1] | {"eventType": "Updated", "triggerReason": "MeterValuePeriodic"}
    async with PolicyClient(node.url) as client:
        answer = await client.ocpp("2.1", "SHUT", "TransactionEvent", event)
    assert answer == ({"idTokenInfo": {"status": "Accepted"}}, None, "service")


async def test_the_event_of_a_decision_names_its_message(node: Served) -> None:
    async with PolicyClient(node.url) as client:
        answer = await client.ocpp("1.6", "SHUT", "Authorize", authorize("1.6", STRANGER), message_id="19223201")
        unnamed = await client.ocpp("1.6", "SHUT", "Authorize", authorize("1.6", STRANGER), message_id="no name\n")
    for told, message_id in ((answer.decision, "19223201"), (unnamed.decision, None)):
        assert told is not None
        assert node.client.get(f"/v1/events/{told.decision_id}").json()["message_id"] == message_id


async def test_a_decision_has_the_fields_of_the_service_s_answer(node: Served) -> None:
    async with PolicyClient(node.url) as client:
        decided = await client.decide(charger="SHUT", identifier=STRANGER, time="2026-11-24T11:15:00Z")
    assert (decided.outcome, decided.reason, decided.mode) == ("access_denied", "unknown_identifier", "managed")
    assert (decided.time, decided.policy, decided.source) == ("2026-11-24T11:15:00Z", "yard", "service")
    assert decided.message == "This vehicle is not known here"
    assert not decided.allowed


async def test_a_refused_driver_is_told_in_the_language_that_is_asked_for(node: Served) -> None:
    async with PolicyClient(node.url) as client:
        told = [await client.decide(charger="SHUT", identifier=STRANGER, language=tag) for tag in ("fr", "en", None)]
        with pytest.raises(InvalidPayload):
            await client.decide(charger="SHUT", identifier=STRANGER, language="?")
    ours, usual = "Véhicule inconnu ici", "This vehicle is not known here"
    assert [each.message for each in told] == [ours, usual, usual]


@pytest.mark.parametrize(
    ("version", "action", "payload"),
    [
        ("1.6", "Authorize", {}),
        ("1.6", "Authorize", {"idTag": "0" * 21}),
        ("2.0.1", "Authorize", {"idToken": "82649173"}),
        ("2.1", "TransactionEvent", {"eventType": "Started"}),
    ],
)
async def test_a_payload_that_cannot_be_read_is_said_to_be_so(
    node: Served, version: str, action: str, payload: dict[str, Any]
) -> None:
    async with PolicyClient(node.url) as client:
        with pytest.raises(InvalidPayload) as refused:
            await client.ocpp(version, "SHUT", action, payload)
    assert "wrong shape" in str(refused.value)
    assert "82649173" not in str(refused.value)


async def test_a_message_that_is_not_decided_on_is_a_mistake_of_the_caller(node: Served) -> None:
    async with PolicyClient(node.url) as client:
        with pytest.raises(ValueError, match=r"OCPP 1\.6 TransactionEvent is not decided on"):
            await client.ocpp("1.6", "SHUT", "TransactionEvent", {})


async def test_a_charger_s_id_is_one_part_of_the_address_whatever_is_in_it(node: Served) -> None:
    async with PolicyClient(node.url) as client:
        answer = await client.ocpp("1.6", "a?b#odd id%2F", "Authorize", {"idTag": CARD})
    assert answer.decision is not None
    assert (answer.source, answer.decision.reason) == ("service", "unknown_charger")
