"""Lists as they are handed out: who is on them, in which words and messages, under which versions."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from fakes.samples import identifier
from fakes.stores import MemoryVersions
from offline_yard import LIFETIME, OfflineYard, card, cards, entries

from policy_service.application.ports import StoreUnavailableError
from policy_service.application.queries.chargers import UnknownChargerError
from policy_service.domain.access import VehicleClass
from policy_service.domain.identifier import IdentifierStatus, IdentifierType
from policy_service.domain.instant import format_instant
from policy_service.domain.local_list import LeftOut
from policy_service.domain.registration import Registration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fakes.local_lists import ListeningCharger

pytestmark = pytest.mark.anyio

PROTOCOLS = ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"]
AGREED: dict[str, Any] = {"vehicle_class": VehicleClass.AGREEMENT, "agreement": "metro"}


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_whole_list_comes_in_messages_whose_versions_rise_to_its_own(protocol: str) -> None:
    yard = OfflineYard(protocol)
    yard.know(*cards(range(8)))
    issued = await yard.issue("C-1", None)
    charger = yard.charger()
    numbers = [payload[charger.number] for payload in issued.messages]
    assert [payload["updateType"] for payload in issued.messages] == ["Full", "Differential", "Differential"]
    assert numbers == [issued.version.version - 2, issued.version.version - 1, issued.version.version]
    assert numbers[0] > 0
    yard.deliver(charger, issued)
    assert yard.tokens(charger) == cards(range(8))
    assert (issued.based_on, issued.version.entries, issued.complete, dict(issued.left_out)) == (None, 8, True, {})


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_an_entry_says_what_an_authorisation_would(protocol: str) -> None:
    yard = OfflineYard(protocol)
    yard.know(card(1), fleet="north")
    [entry] = entries(await yard.issue("C-1", None))
    until = format_instant(yard.clock.now() + LIFETIME)
    if protocol == "ocpp1.6":
        assert entry["idTagInfo"] == {"status": "Accepted", "expiryDate": until, "parentIdTag": "north"}
        return
    group = {"idToken": "north", "type": "Central"}
    assert entry["idToken"] == {"idToken": card(1), "type": "ISO14443"}
    assert entry["idTokenInfo"] == {"status": "Accepted", "cacheExpiryDateTime": until, "groupIdToken": group}


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_over_any_history_a_charger_at_the_version_has_the_list_exactly(protocol: str) -> None:
    dice, seen = random.Random(protocol), [0]  # noqa: S311 - test data
    yard = OfflineYard(protocol)
    charger, known = yard.charger(), set[int]()
    for _ in range(120):
        for number in dice.sample(range(20), dice.randrange(5)):
            (yard.forget if number in known else yard.know)(card(number))
            known ^= {number}
        yard.clock.milliseconds += dice.choice((0, 1_000, 3_600_000, 20_000_000))
        issued = await yard.issue("C-1", dice.choice((charger.version, charger.version, None)))
        assert issued.version.entries == len(known)
        assert issued.version.version >= seen[-1]
        seen.append(issued.version.version)
        arrived = _sent(dice, charger, issued.messages)
        if charger.version == issued.version.version:
            assert yard.tokens(charger) == sorted(cards(known))
        assert arrived <= (charger.version == issued.version.version)
    assert len(set(seen)) > 60


def _sent(dice: random.Random, charger: ListeningCharger, messages: Sequence[Mapping[str, Any]]) -> bool:
    """Send in order; some get lost, and the CSMS stops there; of some the answer does, and they are sent again."""
    for payload in messages:
        if dice.random() < 0.1:
            return False
        status = charger.take(payload)
        if dice.random() < 0.2:
            again = charger.take(payload)
            assert again == ("Accepted" if payload["updateType"] == "Full" else "VersionMismatch")
        assert status == "Accepted"
    return True


async def test_what_changes_is_told_as_a_difference_what_is_gone_first() -> None:
    yard, charger = OfflineYard(), None
    yard.know(*cards(range(9)))
    first = await yard.issue("C-1", None)
    charger = yard.charger()
    yard.deliver(charger, first)
    yard.forget(card(3))
    yard.know(card(20))
    second = await yard.issue("C-1", charger.version)
    assert (second.based_on, second.version.until) == (first.version.version, first.version.until)
    assert [entry["idTag"] for entry in entries(second)] == [card(3), card(20)]
    assert "idTagInfo" not in entries(second)[0]
    yard.deliver(charger, second)
    assert yard.tokens(charger) == cards([0, 1, 2, *range(4, 9), 20])
    assert (await yard.issue("C-1", charger.version)).messages == ()


async def test_equal_lists_are_one_version_until_half_of_the_lifetime_is_over() -> None:
    yard = OfflineYard()
    yard.know(*cards(range(4)))
    first = (await yard.issue("C-1", None)).version
    yard.clock.milliseconds += (LIFETIME // 2 - 1) * 1000
    yard.know(card(99), status=IdentifierStatus.BLOCKED)
    assert (await yard.issue("C-1", None)).version == first
    yard.clock.milliseconds += 1000
    renewed = await yard.issue("C-1", first.version)
    assert renewed.version.version > first.version
    assert renewed.version.until == yard.clock.now() + LIFETIME
    assert (renewed.based_on, len(entries(renewed))) == (None, 4)  # another end changes every entry


async def test_an_unknown_version_gets_the_whole_list() -> None:
    yard = OfflineYard()
    yard.know(*cards(range(9)))
    first = (await yard.issue("C-1", None)).version.version
    yard.know(card(9))
    for since in (0, first - 1, first + 100, 2**31 - 1):
        assert (await yard.issue("C-1", since)).based_on is None
    assert (await yard.issue("C-1", first)).based_on == first
    for number in range(10, 16):
        yard.know(card(number))
        await yard.issue("C-1", None)
    assert (await yard.issue("C-1", first)).based_on is None  # too long ago


async def test_a_charger_that_speaks_another_protocol_gets_the_whole_list() -> None:
    yard = OfflineYard("ocpp2.1")
    yard.know(*cards(range(9)))
    yard.know("WVWZZZ1JZXW000001", type=IdentifierType.VIN)
    first = (await yard.issue("C-1", None)).version.version
    yard.protocol = "ocpp2.0.1"
    yard.write()
    yard.forget("WVWZZZ1JZXW000001")
    issued, charger = await yard.issue("C-1", first), yard.charger()
    assert issued.based_on is None
    yard.deliver(charger, issued)
    assert yard.tokens(charger) == cards(range(9))


async def test_versions_go_on_where_the_database_was_lost() -> None:
    yard = OfflineYard()
    yard.know(card(1))
    first = (await yard.issue("C-1", None)).version.version
    yard.state.lists.clear()
    yard.clock.milliseconds += 120_000
    assert (await yard.issue("C-1", None)).version.version > first


async def test_who_may_not_charge_throughout_is_left_out_and_counted() -> None:
    yard = OfflineYard()
    now = yard.clock.now()
    yard.know(card(1), valid_to=now + LIFETIME)
    yard.know(card(2), valid_to=now + LIFETIME - 1)
    yard.know(card(3), valid_from=now + 1)
    yard.know(card(4), status=IdentifierStatus.BLOCKED)
    issued = await yard.issue("C-1", None)
    assert [entry["idTag"] for entry in entries(issued)] == [card(1)]
    assert dict(issued.left_out) == {LeftOut.NOT_THROUGHOUT: 2}
    assert issued.complete


async def test_a_vehicle_whose_agreement_lapses_is_off_the_next_list() -> None:
    yard = OfflineYard()
    lapses = yard.clock.now() + LIFETIME + 3600
    yard.agree("metro", valid_to=lapses)
    yard.know(card(1), **AGREED)
    yard.know(card(2))
    charger = yard.charger()
    yard.deliver(charger, await yard.issue("C-1", None))
    assert yard.tokens(charger) == cards([1, 2])
    yard.clock.milliseconds += LIFETIME // 2 * 1000
    yard.deliver(charger, await yard.issue("C-1", charger.version))
    assert yard.tokens(charger) == cards([2])


async def test_hours_that_cover_all_of_the_managed_time_are_enough() -> None:
    yard = OfflineYard()
    night = '\n    - {name: night, mode: managed, start: "18:00", end: "06:00", from: 2026-01-01, rrule: FREQ=DAILY}'
    hours = """
---
apiVersion: policy-service/v1
kind: Schedule
metadata: {{name: {name}}}
spec: {{rrule: FREQ=DAILY, from: 2026-01-01, start: "{start}", end: "{end}"}}"""
    more = "  windows:" + night
    for name, start, end in (("long", "17:00", "07:00"), ("short", "18:00", "05:59")):
        more += hours.format(name=name, start=start, end=end)
    yard.know(card(1))
    yard.agree("metro")
    yard.know(card(2), **AGREED)
    yard.write(allow="[{class: own, during: [long]}, {class: agreement, during: [short]}]", mode="freevend", more=more)
    issued = await yard.issue("C-1", None)
    assert [entry["idTag"] for entry in entries(issued)] == [card(1)]
    assert dict(issued.left_out) == {LeftOut.NOT_THROUGHOUT: 1}


async def test_where_no_managed_time_is_near_the_next_one_counts_and_where_none_is_nobody() -> None:
    yard = OfflineYard()
    day = format_instant(yard.clock.now() + 10 * LIFETIME)[:10]
    window = f"{{name: once, mode: managed, from: {day}, start: '00:00', end: '24:00'}}"
    yard.write(mode="freevend", more=f"  windows: [{window}]")
    yard.know(card(1))
    yard.know(card(2), valid_to=yard.clock.now() + 5 * LIFETIME)
    assert [entry["idTag"] for entry in entries(await yard.issue("C-1", None))] == [card(1)]
    yard.write(mode="freevend")
    assert (await yard.issue("C-1", None)).version.entries == 0


async def test_a_list_over_the_cap_is_empty_and_says_why() -> None:
    yard = OfflineYard(local_list="{maxEntries: 3}")
    yard.know(*cards(range(3)))
    charger = yard.charger()
    yard.deliver(charger, await yard.issue("C-1", None))
    assert yard.tokens(charger) == cards(range(3))
    yard.know(card(3))
    issued = await yard.issue("C-1", charger.version)
    yard.deliver(charger, issued)
    assert yard.tokens(charger) == []
    assert (issued.complete, issued.version.entries, dict(issued.left_out)) == (False, 0, {LeftOut.OVER_CAPACITY: 4})
    assert any("4 entries do not fit into 3" in note for note in issued.notes)


async def test_messages_keep_within_the_bytes_that_a_charger_takes() -> None:
    yard = OfflineYard("ocpp2.0.1", "{maxChunk: 100, maxBytes: 1200}")
    yard.know(*cards(range(40)))
    issued = await yard.issue("C-1", None)
    sizes = [len(str(payload).encode()) for payload in issued.messages]
    assert len(sizes) > 1
    assert max(sizes) <= 1200
    charger = yard.charger()
    yard.deliver(charger, issued)
    assert yard.tokens(charger) == cards(range(40))


async def test_no_pin_is_on_any_list_and_ocpp_1_6_drops_long_ones() -> None:
    yard = OfflineYard()
    yard.know("1234", type=IdentifierType.PIN)
    yard.know("DE-ABC-C12345678-9-LONG", type=IdentifierType.EMAID)
    yard.know("ÄÖÜ-1", type=IdentifierType.OTHER)
    yard.know(card(1))
    issued = await yard.issue("C-1", None)
    assert [entry["idTag"] for entry in entries(issued)] == [card(1)]
    assert dict(issued.left_out) == {LeftOut.IDENTIFIER_TOO_LONG: 1, LeftOut.IDENTIFIER_UNWRITABLE: 1}
    assert not issued.complete


async def test_a_chargers_own_token_in_freevend_is_on_no_list_of_it() -> None:
    yard = OfflineYard()
    yard.know("A0000000", card(1))
    plan = yard.plans.plan
    assert plan is not None
    entry = plan.chargers["C-1"]
    own = replace(entry, charger=replace(entry.charger, synthetic_ids=("A0000000",)))
    changed = replace(plan, chargers={**plan.chargers, "C-1": own})
    yard.plans.swap(replace(yard.plans.state, plan=changed))
    first, second = await yard.issue("C-1", None), await yard.issue("C-2", None)
    assert (first.version.entries, second.version.entries) == (1, 2)
    assert first.version.digest != second.version.digest


SPELLED_ALIKE = {
    "E004010012345678": "ISO15693",
    "0404010012345678": "ISO14443",
    "E0040100": "ISO14443",
    "NOT-A-MAC-XY": "MacAddress",
    "92D50A693F8077": "MacAddress",
}
"""Whatever a charger does to MACs: cards, and what calls itself a MAC and is none."""


@pytest.mark.parametrize(
    ("spelling", "card_", "mac"),
    [
        ("plain", "04A2B3C4", "92D50A693F80"),
        ("vid", "04A2B3C4", "VID:92D50A693F80"),
        ("base32", "04A2B3C4", "SLKQU2J7QA"),
        ("stored", "04:a2:b3:c4", "92D50A693F80"),
    ],
)
async def test_identifiers_are_spelled_as_the_charger_spells_them(spelling: str, card_: str, mac: str) -> None:
    yard = OfflineYard("ocpp2.0.1", f"{{spelling: {spelling}}}")
    yard.know("04A2B3C4", spelling="04:a2:b3:c4")
    yard.know("92D50A693F80", type=IdentifierType.MAC)
    for form, type_ in SPELLED_ALIKE.items():
        yard.know(form, type=IdentifierType.MAC if type_ == "MacAddress" else IdentifierType.RFID)
    found = {entry["idToken"]["idToken"]: entry["idToken"]["type"] for entry in entries(await yard.issue("C-1", None))}
    assert found == {card_: "ISO14443", mac: "MacAddress", **SPELLED_ALIKE}


async def test_a_token_whose_type_changes_is_told_by_a_whole_list() -> None:
    yard = OfflineYard("ocpp2.0.1")
    yard.know(*cards(range(9)))
    first = (await yard.issue("C-1", None)).version.version
    yard.forget(card(3))
    yard.know(card(3), type=IdentifierType.OTHER)
    issued = await yard.issue("C-1", first)
    assert (issued.based_on, len(entries(issued))) == (None, 9)


async def test_nobody_is_locked_out_by_a_registry_that_cannot_be_read() -> None:
    yard = OfflineYard()
    yard.know(card(1))
    yard.state.down = True
    with pytest.raises(StoreUnavailableError):
        await yard.issue("C-1", None)
    yard.state.down = False
    assert (await yard.issue("C-1", None)).version.entries == 1


async def test_the_nodes_copy_is_read_while_it_is_current_and_the_database_otherwise() -> None:
    yard = OfflineYard()
    yard.know(card(1))
    yard.snapshot.versions = await MemoryVersions(yard.state).versions()
    yard.snapshot.registrations = {(card(2),): Registration(identifier(card(2)))}
    assert [entry["idTag"] for entry in entries(await yard.issue("C-1", None))] == [card(2)]
    yard.know(card(3))
    assert [entry["idTag"] for entry in entries(await yard.issue("C-1", None))] == cards([1, 3])


async def test_an_unknown_charger_has_no_list() -> None:
    with pytest.raises(UnknownChargerError):
        await OfflineYard().issue("C-9", None)


async def test_nodes_that_issue_at_once_agree_on_versions() -> None:
    yard = OfflineYard()
    nodes = [yard.node()[0] for _ in range(4)]
    seen: dict[int, str] = {}
    for round_ in range(20):
        yard.know(card(round_))
        found = {each.version for each in await asyncio.gather(*(node("C-1", None) for node in nodes))}
        assert len(found) == 1
        [version] = found
        assert version.version not in seen
        assert version.version > max(seen, default=0)
        seen[version.version] = version.digest


async def test_what_is_stored_shows_no_identifier_and_is_forgotten_at_once() -> None:
    yard = OfflineYard()
    yard.know(*cards(range(4)))
    first = (await yard.issue("C-1", None)).version.version
    assert card(1) not in str(yard.state.list_contents)
    await yard.store.forget_contents()
    yard.forget(card(1))
    issued = await yard.issue("C-1", first)
    assert (issued.based_on, issued.version.entries) == (None, 3)


async def test_lists_of_chargers_that_are_alike_share_their_content() -> None:
    yard = OfflineYard()
    yard.know(*cards(range(4)))
    assert (await yard.issue("C-1", None)).version.digest == (await yard.issue("C-2", None)).version.digest
    assert len(yard.state.list_contents) == 1
