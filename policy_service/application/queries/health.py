"""Health: whether a plan stands, how old it is against what is committed, and how the stores are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from policy_service.application.concerns import STORES_DOWN, Concern, ConcernCode
from policy_service.domain.diagnostic import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from policy_service.application.plan_holder import PlanHolder
    from policy_service.application.ports import Clock

Status = Literal["ready", "degraded", "unavailable"]


@dataclass(frozen=True, slots=True)
class Readiness:
    """The state of the service, as load balancers and on-call people ask for it."""

    status: Status
    revision: str | None
    policy_age_s: int
    tzdata: str | None
    stores: Mapping[str, str]
    problems: Sequence[str]
    problem_codes: Sequence[ConcernCode]
    """One for each problem."""


class Health:
    """Looks at what is in memory; asks no store."""

    def __init__(
        self,
        plans: PlanHolder,
        clock: Clock,
        stores: Mapping[str, Callable[[], str]],
        concerns: Callable[[], Sequence[Concern]] = tuple,
    ) -> None:
        """Report these stores beside the plan, and what else is of concern."""
        self._concerns = concerns
        self._plans = plans
        self._clock = clock
        self._stores = stores

    def readiness(self) -> Readiness:
        """Return the state as of now."""
        state = self._plans.state
        stores = {name: probe() for name, probe in self._stores.items()}
        down = [name for name, up in stores.items() if up == "down"]
        found = [*self._plan_concerns(), *(Concern(STORES_DOWN[name], f"{name} does not answer") for name in down)]
        found += self._concerns()
        if state.plan is None:
            found = found or [Concern(ConcernCode.NO_POLICIES, "no plan stands")]
        told = [each.text for each in found], [each.code for each in found]
        if state.plan is None:
            return Readiness("unavailable", None, 0, None, stores, *told)
        status: Status = "degraded" if found else "ready"
        age = state.age(self._clock.now())
        return Readiness(status, state.plan.revision, age, state.plan.tzdata, stores, *told)

    def _plan_concerns(self) -> list[Concern]:
        state = self._plans.state
        if not state.degraded:
            return []
        told = [f"the committed policies are not in force: {state.unreadable}"] if state.unreadable else []
        told += [
            f"{finding.place}: {finding.code} {finding.message}"
            for finding in state.diagnostics
            if finding.severity is Severity.ERROR
        ][:20]
        found = [Concern(ConcernCode.POLICIES_NOT_IN_FORCE, text) for text in told]
        if state.from_last_good:
            text = "serving the last policies that compiled on this node"
            found.append(Concern(ConcernCode.LAST_GOOD_POLICIES, text))
        return found or [Concern(ConcernCode.POLICIES_NOT_IN_FORCE, "the committed policies are not in force")]
