"""The charger profiles in force, built-in and the operator's own, and how many chargers are of each."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from policy_service.application.plan_holder import NoPlanError, standing
from policy_service.application.ports import Page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.application.plan_holder import PlanHolder
    from policy_service.domain.charger_profile import ChargerProfile
    from policy_service.domain.selector import Selector
    from policy_service.engine.plan import Plan


class CountedProfile(NamedTuple):
    """A profile, and how many chargers are of it."""

    profile: ChargerProfile
    chargers: int


class UnknownProfileError(Exception):
    """There is no such profile."""


class ChargerProfiles:
    """Reads the policies in force."""

    def __init__(self, plans: PlanHolder) -> None:
        """Read what this holder holds."""
        self._plans = plans
        self._counted: tuple[Plan, Counter[str]] | None = None

    def page(self, *, limit: int, cursor: str | None, within: Selector | None = None) -> Page[CountedProfile]:
        """Return profiles ordered by name; the cursor is the last name of the page before."""
        known, counts = self._known(), self._counts(within)
        names = sorted(known)
        start = bisect_right(names, cursor) if cursor is not None else 0
        found = [CountedProfile(known[name], counts[name]) for name in names[start : start + limit]]
        more = len(names) > start + limit
        return Page(found, found[-1].profile.name if more else None)

    def get(self, name: str, *, within: Selector | None = None) -> CountedProfile:
        """Return one profile. Raises UnknownProfileError."""
        profile = self._known().get(name)
        if profile is None:
            raise UnknownProfileError
        return CountedProfile(profile, self._counts(within)[name])

    def _known(self) -> Mapping[str, ChargerProfile]:
        tree = self._plans.state.tree
        if tree is None:
            raise NoPlanError
        return tree.profiles

    def _counts(self, within: Selector | None) -> Counter[str]:
        """Count chargers by profile, all of them once a plan; a caller's own anew each time."""
        plan = standing(self._plans)
        if within is not None:
            return _counted(plan, within)
        if self._counted is None or self._counted[0] is not plan:
            self._counted = (plan, _counted(plan, None))
        return self._counted[1]


def _counted(plan: Plan, within: Selector | None) -> Counter[str]:
    return Counter(
        entry.profile.name
        for entry in plan.chargers.values()
        if entry.profile is not None and (within is None or within.matches(entry.charger))
    )
