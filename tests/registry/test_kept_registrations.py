"""What the cache keeps of a vehicle: the same answers, by objects that equal vehicles share."""

from __future__ import annotations

import gc
import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson
import pytest
from fakes.clock import FakeClock
from fakes.levels import CountingMeter, MemorySnapshot, watch_over
from fakes.registry_stores import MemoryIdentifiers
from fakes.samples import agreement, identifier
from fakes.stores import MemoryState, MemoryVersions
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_service.adapters.no_redis import NoSharedCache
from policy_service.application.registry import Registry
from policy_service.domain.access import VehicleClass
from policy_service.domain.agreement import Agreement, AgreementStatus
from policy_service.domain.identifier import IdentifierRecord, IdentifierStatus, IdentifierType
from policy_service.domain.instant import LATEST
from policy_service.domain.registration import Registration
from policy_service.domain.selector import Selector

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.application.ports import Keys

_VEHICLES = 2_000
_MOST_BYTES = 640
"""Of a vehicle in the cache, its key included."""
_NAMES = st.sampled_from(["A", "B", "04A2B3C4D5E680"])
_INSTANTS = st.integers(0, 9)
_SELECTORS = st.none() | st.builds(Selector, ids=st.just(("N-*",)) | st.just(("S-*",)))
_VALUES: st.SearchStrategy[str | float | bool] = st.sampled_from(["bus", 1.0, True, 0.0, False, "1"])
_RECORDS = st.builds(
    IdentifierRecord,
    id=_NAMES,
    key=_NAMES,
    type=st.sampled_from(IdentifierType),
    vehicle_class=st.sampled_from([VehicleClass.OWN, VehicleClass.AGREEMENT]),
    vehicle=_NAMES,
    fleet=st.none() | _NAMES,
    agreement=st.none() | _NAMES,
    attributes=st.dictionaries(st.sampled_from(["kind", "height_m", "electric"]), _VALUES),
    chargers=_SELECTORS,
    valid_from=st.none() | _INSTANTS,
    valid_to=st.none() | _INSTANTS,
    status=st.sampled_from(IdentifierStatus),
    source=_NAMES,
    spelling=st.none() | _NAMES,
)
_AGREEMENTS = st.none() | st.builds(
    Agreement,
    id=_NAMES,
    fleet=_NAMES,
    valid_from=st.none() | _INSTANTS,
    valid_to=st.none() | _INSTANTS,
    status=st.sampled_from(AgreementStatus),
    chargers=_SELECTORS,
    source=_NAMES,
)


@given(_RECORDS, _AGREEMENTS, st.lists(_NAMES, max_size=2).map(tuple), st.integers(1, 9))
def test_it_says_what_was_found_but_for_the_spelling(
    record: IdentifierRecord, signed: Agreement | None, keys: Keys, as_of: int
) -> None:
    found = Registration(record, signed)
    kept = found.kept(keys, as_of)
    assert kept.record == replace(record, spelling=None)
    kinds = {name: type(value) for name, value in record.attributes.items()}
    assert {name: type(value) for name, value in kept.record.attributes.items()} == kinds, "1.0 is not True"
    assert (kept.agreement, kept.vehicle, kept.as_of) == (signed, record.vehicle, as_of)
    assert kept.profile is found.profile, "rules remember their answers by it"
    assert (kept.clear_from, kept.clear_to) == (found.clear_from, found.clear_to)
    assert [kept.obstacle(at) for at in range(10)] == [found.obstacle(at) for at in range(10)]
    assert kept.edges() == found.edges()


@given(_RECORDS, _AGREEMENTS)
@settings(max_examples=400)
def test_nothing_stands_in_the_way_within_its_clear_interval_alone(
    record: IdentifierRecord, signed: Agreement | None
) -> None:
    """Within it a decision looks no further: one that reached too far would let in whoever is blocked."""
    found = Registration(record, signed)
    for at in (*range(11), LATEST - 1):
        assert (found.clear_from <= at < found.clear_to) is (found.obstacle(at) is None), at
    changes = {at for at in range(1, 11) if found.obstacle(at) is not found.obstacle(at - 1)}
    assert changes <= set(found.edges())


def _read(number: int, year: int = 2026) -> Registration:
    """Read a vehicle of an agreement as a store does: nothing of it is part of another."""
    told = orjson.loads(
        orjson.dumps(
            {
                "id": f"{number:032x}",
                "key": f"04A2{number:010X}",
                "vehicle": f"metro-{number:07}",
                "fleet": "metro-buses",
                "agreement": f"metro-{year}",
                "attributes": {"kind": "bus", "height_m": 3.1},
                "valid_from": 1_700_000_000,
                "valid_to": 1_900_000_000,
                "source": "fleet-office",
                "spelling": f"04:A2:{number:010X}",
            }
        )
    )
    signed = agreement(f"metro-{year}", fleet=f"metro-{year}", chargers=Selector(ids=(f"N-{year}-*",)))
    return Registration(identifier(vehicle_class=VehicleClass.AGREEMENT, **told), signed)


def test_what_vehicles_have_in_common_is_there_once() -> None:
    first, second = (_read(number).kept((f"04A2{number:010X}",), 1) for number in (1, 2))
    for name in ("fleet", "agreement", "attributes", "valid_from", "valid_to", "source"):
        assert getattr(first.record, name) is getattr(second.record, name), name
    assert first.agreement is second.agreement
    assert (first.clear_from, first.clear_to) == (first.record.valid_from, first.record.valid_to)
    assert first.clear_to is second.clear_to


def test_the_key_is_the_one_that_it_is_kept_under() -> None:
    keys = ("-", _read(1).record.key)
    assert _read(1).kept(keys, 1).record.key is keys[1]


class _Reading(MemoryIdentifiers):
    """A repository that reads every vehicle anew, and keeps none."""

    async def find_each(self, wanted: Sequence[Keys]) -> list[Registration | None]:
        return [_read(int(keys[0][4:], 16)) for keys in wanted]


@pytest.mark.anyio
async def test_a_vehicle_takes_little_of_the_cache() -> None:
    state, clock = MemoryState(registry_version=1), FakeClock()
    watch = watch_over(MemoryVersions(state), clock)
    registry = Registry(_Reading(state), NoSharedCache(), MemorySnapshot(), watch, clock, CountingMeter())
    await watch.look()
    await registry.find((f"04A2{0:010X}",))
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(1, _VEHICLES):
            await registry.find((f"04A2{number:010X}",))
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert registry.cached == (_VEHICLES, 0)
    assert taken / _VEHICLES <= _MOST_BYTES
