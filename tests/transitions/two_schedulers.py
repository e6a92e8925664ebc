"""A depot whose chargers are told their modes by one process or several, over stores in memory that may fail."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fakes.clock import FakeClock
from fakes.levels import watch_over
from fakes.modes import MemoryAccessMarks, MemoryDesiredModes, MemoryModeEvents
from fakes.stores import MemoryState, MemoryVersions
from fakes.webhooks import MemoryLeases

from policy_service.application.plan_holder import PlanHolder, PlanState
from policy_service.application.ports import StoreUnavailableError
from policy_service.application.process_lease import LeaseTerms, ProcessLease
from policy_service.application.transitions.cache_clearing import CacheClearing
from policy_service.application.transitions.scheduler import TransitionScheduler
from policy_service.domain.policy import Override
from policy_service.domain.selector import Selector
from policy_service.engine.compile import CompileContext, compile_plan
from policy_service.language.load import load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from policy_service.domain.access import AccessMode
    from policy_service.domain.mode_events import ModeEvent
    from policy_service.engine.plan import Plan

SIX = 1_772_388_000  # 2026-03-01T18:00:00Z
POLICY = """
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {name: yard}
spec:
  timezone: UTC
  chargers: {ids: ["A*", "B*"]}
  defaultMode: freevend
  allow: ALLOW
  windows:
    - {name: night, mode: managed, start: 18:00, end: 06:00, from: 2026-01-01, rrule: FREQ=DAILY,
       runningSessions: {stopAfter: PT10M}}
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {name: yard}
spec: {chargers: [CHARGERS]}
"""
BOTH = "[{class: own}, {class: agreement}]"
OWN = "[{class: own}]"


class NoHolidays:
    version = "none"

    def __call__(self, region: str, year: int) -> Mapping[date, str]:  # noqa: ARG002 - the port's shape
        return {}


def plan(*overrides: Override, allow: str = BOTH, chargers: Sequence[str] = ("A1", "A2", "B1"), now: int = SIX) -> Plan:
    listed = ", ".join(f"{{id: {each}, labels: {{depot: north}}}}" for each in chargers)
    text = POLICY.replace("ALLOW", allow).replace("CHARGERS", listed)
    checked = load({"yard.yaml": text.encode()})
    assert checked.tree is not None, checked.diagnostics
    context = CompileContext(now, NoHolidays(), content=text, overrides=overrides)
    made = compile_plan(checked.tree, context).plan
    assert made is not None
    return made


def override(mode: AccessMode, start: int, end: int, *ids: str, created: int = 1) -> Override:
    return Override(f"ovr-{created}", Selector(ids), start, end, mode, created=created)


@dataclass
class Heard:
    """What an observer hears."""

    events: list[ModeEvent] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    silent_s: float = 0.0
    overtaken: int = 0

    def mode_events(self, events: Sequence[ModeEvent]) -> None:
        self.events += events

    def transitions_wait(self, chargers: int, behind_s: float) -> None:
        del behind_s
        self.waiting.append(chargers)

    def scheduler_silent(self, for_s: float) -> None:
        self.silent_s = for_s

    def transitions_overtaken(self) -> None:
        self.overtaken += 1


class Process:
    """One process that tells, which ends at any store's answer that ``fails`` says."""

    def __init__(
        self, state: MemoryState, clock: FakeClock, *, lead_s: int = 0, fails: Callable[[], bool] = lambda: False
    ) -> None:
        """Start it without a plan."""
        self.state, self.clock = state, clock
        self.plans = PlanHolder()
        self.watch = watch_over(MemoryVersions(state), clock)
        self.heard = Heard()
        terms = LeaseTerms("modes", lasts_s=2.0, prolong_s=0)
        self.lease = ProcessLease(MemoryLeases(state), clock, terms, lambda: clock.milliseconds / 1000)
        events, marks = _Failing(MemoryModeEvents(state), fails), _Failing(MemoryAccessMarks(state), fails)
        self.clearing = CacheClearing(events, marks, self.watch, clock, self.heard, remembered_s=3_600)
        desired: Any = _Failing(MemoryDesiredModes(state), fails)
        self.scheduler = TransitionScheduler(
            self.plans, desired, self.clearing, self.lease, clock, self.heard, lead_s=lead_s
        )

    def serve(self, plan: Plan) -> None:
        self.plans.swap(PlanState(plan))

    async def look(self) -> None:
        await self.watch.look()
        await self.scheduler.look()


class _Failing:
    """A store whose answer may get lost, before or after it has done what it was asked."""

    def __init__(self, store: object, fails: Callable[[], bool]) -> None:
        self._store = store
        self._fails = fails

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._store, name)

        async def asked(*args: object) -> object:
            if self._fails():
                raise StoreUnavailableError
            answer = await method(*args)
            if self._fails():
                raise StoreUnavailableError
            return answer

        return asked


class Depot:
    """The stores and the clock that all processes share."""

    def __init__(self, *, lead_s: int = 0) -> None:
        """Begin an hour before the night."""
        self.state = MemoryState()
        self.clock = FakeClock((SIX - 3_600) * 1000)
        self.lead_s = lead_s

    def process(self, plan: Plan | None = None, fails: Callable[[], bool] = lambda: False) -> Process:
        process = Process(self.state, self.clock, lead_s=self.lead_s, fails=fails)
        if plan is not None:
            process.serve(plan)
        return process

    def at(self, second: float) -> None:
        self.clock.milliseconds = round(second * 1000)

    @property
    def events(self) -> list[ModeEvent]:
        return list(self.state.mode_events.values())

    def taken(self) -> list[ModeEvent]:
        """Return the events, and have none any more but their ids."""
        found = self.events
        self.state.mode_events.clear()
        return found
