"""Where the current plan is held: one reference to an immutable value, swapped at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from policy_service.application.ports import PlanOrigin
    from policy_service.domain.diagnostic import Diagnostic
    from policy_service.domain.policy_tree import PolicyTree
    from policy_service.engine.plan import Plan


@dataclass(frozen=True, slots=True)
class PlanState:
    """The plan in force and how the last load went; replaced as a whole, so that readers never see a mixture."""

    plan: Plan | None = None
    tree: PolicyTree | None = None
    """The tree behind the plan."""
    origin: PlanOrigin | None = None
    """What the plan was made of."""
    sources: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    """The files of the last load, in force or broken: what diagnostics point into."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """What the last load found: warnings where it is in force, errors where it is not."""
    unreadable: str | None = None
    """Why the tree could not even be read; None where it could."""
    loaded_at: int | None = None
    """When the plan in force was loaded, in epoch seconds."""
    broken_since: int | None = None
    """When the committed tree was first found unfit to be served; None while it is in force."""
    from_last_good: bool = False
    """Whether the plan comes from the tree kept on this node rather than from the policy directory."""

    @property
    def degraded(self) -> bool:
        """Tell whether what is served is not what is committed."""
        return self.broken_since is not None

    def age(self, now: int) -> int:
        """Return for how many seconds what is served has not been what is committed; 0 while they agree."""
        return 0 if self.broken_since is None else max(0, now - self.broken_since)


class PlanHolder:
    """Holds the state. Reading it is one attribute access; a request reads it once and stays with what it got."""

    __slots__ = ("_told", "state")

    def __init__(self) -> None:
        """Start without a plan."""
        self.state = PlanState()
        self._told: list[Callable[[PlanState], None]] = []

    @property
    def plan(self) -> Plan | None:
        """Return the plan in force."""
        return self.state.plan

    def swap(self, state: PlanState) -> None:
        """Put another state in force for every request that begins from now on."""
        self.state = state
        for told in self._told:
            told(state)

    def on_swap(self, told: Callable[[PlanState], None]) -> None:
        """Tell somebody of every state that is put in force; they must not take long."""
        self._told.append(told)


class NoPlanError(Exception):
    """No plan stands: nothing can be decided."""


def standing(plans: PlanHolder) -> Plan:
    """Return the plan in force. Raises NoPlanError."""
    plan = plans.state.plan
    if plan is None:
        raise NoPlanError
    return plan
