"""A plan of old is made again with the built-in profiles of today, and says so where they are others."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from fakes.clock import FakeClock

from policy_service import bootstrap
from policy_service.application.plan_holder import PlanHolder
from policy_service.application.ports import PlanOrigin
from policy_service.application.queries.past_plans import PastPlans
from policy_service.application.tree_digest import digest_of
from policy_service.domain.access import Ungoverned
from policy_service.domain.charger_profile import BuiltInProfiles
from policy_service.engine.compile import CompileContext, compile_plan
from policy_service.language.load import load

TREE = b"""
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: yard}
spec:
  timezone: UTC
  chargers: {ids: ["*"]}
  defaultMode: managed
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: yard}
spec: {chargers: [{id: A-1, profile: easee}]}
"""
FILES = {"yard.yaml": TREE}
TOOLS = bootstrap.offline()


@dataclass
class OneOrigin:
    """Keeps what one plan was made of, whatever revision is asked for."""

    kept: PlanOrigin

    async def keep(self, revision: str, origin: PlanOrigin, at: int) -> None:
        """Keep nothing else."""

    async def origin(self, revision: str) -> PlanOrigin | None:
        del revision
        return self.kept

    async def drop_before(self, at: int) -> int:
        del at
        return 0


def _revision(built_in: BuiltInProfiles) -> tuple[str, PlanOrigin]:
    tree = load(FILES, built_in=built_in).tree
    assert tree is not None
    plan = compile_plan(tree, CompileContext(0, TOOLS.holidays, content=digest_of(FILES))).plan
    assert plan is not None
    return plan.revision, PlanOrigin(FILES, {}, (), Ungoverned.DENY, plan.tzdata, plan.holidays)


@pytest.mark.anyio
@pytest.mark.parametrize("same", [True, False])
async def test_an_old_plan_knows_built_in_profiles(*, same: bool) -> None:
    then = TOOLS.profiles if same else BuiltInProfiles(TOOLS.profiles.profiles, "of another release")
    revision, origin = _revision(then)
    past = await PastPlans(PlanHolder(), OneOrigin(origin), TOOLS.holidays, TOOLS.profiles, FakeClock()).of(revision)
    assert past.plan is not None
    assert past.plan.chargers["A-1"].profile == TOOLS.profiles.profiles["easee"]
    assert past.caveats == (() if same else ("this release makes another plan of the same policies",))
