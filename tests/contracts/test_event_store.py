from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from fakes.events import MemoryEvents
from fakes.samples import event, lines
from fakes.stores import MemoryState

from policy_service.application.event_matching import fits
from policy_service.application.ports import CursorError, EventFilter, EventGrouping
from policy_service.domain.access import Outcome, Reason, VehicleClass
from policy_service.domain.events import DriverSignal, EventType
from policy_service.domain.instant import format_instant, parse_instant
from policy_service.engine.zone import Zone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fakes.stores import Stores

    from policy_service.domain.events import AccessEvent

pytestmark = pytest.mark.anyio


_LATER = ("late", "clock_suspect")
"""Fields that the first releases did not have."""


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
        late=True,
        clock_suspect=False,
        evidence={"attributes": {"kw": 1.5, "on": True}},
        sealed_identifier="c2VhbGVk",
        caller="csms",
        request_id="r",
    )
    await stores.events.write(lines(full))
    assert await stores.events.get("e1") == full
    assert await stores.events.get("e2") is None


async def test_an_event_that_waited_since_an_earlier_release_is_taken_in(stores: Stores) -> None:
    known = {name: value for name, value in json.loads(lines(event("e1"))[0]).items() if name not in _LATER}
    await stores.events.write([json.dumps(known).encode()])
    assert await stores.events.get("e1") == event("e1")


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


_MARKS = {
    "vehicle": "bus 17",
    "fleet": 'so"uth',
    "policy": "south-depot",
    "identifier_fingerprint": "f1b0",
    "transaction_id": "4711",
}


@pytest.mark.parametrize("name", _MARKS)
async def test_the_events_of_one_vehicle_fleet_policy_card_or_transaction_are_found(stores: Stores, name: str) -> None:
    await stores.events.write(
        lines(
            event("a", **_MARKS, recorded_at=10),
            event("b", **{**_MARKS, name: "other"}, recorded_at=20),
            event("c", **{**_MARKS, name: None}, recorded_at=30),
            event("d", **_MARKS, charger="X", labels={}, recorded_at=40),
        )
    )
    wanted = {name: _MARKS[name]}
    assert await _ids(stores, **wanted) == ["d", "a"]
    assert await _ids(stores, **wanted, charger="X") == ["d"]
    assert await _ids(stores, **wanted, charger="Y") == []
    assert await _ids(stores, **wanted, label=("depot", "north")) == ["a"]
    assert await _ids(stores, **wanted, within=(("depot", ("south",)),)) == []
    assert await _ids(stores, **wanted, reason=Reason.OWN_VEHICLE) == []
    assert await _ids(stores, **wanted, until=40) == ["a"]
    groups = await stores.events.counts(EventFilter(**wanted), EventGrouping.CHARGER, Zone.of("UTC"))
    assert [(group.key, group.count) for group in groups] == [("NTH-01", 1), ("X", 1)]


@pytest.mark.parametrize("name", ['"', "'", "]", "$.x", "\\", "depot\x00", "", '"]["x'])
async def test_no_label_breaks_the_query(stores: Stores, name: str) -> None:
    await stores.events.write(lines(event("a")))
    assert await _ids(stores, label=(name, "north")) == []


@pytest.mark.parametrize("cursor", ["!", "é", "AAAA", "MQBh_"])
async def test_a_foreign_cursor_is_refused(stores: Stores, cursor: str) -> None:
    with pytest.raises(CursorError):
        await stores.events.page(EventFilter(), limit=1, cursor=cursor)


async def test_labels_of_any_length_hold_up_no_event(stores: Stores) -> None:
    drawn = random.Random(1)  # noqa: S311 - text that does not compress, no secret
    long = {f"l{at}": "".join(drawn.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=255)) for at in range(40)}
    other = {**long, "l39": "other"}
    events = [event("e1", charger="BIG-1", labels=long), event("e2"), event("e3", charger="BIG-1", labels=other)]
    await stores.events.write(lines(*events, event("e4", charger="BIG-1", labels=long)))
    assert set(await _ids(stores)) == {"e1", "e2", "e3", "e4"}
    assert await _ids(stores, label=("l39", "other")) == ["e3"]
    assert set(await _ids(stores, within=(("l0", (long["l0"],)),))) == {"e1", "e3", "e4"}


async def test_events_are_kept_within_labels_any_value_of_each(stores: Stores) -> None:
    places = [{"depot": "north", "row": "a"}, {"depot": "south", "row": "a"}, {"depot": "east", "row": "a"}, {}]
    await stores.events.write(
        lines(*(event(f"e{number}", labels=labels, recorded_at=number) for number, labels in enumerate(places)))
    )
    assert await _ids(stores, within=(("depot", ("north", "south")),)) == ["e1", "e0"]
    assert await _ids(stores, within=(("depot", ("north", "south")), ("row", ("b",)))) == []
    assert await _ids(stores, within=(("depot", ("north", "east")),), label=("depot", "east")) == ["e2"]
    assert await _ids(stores, within=(("de\x00pot", ("north",)),)) == []


_PLACES = ({"depot": "n"}, {"depot": "s"}, {"depot": "s", "row": "1"}, {})
_REASONS = (Reason.UNKNOWN_IDENTIFIER, Reason.NOT_GRANTED, Reason.NO_IDENTIFIER)


def _any_event(rng: random.Random, number: int) -> AccessEvent:
    kind, reason = rng.choice(list(EventType)), rng.choice(_REASONS)
    denied = kind is EventType.DENIED or (kind is EventType.BREACH and rng.random() < 0.5)
    known = {Reason.UNKNOWN_IDENTIFIER: [VehicleClass.UNKNOWN], Reason.NO_IDENTIFIER: [None]}
    return event(
        f"e{number}",
        type=kind,
        outcome=Outcome.ACCESS_DENIED if denied else Outcome.ALLOWED,
        reason=reason,
        charger=rng.choice("XYZ"),
        labels=rng.choice(_PLACES),
        recorded_at=rng.randrange(20),
        vehicle_class=rng.choice(known.get(reason, [VehicleClass.OWN, VehicleClass.AGREEMENT])),
        vehicle=rng.choice(["bus-1", "bus-2", None]),
        fleet=rng.choice(["n", "s", None]),
        policy=rng.choice(["depot", "yard", None]),
        identifier_fingerprint=rng.choice(["f1", "f2", None]),
        transaction_id=rng.choice(["t1", None]),
    )


def _any_filter(rng: random.Random) -> EventFilter:
    def maybe(values: Sequence[object], share: float = 0.3) -> Any:  # noqa: ANN401 - whatever the field holds
        return rng.choice(list(values)) if rng.random() < share else None

    return EventFilter(
        type=maybe(list(EventType)),
        outcome=maybe(list(Outcome)),
        reason=maybe([*_REASONS, Reason.OWN_VEHICLE]),
        charger=maybe("XYW"),
        label=maybe([("depot", "s"), ("row", "1"), ("x", "y")]),
        vehicle_class=maybe(list(VehicleClass)),
        vehicle=maybe(["bus-1", "bus-9"], 0.1),
        fleet=maybe(["n", "x"], 0.1),
        policy=maybe(["yard", "x"], 0.1),
        identifier_fingerprint=maybe(["f1", "f9"], 0.1),
        transaction_id=maybe(["t1", "t9"], 0.1),
        since=maybe(range(20)),
        until=maybe(range(20)),
        within=maybe([(("depot", ("n", "s")),), (("row", ("1",)), ("depot", ("s",)))]) or (),
    )


@pytest.mark.parametrize("seed", range(4))
async def test_pages_hold_what_fits_newest_first(stores: Stores, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - cases, not secrets
    for portion in range(4):
        written = [_any_event(rng, portion * 25 + number) for number in range(25)]
        await stores.events.write(lines(*written))
    newest_first = [found for _, found in reversed(await stores.events.after(0, limit=1_000))]
    newest_first.sort(key=lambda found: -found.recorded_at)
    for _ in range(80):
        wanted, limit = _any_filter(rng), rng.randint(1, 12)
        expected = [found.decision_id for found in newest_first if fits(found, wanted)]
        assert await _walked(stores, wanted, limit) == expected, wanted


async def _walked(stores: Stores, wanted: EventFilter, limit: int) -> list[str]:
    seen: list[str] = []
    cursor = None
    while True:
        page = await stores.events.page(wanted, limit=limit, cursor=cursor)
        seen += [found.decision_id for found in page.items]
        assert len(page.items) == limit or page.next_cursor is None
        if (cursor := page.next_cursor) is None:
            return seen


async def test_who_follows_reads_on_from_a_position(stores: Stores) -> None:
    assert await stores.events.latest() == 0
    await stores.events.write(lines(event("e1", recorded_at=20), event("e2", recorded_at=10)))
    await stores.events.write(lines(event("e1"), event("e3")))
    seen = await stores.events.after(0, limit=10)
    assert [found.decision_id for _, found in seen] == ["e1", "e2", "e3"]
    assert [found.decision_id for _, found in await stores.events.after(seen[0][0], limit=1)] == ["e2"]
    assert await stores.events.latest() == seen[-1][0]
    assert await stores.events.holds(seen[-1][0])
    assert not await stores.events.holds(seen[-1][0] + 1)


async def test_the_events_of_a_transaction_are_found(stores: Stores) -> None:
    await stores.events.write(
        lines(
            event("e1", transaction_id="t1", recorded_at=1),
            event("e2", transaction_id="t1", recorded_at=2),
            event("e3", transaction_id="t1", charger="other"),
            event("e4"),
        )
    )
    found = await stores.events.match("NTH-01", "t1", limit=10)
    assert [each.decision_id for each in found] == ["e2", "e1"]
    assert await stores.events.match("NTH-01", "t2", limit=10) == []


@pytest.mark.parametrize("zone", ["UTC", "Australia/Melbourne", "Asia/Kolkata"])
@pytest.mark.parametrize("by", EventGrouping)
async def test_groups_are_counted_as_one_would_by_hand(stores: Stores, by: EventGrouping, zone: str) -> None:
    rng = random.Random(by)  # noqa: S311 - cases, not secrets
    written = [_any_event(rng, number) for number in range(60)]
    written = [
        replace(each, recorded_at=each.recorded_at * 3_000_000, fleet=rng.choice(["n", "s"])) for each in written
    ]
    await stores.events.write(lines(*written))
    reference = MemoryEvents(MemoryState())
    await reference.write(lines(*written))
    for _ in range(15):
        wanted = _any_filter(rng)
        counted = list(await stores.events.counts(wanted, by, Zone.of(zone)))
        expected = list(await reference.counts(wanted, by, Zone.of(zone)))
        assert sorted(counted, key=repr) == sorted(expected, key=repr)
        assert [group.count for group in counted] == [group.count for group in expected]


async def test_days_are_cut_where_clocks_show_midnight_however_long_they_are(stores: Stores) -> None:
    melbourne = Zone.of("Australia/Melbourne")
    hours = [parse_instant("2026-10-03T00:00:00Z") + 3600 * number for number in range(48)]
    written = (event(f"e{number}", recorded_at=at * 1000) for number, at in enumerate(hours))
    await stores.events.write(lines(*written))
    days = await stores.events.counts(EventFilter(), EventGrouping.DAY, melbourne)
    assert [(format_instant(int(day.key or 0) // 1000), day.count) for day in days] == [
        ("2026-10-02T14:00:00Z", 14),
        ("2026-10-03T14:00:00Z", 23),  # clocks go forward
        ("2026-10-04T13:00:00Z", 11),
    ]
    told = await stores.events.counts(EventFilter(), EventGrouping.HOUR, melbourne)
    assert [hour.key for hour in told] == [at * 1000 for at in hours]


async def test_retention_counts_on_in_steps_and_back_at_once(stores: Stores) -> None:
    clock = (1_000, 1_050, 9_000, 9_000, 1_100, 1_150)
    assert [await stores.events.count_on(now, 60) for now in clock] == [1_000, 1_050, 1_110, 1_170, 1_100, 1_150]


async def test_what_is_too_old_is_deleted(stores: Stores) -> None:
    await stores.events.write(lines(*(event(f"e{number}", recorded_at=number) for number in range(10))))
    assert await stores.events.delete_before(7) == 7
    assert await _ids(stores) == ["e9", "e8", "e7"]
    assert await stores.events.delete_before(7) == 0
