from __future__ import annotations

from uuid import RFC_4122, UUID

from fakes.clock import FakeClock

from policy_service.application.decision_id import DecisionIds


def test_ids_are_uuids_of_version_7_in_the_order_of_time() -> None:
    clock = FakeClock(1_795_000_000_000)
    ids = DecisionIds(clock)
    made = [ids.next() for _ in range(1000)]
    clock.milliseconds += 1
    later = ids.next()
    assert len(set(made)) == 1000
    assert all(UUID(text).version == 7 and UUID(text).variant == RFC_4122 for text in made)
    assert all(int(UUID(text)) >> 80 == 1_795_000_000_000 for text in made)
    assert later > max(made)


def test_an_id_is_of_the_instant_that_is_told() -> None:
    ids = DecisionIds(FakeClock(1_795_000_000_000))
    assert int(UUID(ids.next(1_795_000_000_123))) >> 80 == 1_795_000_000_123
    assert int(UUID(ids.next())) >> 80 == 1_795_000_000_000
