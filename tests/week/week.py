"""A simulated week: chargers, processes and faults on one clock, from one change of mode to the next."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from judging import WITHIN_S, Course, lasting, late
from simulated import simulated
from site_processes import LEAD_S

from policy_service.domain.access import AccessMode

if TYPE_CHECKING:
    import random

    from conducting import Conductor
    from depots import Planned
    from judging import Stretch
    from simulated import SimulatedCharger
    from site_processes import Site

GRACE_S = 60
"""After a switch was due: who is not in its mode has diverged by then, as the service is set by default."""
SAID_S = 20
"""After the grace, at most: a try that a boot has put off comes 15 s later, and the service looks once a second."""
ASKED_EVERY_S = 0.25
KILLS = ("telling", "before", "after", "between")
"""When a scheduler is killed, in turns: while it tells what is due, before, after the switch, and before that."""
AT_WORK_S = 0.001, 0.02
"""Of the computer's time: for how long it has been telling then."""
OPEN = AccessMode.FREEVEND


@dataclass
class Faults:
    """How often what happens."""

    kills: int
    csms_kills: int
    service_restarts: int
    offline_share: float = 0.05
    """Of the chargers, at each change."""
    reboot_share: float = 0.02


@dataclass
class Week:
    """One run. Times are epoch seconds."""

    site: Site
    conductor: Conductor
    plans: list[Planned]
    changes: dict[str, Course]
    """Of each depot."""
    end: float
    faults: Faults
    rng: random.Random
    chargers: dict[str, SimulatedCharger] = field(default_factory=dict[str, "SimulatedCharger"])
    done: Counter[str] = field(default_factory=Counter[str])

    async def run(self) -> None:
        """Let all of it happen."""
        await self.site.ready()
        async with AsyncExitStack() as stack:
            for plan in self.plans:
                options = {"habits": plan.habits, "is_open": plan.open, "clock": self.conductor.clock}
                one = simulated(plan.model, self.site.csms_url, plan.id, **options)
                self.chargers[plan.id] = await stack.enter_async_context(one)
            await self._settle(within=60)
            await self._found_out(self.conductor.clock.now())
            instants = self._instants()
            for number, (at, depots) in enumerate(instants, start=1):
                await self._change(number - 1, at, depots)
                missed, longest = self.late(self.conductor.clock.now())
                said = f"{number} of {len(instants)}, longest {longest:.2f} s, missed {len(missed)}, {dict(self.done)}"
                sys.stdout.write(f"{datetime.fromtimestamp(at, UTC):%a %H:%M} {said}\n")
            await self.conductor.leap_to(self.end)

    def course(self, plan: Planned) -> Course:
        """Return what a charger should do."""
        return self.changes[plan.depot]

    def _instants(self) -> list[tuple[float, set[str]]]:
        found: dict[float, set[str]] = {}
        for depot, course in self.changes.items():
            for at, _ in course[1:]:
                found.setdefault(at, set()).add(depot)
        return sorted(found.items())

    async def _change(self, number: int, at: float, depots: set[str]) -> None:
        """Let one change of mode happen, with whatever goes wrong at it."""
        count, told = len(self._instants()), at - LEAD_S
        killed = self.done["a scheduler killed"]
        kill = KILLS[killed % len(KILLS)] if _falls(number, count, self.faults.kills) else None
        await self.site.stand_by()
        self._kill_if(kill == "before")
        if kill == "telling":
            self.site.kill_scheduler_at_work(self.rng.uniform(*AT_WORK_S))
        await self.conductor.leap_to(told + 0.1)
        await self._told(at, sum(plan.depot in depots for plan in self.plans))
        away = self._some(self.faults.offline_share, depots)
        for charger in away:
            charger.lose_network()
        self._kill_if(kill in {"telling", "between"})
        if _falls(number, count, self.faults.csms_kills):
            self.site.kill_csms()
            self.done["the CSMS killed"] += 1
        if _falls(number + 1, count, self.faults.service_restarts):
            await self.site.restart_service()
            self.done["the service restarted"] += 1
        await self.conductor.leap_to(at - 0.1)
        await self._settle(within=WITHIN_S, at=at, kill=kill == "after")
        await self._found_out(at)
        back = self.conductor.clock.now()
        for charger in away:
            charger.regain_network()
        for charger in self._some(self.faults.reboot_share, set(self.changes)):
            charger.restart()
            self.done["a charger restarted"] += 1
        self.done["a charger offline at the switch"] += len(away)
        self.done["changes of mode"] += 1
        await self._settle(within=WITHIN_S, at=back)
        await self._found_out(back)

    async def _settle(self, *, within: float, at: float | None = None, kill: bool = False) -> None:
        """Let time go on until every charger is where it should be, and it has been reported of the liars as well.

        A leap before that would let who has come back be away for longer.
        """
        clock = self.conductor.clock
        at = clock.now() if at is None else at
        await clock.sleep(at + 0.1 - clock.now())
        self._kill_if(kill)
        await self.conductor.until(self._all_there, at_latest=at + within + 3 * WITHIN_S)
        await clock.sleep(max(0.2, at + WITHIN_S - clock.now()))

    async def _told(self, at: float, chargers: int) -> None:
        """Let time go on until chargers are told what is to come, or it nearly has."""
        while await self.site.told(at) < chargers and self.conductor.clock.now() < at - 0.2:
            await self.conductor.clock.sleep(ASKED_EVERY_S)

    async def _found_out(self, since: float) -> None:
        """Let the grace pass, and time go on until it is said of those who are not where they should be.

        Whether it was, is judged later.
        """
        await self.conductor.leap_to(since + GRACE_S)
        while await self._unsaid() and self.conductor.clock.now() < since + GRACE_S + SAID_S:
            await self.conductor.clock.sleep(ASKED_EVERY_S)

    async def _unsaid(self) -> list[Stretch]:
        """Return the wrong modes that last, and of which nobody has been told."""
        now = self.conductor.clock.now()
        stretches = [
            stretch
            for plan in self.plans
            if plan.model.switch and self.chargers[plan.id].online and self._is_wrong(plan)
            for stretch in lasting(self.chargers[plan.id], self.course(plan), now)[-1:]
        ]
        told = await self.site.diverged(min((each.begins for each in stretches), default=now))
        return [each for each in stretches if not any(at >= each.begins for at in told.get(each.charger, ()))]

    def _is_wrong(self, plan: Planned) -> bool:
        now, charger = self.conductor.clock.now(), self.chargers[plan.id]
        wanted = [mode for at, mode in self.course(plan) if at <= now][-1]
        return not (charger.online and charger.freevend is (wanted is OPEN))

    def _kill_if(self, due: bool) -> None:  # noqa: FBT001 - the whole of what it is told
        if due:
            self.done["a scheduler killed"] += 1
            if not self.site.kill_scheduler():
                self.done["in the middle of its work"] += 1

    def _all_there(self) -> bool:
        return not any(
            plan.obeys and self.chargers[plan.id].has_network and self._is_wrong(plan) for plan in self.plans
        )

    def _some(self, share: float, depots: set[str]) -> list[SimulatedCharger]:
        chosen = [plan for plan in self.plans if plan.depot in depots and self.rng.random() < share]
        return [self.chargers[plan.id] for plan in chosen]

    def late(self, until: float) -> tuple[list[str], float]:
        """Return who was in the wrong mode for too long, of those that can be switched; and the longest time of all."""
        found, longest = [], 0.0
        for plan in self.plans:
            if not plan.obeys:
                continue
            for stretch, seconds in late(self.chargers[plan.id], self.course(plan), until):
                longest = max(longest, seconds)
                if seconds > WITHIN_S:
                    found.append(f"{stretch} {seconds:.1f} s {plan.habits}")
        return found, longest


def _falls(number: int, count: int, times: int) -> bool:
    """Tell whether one of so many things, spread evenly over ``count`` changes, falls on this one."""
    return number * times // count != (number + 1) * times // count
