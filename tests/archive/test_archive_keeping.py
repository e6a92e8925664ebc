"""Revisions get to the archive, whatever happens in between."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from fakes.clock import FakeClock
from fakes.stores import MemoryPlanArchive, MemoryState

from policy_service.application.archive_keeping import MOST_WAITING, ArchiveKeeping
from policy_service.application.plan_holder import PlanHolder, PlanState
from policy_service.application.ports import PlanOrigin, StoreUnavailableError
from policy_service.domain.access import Ungoverned

pytestmark = pytest.mark.anyio

ORIGIN = PlanOrigin({}, {}, (), Ungoverned.DENY, "", "")


class Kept:
    """Keeping over a store in memory."""

    def __init__(self) -> None:
        """Begin without a plan."""
        self.plans, self.state, self.clock = PlanHolder(), MemoryState(), FakeClock()
        self.keeping = ArchiveKeeping(self.plans, MemoryPlanArchive(self.state), self.clock)

    def swap(self, revision: str) -> None:
        self.plans.swap(PlanState(cast("Any", SimpleNamespace(revision=revision)), origin=ORIGIN))

    @property
    def revisions(self) -> list[str]:
        return list(self.state.revisions)


async def test_revisions_that_follow_each_other_at_once_are_all_kept() -> None:
    kept = Kept()
    for revision in ("a", "b", "b", "c"):
        kept.swap(revision)
    await kept.keeping.step()
    assert kept.revisions == ["a", "b", "c"]


async def test_what_came_into_force_while_the_database_was_gone_is_kept_when_it_is_back() -> None:
    kept = Kept()
    kept.state.down = True
    kept.swap("a")
    with pytest.raises(StoreUnavailableError):
        await kept.keeping.step()
    kept.swap("b")
    kept.state.down = False
    await kept.keeping.step()
    assert kept.revisions == ["a", "b"]


async def test_what_waits_is_bounded() -> None:
    kept = Kept()
    for number in range(MOST_WAITING + 2):
        kept.swap(f"r{number}")
    await kept.keeping.step()
    assert (len(kept.revisions), kept.revisions[0]) == (MOST_WAITING, "r2")
