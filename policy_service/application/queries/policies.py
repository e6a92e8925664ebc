"""The policies in force, what the last load found, and a check of files that nobody serves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from policy_service.engine.compile import CompileContext, compile_plan
from policy_service.language.load import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.application.plan_holder import PlanHolder, PlanState
    from policy_service.application.ports import Clock
    from policy_service.domain.access import Ungoverned
    from policy_service.domain.charger_profile import BuiltInProfiles
    from policy_service.domain.diagnostic import Diagnostic
    from policy_service.domain.policy import AccessPolicy
    from policy_service.engine.holiday_days import HolidayDates


class Policies:
    """Reads the state of the plan holder."""

    def __init__(
        self,
        plans: PlanHolder,
        holidays: HolidayDates,
        profiles: BuiltInProfiles,
        clock: Clock,
        ungoverned: Ungoverned,
    ) -> None:
        """Read this holder; check files with this almanac and these built-in profiles."""
        self._plans = plans
        self._holidays = holidays
        self._profiles = profiles
        self._clock = clock
        self._ungoverned = ungoverned

    @property
    def state(self) -> PlanState:
        """Return the state in force."""
        return self._plans.state

    def all(self) -> Sequence[AccessPolicy]:
        """Return the policies in force by name."""
        tree = self._plans.state.tree
        return () if tree is None else sorted(tree.policies, key=lambda policy: policy.name)

    def get(self, name: str) -> AccessPolicy | None:
        """Return one policy."""
        return next((policy for policy in self.all() if policy.name == name), None)

    def chargers_of(self, name: str) -> Sequence[str]:
        """Return the ids of the chargers that the policy governs."""
        plan = self._plans.state.plan
        if plan is None:
            return ()
        return sorted(key for key, entry in plan.chargers.items() if entry.policy and entry.policy.name == name)

    async def validate(self, files: Mapping[str, bytes]) -> Sequence[Diagnostic]:
        """Return every finding about the files, as if they were the whole tree."""
        return await asyncio.to_thread(self._validate, files)

    def _validate(self, files: Mapping[str, bytes]) -> Sequence[Diagnostic]:
        checked = load(files, built_in=self._profiles)
        if checked.tree is None:
            return tuple(checked.diagnostics)
        context = CompileContext(
            now=self._clock.now(),
            holidays=self._holidays,
            ungoverned=self._ungoverned,
            content="",
            chargers={},
            overrides=(),
            previous=None,
        )
        return (*checked.diagnostics, *compile_plan(checked.tree, context).diagnostics)
