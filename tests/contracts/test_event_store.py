from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes.samples import event, lines

from policy_service.application.ports import CursorError, EventFilter
from policy_service.domain.access import Outcome, Reason, VehicleClass
from policy_service.domain.events import DriverSignal, EventType

if TYPE_CHECKING:
    from fakes.stores import Stores

pytestmark = pytest.mark.anyio


async def _ids(stores: Stores, **wanted: object) -> list[str]:
    page = await stores.events.page(EventFilter(**wanted), limit=100, cursor=None)
    return [found.decision_id for found in page.items]


async def test_an_event_comes_back_as_it_was_written(stores: Stores) -> None:
    full = event(
        "e1",
        vehicle="bus",
        fleet="f",
        agreement="a",
        identifier_masked="…1234",
        identifier_fingerprint="ff",
        fingerprint_key=1,
        driver_signal=DriverSignal.TEXT,
        evse=1,
        connector=2,
        ocpp_action="Authorize",
        message_id="m",
        transaction_id="t",
        evidence={"attributes": {"kw": 1.5, "on": True}},
        sealed_identifier="c2VhbGVk",
        caller="csms",
        request_id="r",
    )
    await stores.events.write(lines(full))
    assert await stores.events.get("e1") == full
    assert await stores.events.get("e2") is None


async def test_a_known_decision_id_changes_nothing(stores: Stores) -> None:
    await stores.events.write(lines(event("e1")))
    await stores.events.write(lines(event("e1", charger="other"), event("e2")))
    assert (await stores.events.get("e1")).charger == "NTH-01"
    assert await _ids(stores) == ["e2", "e1"]


async def test_pages_are_newest_first_and_stable_under_insertion(stores: Stores) -> None:
    await stores.events.write(lines(*(event(f"e{number}", recorded_at=1000 + number // 2) for number in range(6))))
    first = await stores.events.page(EventFilter(), limit=3, cursor=None)
    await stores.events.write(lines(event("new", recorded_at=2000)))
    second = await stores.events.page(EventFilter(), limit=3, cursor=first.next_cursor)
    assert [e.decision_id for e in [*first.items, *second.items]] == ["e5", "e4", "e3", "e2", "e1", "e0"]
    assert second.next_cursor is None


async def test_filters_narrow(stores: Stores) -> None:
    allowed = {"type": EventType.ALLOWED, "outcome": Outcome.ALLOWED, "reason": Reason.OWN_VEHICLE}
    await stores.events.write(
        lines(
            event("a", charger="X", labels={"depot": 'so"uth', "a b": "c.d"}, recorded_at=10),
            event("b", **allowed, vehicle_class=VehicleClass.OWN, recorded_at=20),
        )
    )
    assert await _ids(stores, outcome=Outcome.ALLOWED) == ["b"]
    assert await _ids(stores, reason=Reason.UNKNOWN_IDENTIFIER) == ["a"]
    assert await _ids(stores, charger="X") == ["a"]
    assert await _ids(stores, vehicle_class=VehicleClass.OWN) == ["b"]
    assert await _ids(stores, since=20) == ["b"]
    assert await _ids(stores, until=20) == ["a"]
    assert await _ids(stores, label=("depot", 'so"uth')) == ["a"]
    assert await _ids(stores, label=("a b", "c.d")) == ["a"]


@pytest.mark.parametrize("name", ['"', "'", "]", "$.x", "\\", "depot\x00", "", '"]["x'])
async def test_no_label_breaks_the_query(stores: Stores, name: str) -> None:
    await stores.events.write(lines(event("a")))
    assert await _ids(stores, label=(name, "north")) == []


@pytest.mark.parametrize("cursor", ["!", "é", "AAAA", "MQBh_"])
async def test_a_foreign_cursor_is_refused(stores: Stores, cursor: str) -> None:
    with pytest.raises(CursorError):
        await stores.events.page(EventFilter(), limit=1, cursor=cursor)


async def test_events_are_kept_within_labels_any_value_of_each(stores: Stores) -> None:
    places = [{"depot": "north", "row": "a"}, {"depot": "south", "row": "a"}, {"depot": "east", "row": "a"}, {}]
    await stores.events.write(
        lines(*(event(f"e{number}", labels=labels, recorded_at=number) for number, labels in enumerate(places)))
    )
    assert await _ids(stores, within=(("depot", ("north", "south")),)) == ["e1", "e0"]
    assert await _ids(stores, within=(("depot", ("north", "south")), ("row", ("b",)))) == []
    assert await _ids(stores, within=(("depot", ("north", "east")),), label=("depot", "east")) == ["e2"]
    assert await _ids(stores, within=(("de\x00pot", ("north",)),)) == []


async def test_who_follows_reads_on_from_a_position(stores: Stores) -> None:
    assert await stores.events.latest() == 0
    await stores.events.write(lines(event("e1", recorded_at=20), event("e2", recorded_at=10)))
    await stores.events.write(lines(event("e1"), event("e3")))
    seen = await stores.events.after(0, limit=10)
    assert [found.decision_id for _, found in seen] == ["e1", "e2", "e3"]
    assert [found.decision_id for _, found in await stores.events.after(seen[0][0], limit=1)] == ["e2"]
    assert await stores.events.latest() == seen[-1][0] == await stores.events.position_of("e3")
    assert await stores.events.position_of("e4") is None
