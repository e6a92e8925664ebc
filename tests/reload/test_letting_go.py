"""What a plan of before held is freed beside the event loop, one by one."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest
from fakes.clock import FakeClock

from policy_service.adapters.holiday_days import LibraryHolidays
from policy_service.adapters.last_good_tree import FileLastGoodTree
from policy_service.adapters.policy_files import DirectoryPolicyFiles
from policy_service.application.commands.reload_policies import ReloadPolicies
from policy_service.application.plan_holder import PlanHolder
from policy_service.domain.access import Ungoverned
from policy_service.domain.charger_profile import NO_BUILT_IN_PROFILES
from policy_service.letting_go import let_go

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio
_TREE = """
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {{name: yard}}
spec: {{chargers: [{{id: {charger}}}]}}
---
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {{name: yard}}
spec: {{timezone: Europe/Berlin, chargers: {{ids: ["*"]}}, defaultMode: freevend}}
"""


class Noted:
    """Notes in which thread it is freed."""

    def __init__(self, threads: list[int]) -> None:
        """Note into the list."""
        self._threads = threads

    def __del__(self) -> None:
        """Note it."""
        self._threads.append(threading.get_ident())


class Nothing:
    """Stores without a charger and without an override, and nobody who watches."""

    async def all(self) -> dict[str, Any]:
        return {}

    async def standing(self, now: int) -> tuple[()]:
        assert now
        return ()

    def loaded(self, *told: object) -> None:
        assert told


async def test_a_reload_frees_the_plan_of_before_in_a_thread(tmp_path: Path) -> None:
    file, nothing, plans = tmp_path / "tree" / "yard.yaml", cast("Any", Nothing()), PlanHolder()
    file.parent.mkdir()
    file.write_text(_TREE.format(charger="a"))
    reload = ReloadPolicies(
        plans,
        DirectoryPolicyFiles(file.parent),
        FileLastGoodTree(tmp_path),
        nothing,
        nothing,
        LibraryHolidays(),
        NO_BUILT_IN_PROFILES,
        FakeClock(),
        Ungoverned.DENY,
        nothing,
    )
    await reload()
    freed: list[int] = []
    state = plans.state
    assert state.plan is not None
    assert state.tree is not None
    held = {str(number): cast("Any", Noted(freed)) for number in range(100)}
    plans.swap(replace(state, tree=replace(state.tree, chargers=held)))
    del state, held
    file.write_text(_TREE.format(charger="b"))
    assert (await reload()).status == "in_force"
    assert plans.state.plan is not None
    assert list(plans.state.plan.chargers) == ["b"]
    assert len(freed) == 100
    assert threading.get_ident() not in freed


def test_a_list_is_empty_then_and_what_others_hold_stays() -> None:
    freed: list[int] = []
    kept = Noted(freed)
    things = [kept, Noted(freed), Noted(freed)]
    let_go(things)
    assert things == []
    assert len(freed) == 2
