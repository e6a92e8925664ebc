from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from policy_service.application.ports import PlanOrigin
from policy_service.domain.access import AccessMode, Ungoverned, VehicleClass
from policy_service.domain.charger import Charger
from policy_service.domain.made_override import MadeOverride
from policy_service.domain.policy import Grant
from policy_service.domain.selector import Expression, Selector

if TYPE_CHECKING:
    from fakes.stores import Stores

pytestmark = pytest.mark.anyio

OVERRIDE = MadeOverride(
    "ov-7k3m9x2a",
    Selector(labels=(("depot", ("north",)),), exclude=("N-1",), when=Expression('charger.row == "a"')),
    10,
    20,
    AccessMode.MANAGED,
    "pull-out",
    5,
    allow=(Grant(VehicleClass.OWN, None, (), Expression("vehicle.kw > 20")),),
    message=(("", "closed"), ("de", "zu")),
    serial=3,
)
CHARGERS = {
    f"C-{number}": Charger(f"C-{number}", {"depot": "north"}, {"kw": 22.0, "on": True, "n": number}, "ocpp1.6")
    for number in range(200)
}
FILES = {"a.yaml": b"a", "deeper/b.yaml": b"\xff\x00", "caf\udce9.yaml": b"a"}
ORIGIN = PlanOrigin(FILES, CHARGERS, (OVERRIDE,), Ungoverned.OWN_ONLY, "2026a", "0.9")


async def _told(stores: Stores, revision: str) -> tuple[object, ...] | None:
    found = await stores.archive.origin(revision)
    if found is None:
        return None
    # Revisions are made of how chargers and overrides are written: not even the order of attributes may change.
    written = sorted((id_, repr(charger)) for id_, charger in found.chargers.items())
    overrides = [repr(each.as_override()) for each in found.overrides]
    return dict(found.files), written, overrides, found.ungoverned, found.tzdata, found.holidays


async def test_what_a_plan_was_made_of_comes_back_to_the_letter(stores: Stores) -> None:
    await stores.archive.keep("r1", ORIGIN, 100)
    assert await _told(stores, "r1") == (
        FILES,
        sorted((id_, repr(charger)) for id_, charger in CHARGERS.items()),
        [repr(OVERRIDE.as_override())],
        Ungoverned.OWN_ONLY,
        "2026a",
        "0.9",
    )
    assert await _told(stores, "r2") is None


async def test_keeping_a_revision_again_only_notes_it(stores: Stores) -> None:
    await stores.archive.keep("r1", ORIGIN, 100)
    before = await _told(stores, "r1")
    await stores.archive.keep("r1", replace(ORIGIN, files={}), 200)
    assert await _told(stores, "r1") == before
    assert await stores.archive.drop_before(200) == 0
    assert await stores.archive.drop_before(201) == 1
    assert await _told(stores, "r1") is None


async def test_what_another_revision_shares_stays_when_one_is_dropped(stores: Stores) -> None:
    await stores.archive.keep("old", ORIGIN, 100)
    await stores.archive.keep("new", replace(ORIGIN, files={**FILES, "a.yaml": b"edited"}), 200)
    before = await _told(stores, "new")
    assert await stores.archive.drop_before(150) == 1
    assert await _told(stores, "old") is None
    assert await _told(stores, "new") == before


async def test_a_plan_of_nothing_can_be_kept(stores: Stores) -> None:
    await stores.archive.keep("r", PlanOrigin({}, {}, (), Ungoverned.DENY, "", ""), 1)
    assert await _told(stores, "r") == ({}, [], [], Ungoverned.DENY, "", "")
