"""Takes in what a CSMS says of chargers; what follows from it is stored in the same transaction."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, cast

from policy_service.application.ports import ConflictError, StoreUnavailableError
from policy_service.application.queries.charger_sync import subject_of, switches_of
from policy_service.domain.charger_sync import Standing
from policy_service.domain.mode_evidence import mode_by, without_identifiers
from policy_service.domain.mode_follow_up import Followed, heard
from policy_service.domain.moment import TOLERANCE_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.application.plan_holder import PlanHolder
    from policy_service.application.ports import Clock, ReportedModes
    from policy_service.domain.mode_events import ModeEvent
    from policy_service.domain.mode_follow_up import ModeReport, Patience
    from policy_service.engine.plan import Plan

LARGEST = 500
"""Reports in one transaction."""
_TRIES = 5

SAID = "said"
"""In the evidence, the mode that the words of a report said, where its variables said another."""
CLOCK_SUSPECT = "clock_suspect"
"""In the evidence, that a report came from the future, and was taken for one of now."""
BREACH = "breach"
"""In the evidence, that a vehicle was let in unasked."""
_OWN_WORDS = {SAID, CLOCK_SUSPECT, BREACH}


class ModeObserver(Protocol):
    """Hears what becomes of changes of mode."""

    def mode_events(self, events: Sequence[ModeEvent]) -> None:
        """Hear of events that are stored now."""
        ...


@dataclass(slots=True)
class _Waiting:
    """A report that is not stored yet, and who waits for it."""

    report: ModeReport
    answer: asyncio.Future[Standing]


class ReportMode:
    """Stores reports one transaction at a time: those that come in while one is under way go together in the next."""

    def __init__(
        self, reported: ReportedModes, plans: PlanHolder, clock: Clock, observer: ModeObserver, patience: Patience
    ) -> None:
        """Wire the collaborators."""
        self._reported = reported
        self._plans = plans
        self._clock = clock
        self._observer = observer
        self._patience = patience
        self._waiting: list[_Waiting] = []
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, report: ModeReport) -> Standing:
        """Take in a report about a charger of the plan; return how it stands then. Raises StoreUnavailableError."""
        return await asyncio.shield(self.notice(report))

    def notice(self, report: ModeReport) -> asyncio.Future[Standing]:
        """Take in a report that nobody needs to wait for; what is returned is done when it is stored.

        Of breaches in a row at one charger the latest counts: they come as fast as decisions do.
        """
        before = self._last(report.charger) if report.breach else None
        if before is not None and before.report.breach:
            before.report = max(before.report, report, key=lambda each: each.at)
            return before.answer
        answer: asyncio.Future[Standing] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(report, answer))
        if self._task is None:
            self._task = asyncio.create_task(self._store_all(), name="reported modes")
        return answer

    def _last(self, charger: str) -> _Waiting | None:
        return next((each for each in reversed(self._waiting) if each.report.charger == charger), None)

    async def _store_all(self) -> None:
        try:
            while self._waiting:
                await self._settle(self._next())
        finally:
            self._task = None

    def _next(self) -> dict[str, _Waiting]:
        """Take what goes into the next transaction: the first of each charger, in the order of arrival."""
        taken: dict[str, _Waiting] = {}
        left: list[_Waiting] = []
        for each in self._waiting:
            fits = len(taken) < LARGEST and each.report.charger not in taken
            if fits:
                taken[each.report.charger] = each
            else:
                left.append(each)
        self._waiting = left
        return taken

    async def _settle(self, taken: dict[str, _Waiting]) -> None:
        try:
            stored = await self._store([each.report for each in taken.values()])
        except Exception as error:  # noqa: BLE001 - whatever it was, nobody may wait for ever
            for each in taken.values():
                each.answer.set_exception(StoreUnavailableError(f"not stored ({type(error).__name__})"))
                each.answer.exception()  # seen: those who asked may have gone
            return
        for charger, each in taken.items():
            each.answer.set_result(stored[charger])

    async def _store(self, reports: Sequence[ModeReport]) -> dict[str, Standing]:
        for _ in range(_TRIES):
            standings = await self._reported.standings([report.charger for report in reports])
            now, plan = self._clock.now_ms(), self._plans.state.plan
            followed = {
                report.charger: _followed(plan, report, standings.get(report.charger), now, self._patience)
                for report in reports
            }
            fresh = [each for name, each in followed.items() if _differs(each, standings.get(name))]
            events = [event for each in fresh for event in each.events]
            try:
                if fresh:
                    await self._reported.put([each.reported for each in fresh], events)
            except ConflictError:  # another node heard of one of them at the same time
                continue
            self._observer.mode_events(events)
            return {
                name: Standing(standings[name].desired if name in standings else None, each.reported)
                for name, each in followed.items()
            }
        message = "others are always faster"
        raise StoreUnavailableError(message)


def _followed(
    plan: Plan | None, report: ModeReport, standing: Standing | None, now: int, patience: Patience
) -> Followed:
    subject = subject_of(plan, report.charger, standing or Standing(None, None))
    return heard(subject, _believed(plan, report, now), now, patience)


def _believed(plan: Plan | None, report: ModeReport, now: int) -> ModeReport:
    """Return a report as far as it can be believed: variables beat words, and nobody has seen the future.

    What the service itself says in evidence nobody else can say.
    """
    switches = switches_of(None if plan is None else plan.chargers.get(report.charger))
    variables = report.evidence.get("variables")
    shown = mode_by(cast("dict[str, object]", variables), switches) if isinstance(variables, dict) else None
    evidence = without_identifiers(report.evidence, switches)
    evidence = {name: said for name, said in evidence.items() if name not in _OWN_WORDS}
    evidence |= {BREACH: True} if report.breach else {}
    if shown is not None and shown is not report.mode:
        evidence |= {} if report.mode is None else {SAID: str(report.mode)}
        report = replace(report, mode=shown, untold=False)
    if report.at > now:
        evidence |= {} if report.at <= now + TOLERANCE_S * 1000 else {CLOCK_SUSPECT: True}
        report = replace(report, at=now)
    return replace(report, at=max(report.at, 1), evidence=evidence)


def _differs(followed: Followed, standing: Standing | None) -> bool:
    """Tell whether there is anything to store."""
    before = None if standing is None else standing.reported
    return before is None or replace(followed.reported, recorded_at=before.recorded_at) != before
