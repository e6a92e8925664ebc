"""Make an override: a mode for some chargers that begins now or later and ends by itself."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from policy_service.application.callers import BeyondReachError
from policy_service.application.imports.fields import Fault, InvalidRecordError
from policy_service.application.plan_holder import standing
from policy_service.application.ports import ConflictError
from policy_service.application.short_ids import short_id
from policy_service.domain.instant import DAY
from policy_service.domain.made_override import MadeOverride
from policy_service.engine.compile_overrides import reach

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from policy_service.application.commands.reload_policies import ReloadPolicies
    from policy_service.application.plan_holder import PlanHolder
    from policy_service.application.ports import Clock, OverrideRepository
    from policy_service.application.version_watch import VersionWatch
    from policy_service.domain.access import AccessMode
    from policy_service.domain.diagnostic import Diagnostic
    from policy_service.domain.policy import Grants, Texts
    from policy_service.domain.selector import Selector
    from policy_service.engine.compile_overrides import Reach
    from policy_service.engine.plan import Plan

LONGEST = 31 * DAY
"""What holds for longer is no exception: it belongs into a policy, where others review it."""
FURTHEST = 400 * DAY
KEPT = 400 * DAY
"""For how long overrides that are over answer the questions of an audit."""
MOST = 1000
"""Overrides that stand at once; a caller that loops must not slow every change of policy."""

_LETTERS = 8
_QUOTED = re.compile("`(.*)`", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. Instants in epoch seconds; without ``start`` it begins now."""

    chargers: Selector
    mode: AccessMode
    until: int
    reason: str
    start: int | None = None
    allow: Grants | None = None
    force: bool = False
    message: Texts | None = None


class AllLockedError(ConflictError):
    """Every charger that is meant is locked by its policy; nothing was made."""

    def __init__(self, left: Sequence[str]) -> None:
        """Carry the chargers."""
        super().__init__("the policies of all these chargers are locked; `force` takes them all the same")
        self.left = left


class NotInForceError(Exception):
    """The override is stored, and this process could not put it in force: a defect."""


class MakeOverride:
    """Makes overrides; each is in force in this process on return, and in the others as they look."""

    def __init__(
        self,
        overrides: OverrideRepository,
        plans: PlanHolder,
        reload: ReloadPolicies,
        watch: VersionWatch,
        clock: Clock,
    ) -> None:
        """Store in the repository, let the plan follow, and the watch tell the other processes."""
        self._overrides = overrides
        self._plans = plans
        self._reload = reload
        self._watch = watch
        self._clock = clock

    async def __call__(
        self, wanted: Wanted, *, by: str | None, within: Selector | None = None
    ) -> tuple[MadeOverride, Reach]:
        """Make an override; return it with what it takes. ``within`` picks the only chargers that it may be about.

        Raises InvalidRecordError, AllLockedError, BeyondReachError, ConflictError, NoPlanError and
        StoreUnavailableError.
        """
        override = _made(wanted, self._clock.now(), by)
        faults = list(_time_faults(override, self._clock.now()))
        faults += [_fault(found) for found in self._reload.findings_about(override.as_override())]
        if faults:
            raise InvalidRecordError(faults)
        plan = standing(self._plans)
        met = await asyncio.to_thread(reach, override.as_override(), plan)
        if within is not None:
            demand_within(met, plan, within)
            # What is imported later must not come under it either.
            override = replace(override, chargers=override.chargers.narrowed(within.labels or ()))
        if not met.taken:
            raise _refusal(met)
        if await self._overrides.count_standing(override.created_at) >= MOST:
            message = f"{MOST} overrides stand already: end some, or change the policy"
            raise ConflictError(message)
        stored = await self._overrides.add(override, forget=override.created_at - KEPT)
        if not await self._reload.follow_overrides():
            raise NotInForceError
        await self._watch.changed()
        return stored, met


def demand_within(met: Reach, plan: Plan, within: Selector) -> None:
    """Do nothing where the selector picks every charger that an override picks. Raises BeyondReachError."""
    if any(not within.matches(plan.chargers[id_].charger) for id_ in (*met.taken, *met.left, *met.ungoverned)):
        raise BeyondReachError


def _made(wanted: Wanted, now: int, by: str | None) -> MadeOverride:
    return MadeOverride(
        id="ov-" + short_id(_LETTERS),
        chargers=wanted.chargers,
        start=now if wanted.start is None else max(wanted.start, now),  # nobody changes what has been decided
        end=wanted.until,
        mode=wanted.mode,
        reason=wanted.reason,
        created_at=now,
        allow=wanted.allow,
        force=wanted.force,
        message=wanted.message,
        created_by=by,
    )


def _time_faults(override: MadeOverride, now: int) -> Iterator[Fault]:
    if override.start > now + FURTHEST:
        yield Fault("/from", f"must lie within {FURTHEST // DAY} days")
    if override.end <= now:
        yield Fault("/until", "must lie in the future")
    elif override.end <= override.start:
        yield Fault("/until", "must lie after `from`")
    elif override.end > override.start + LONGEST:
        yield Fault("/until", f"must lie within {LONGEST // DAY} days of the beginning; what lasts belongs in a policy")


def _fault(found: Diagnostic) -> Fault:
    """Tell what is wrong, where, and what to do, but not what was sent: the message quotes it, and so may the help."""
    told = f"{_QUOTED.sub('…', found.message)} (at character {found.place.column})"
    names = [part.rpartition(".")[2] for part in _QUOTED.findall(found.message)]
    repeats = found.help is None or any(name in found.help for name in names)
    return Fault(found.place.file, told if repeats else f"{told}; {found.help}")


def _refusal(met: Reach) -> Exception:
    if met.left:
        return AllLockedError(met.left)
    if met.ungoverned:
        return InvalidRecordError([Fault("/chargers", "picks only chargers that no policy governs")])
    return InvalidRecordError([Fault("/chargers", "picks no charger of the inventory")])
