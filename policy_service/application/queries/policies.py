"""The policies in force, what the last load found, and a check of files that nobody serves."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from policy_service.application.policy_diff import Side, compare
from policy_service.engine.compile import CompileContext, compile_plan
from policy_service.language.load import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.application.plan_holder import PlanHolder, PlanState
    from policy_service.application.policy_diff import Compared
    from policy_service.application.ports import Clock, PlanArchive
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
        archive: PlanArchive,
    ) -> None:
        """Read this holder; check and compare files with these holidays and profiles, revisions by this archive."""
        self._archive = archive
        self._one_comparison = asyncio.Lock()
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

    async def compare(
        self, old: Mapping[str, bytes] | str | None, new: Mapping[str, bytes], span: tuple[int, int]
    ) -> Compared:
        """Compare files with others, with a revision's, or with those in force (None), over ``[from, to)``.

        Both sides have the imported chargers of now, and no override of HTTP. One at a time: a comparison may take
        as long as a load. Raises RefusedTreeError, KeyError for a revision that is not kept, StoreUnavailableError.
        """
        origin = self._plans.state.origin
        if origin is None:
            raise KeyError(old)
        if isinstance(old, str):
            kept = await self._archive.origin(old)
            if kept is None:
                raise KeyError(old)
            old = kept.files
        before = Side(
            origin.files if old is None else old,
            self._holidays,
            self._profiles,
            self._clock.now(),
            self._ungoverned,
            origin.chargers,
        )
        async with self._one_comparison:
            return await asyncio.to_thread(compare, before, replace(before, files=new), span)

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
            at_hand=False,
        )
        return (*checked.diagnostics, *compile_plan(checked.tree, context).diagnostics)
