"""Decide: the answer to one question, or to many, recorded before it leaves."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

import msgspec
from msgspec.structs import replace

from policy_service.application.access_events import Circumstances, access_event, as_breach, leaves_event
from policy_service.application.plan_holder import standing
from policy_service.application.question import Answered
from policy_service.domain.access import AccessMode, OnBreach, Outcome, Reason
from policy_service.domain.charger_profile import driver_signal, on_breach
from policy_service.domain.events import AccessEvent, DriverSignal, EventType
from policy_service.domain.registration import Registration
from policy_service.engine.decide import decide
from policy_service.engine.decide_found import decide_found

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from policy_service.application.decision_id import DecisionIds
    from policy_service.application.lookup import Presented
    from policy_service.application.plan_holder import PlanHolder
    from policy_service.application.ports import Clock, Seal
    from policy_service.application.queries.finding import Findings
    from policy_service.application.question import Question
    from policy_service.domain.decision import Decision
    from policy_service.domain.registration import Finding
    from policy_service.engine.plan import ChargerPlan, Plan


_BREACH = EventType.BREACH
_DENIED, _MANAGED = Outcome.ACCESS_DENIED, AccessMode.MANAGED
_FREEVEND, _SYNTHETIC, _UNKNOWN = Reason.FREEVEND, Reason.SYNTHETIC_IDENTIFIER, Reason.UNKNOWN_IDENTIFIER
"""Finding a member by its name takes longer than comparing with it (Python 3.11)."""
_SAMPLED = 6
"""Hexadecimal digits of an id that choose."""


class Recorder(Protocol):
    """Keeps what was answered."""

    async def record(self, event: AccessEvent) -> None:
        """Take an event in; a denial is durable when this returns. Raises StoreUnavailableError for one that is not."""
        ...

    def take(self, event: AccessEvent) -> Awaitable[None] | None:
        """Take an event in; a denial is durable, or the same is raised, when what is returned has been awaited.

        None: nothing has to be waited for.
        """
        ...


class DecisionMeter(Protocol):
    """Takes notice of decisions."""

    def decided(self, answered: Answered, seconds: float) -> None:
        """Hear what was answered, and how long that took, its event's recording included."""
        ...

    def breached(self, event: AccessEvent) -> None:
        """Hear that a charger in managed mode let a vehicle in unasked, or sent its own token."""
        ...


@dataclass(frozen=True, slots=True)
class RecordRules:
    """Which decisions leave an event; denials always do."""

    freevend: bool = False
    sealed: bool = False
    """Whether unknown identifiers are kept sealed for a while, to be enrolled."""
    allowed_share: float = 1.0
    """Which share of allowed vehicles' events; 0 for none."""

    def wants(self, decision: Decision, decision_id: str) -> bool:
        """Tell whether the decision is to be recorded; the random end of its id chooses samples."""
        answer = decision.answer
        if answer.outcome is not _DENIED and answer.would_be is None:
            if answer.reason is _FREEVEND:
                return self.freevend
            if not self.allowed_share or not leaves_event(answer):
                return False
            if self.allowed_share < 1:
                return bool(int(decision_id[-_SAMPLED:], 16) < self.allowed_share * 16**_SAMPLED)
        return leaves_event(answer)


class Ready(msgspec.Struct, gc=False):
    """An answer that nobody has been told of yet."""

    answered: Answered
    event: AccessEvent | None
    began: float


class Decide:
    """The policy decision point."""

    def __init__(
        self,
        plans: PlanHolder,
        findings: Findings,
        recorder: Recorder,
        clock: Clock,
        ids: DecisionIds,
        meter: DecisionMeter,
        rules: RecordRules,
        seal: Seal,
    ) -> None:
        """Wire the collaborators."""
        self._plans = plans
        self._findings = findings
        self._recorder = recorder
        self._clock = clock
        self._ids = ids
        self._meter = meter
        self._rules = rules
        self._seal = seal

    async def __call__(self, question: Question) -> Answered:
        """Answer one question. Raises NoPlanError, IdentifierError, and StoreUnavailableError if it is not recorded."""
        began = perf_counter()
        answered, event = await self._answer(standing(self._plans), question)
        await self._settle(answered, event, began)
        return answered

    def at_hand(self, question: Question) -> Ready | None:
        """Answer where this process knows all that it takes; :meth:`settle` has to follow.

        None where somebody has to be waited for: nothing was counted then, and a call answers. Raises NoPlanError and
        IdentifierError.
        """
        began = perf_counter()
        plan, now_ms = standing(self._plans), self._clock.now_ms()
        at = now_ms // 1000 if question.time is None else question.time
        presented, entry = self._findings.presented(question), plan.chargers.get(question.charger)
        # Most chargers that ask are managed: what would not be needed elsewhere is looked at before it is known where.
        finding = None if entry is None else self._findings.at_hand(presented, entry)
        decision = decide(plan, question.charger, at, finding)
        if decision is None:
            return None
        if decision.answer.mode is not _MANAGED and (unasked := decide(plan, question.charger, at)):
            decision, finding = unasked, None
        elif finding is not None:
            self._findings.served()
            if question.grace_s and decision.judged_denied:
                decision = decide_found(plan, question.charger, at, finding, grace_s=question.grace_s)
        answered, event = self._told(plan, question, presented, decision, finding, now_ms)
        return Ready(answered, event, began)

    def settle(self, ready: Ready) -> Awaitable[None] | None:
        """Record the answer, then count it; None where both is done.

        Else the answer may leave when what is returned has been awaited. That raises StoreUnavailableError if it is not
        recorded.
        """
        waiting = None if ready.event is None else self._recorder.take(ready.event)
        if waiting is not None:
            return self._settled(waiting, ready)
        self._count(ready)
        return None

    async def _settled(self, waiting: Awaitable[None], ready: Ready) -> None:
        await waiting
        self._count(ready)

    async def _settle(self, answered: Answered, event: AccessEvent | None, began: float) -> None:
        """Record what was answered, then count it."""
        if event is not None:
            await self._recorder.record(event)
        self._count(Ready(answered, event, began))

    def _count(self, ready: Ready) -> None:
        event = ready.event
        if event is not None and event.type is _BREACH:
            self._meter.breached(event)
        self._meter.decided(ready.answered, perf_counter() - ready.began)

    def check(self, question: Question) -> None:
        """Do nothing for a question in good form. Raises IdentifierError."""
        self._findings.presented(question)

    async def many(self, questions: Sequence[Question]) -> Sequence[Answered]:
        """Answer questions under one plan and record them together. Raises as a call does."""
        plan = standing(self._plans)
        began = perf_counter()
        pairs = [await self._answer(plan, question) for question in questions]
        denied = [pair for pair in pairs if pair[0].decision.denied]
        for answered, event in pairs:
            if not answered.decision.denied:  # waits for nothing, and so needs no task
                await self._settle(answered, event, began)
        await asyncio.gather(*(self._settle(answered, event, began) for answered, event in denied))
        return [answered for answered, _ in pairs]

    async def breach(self, question: Question) -> Answered:
        """Record that a charger let a vehicle in without asking, where it had to ask: in managed mode.

        The question has no identifier, as none was presented. Raises as a call does.
        """
        answered, event = await self._answer(standing(self._plans), question)
        if event is None or answered.decision.answer.mode is not AccessMode.MANAGED:
            return answered
        follows = self._on_breach(question.charger)
        breach = as_breach(event, follows)
        await self._recorder.record(breach)
        self._meter.breached(breach)
        return replace(answered, stop=_stops(answered.decision, follows))

    def _on_breach(self, charger: str) -> OnBreach:
        entry = standing(self._plans).chargers.get(charger)
        policy, profile = (None, None) if entry is None else (entry.policy, entry.profile)
        return on_breach(None if policy is None else policy.on_breach, profile)

    async def _answer(self, plan: Plan, question: Question) -> tuple[Answered, AccessEvent | None]:
        now_ms = self._clock.now_ms()
        at = now_ms // 1000 if question.time is None else question.time
        presented = self._findings.presented(question)
        decision, finding = decide(plan, question.charger, at), None
        if decision is None:
            finding = await self._findings.about(presented, plan.chargers[question.charger])
            decision = decide_found(plan, question.charger, at, finding, grace_s=question.grace_s)
            if decision.judged_denied:
                await self._findings.denied(presented, question, finding)
        return self._told(plan, question, presented, decision, finding, now_ms)

    def _told(
        self,
        plan: Plan,
        question: Question,
        presented: Presented,
        decision: Decision,
        finding: Finding | None,
        now_ms: int,
    ) -> tuple[Answered, AccessEvent | None]:
        """Give the decision a name, and return it with the event that it leaves, if it leaves one."""
        record = finding.record if isinstance(finding, Registration) else None
        fleet, record_id = (None, None) if record is None else (record.fleet, record.id)
        answered = Answered(
            self._ids.next(now_ms),
            decision,
            plan.revision,
            question.language,
            fleet,
            record_id,
            request_id=question.request_id,
        )
        recorded = question.record and self._rules.wants(decision, answered.decision_id)
        event = self._event(plan, question, presented, answered, finding, now_ms) if recorded else None
        if decision.answer.reason is not _SYNTHETIC:
            return answered, event
        follows = self._on_breach(question.charger)
        answered = replace(answered, stop=_stops(decision, follows))
        return answered, None if event is None else as_breach(event, follows)

    def _event(
        self,
        plan: Plan,
        question: Question,
        presented: Presented,
        answered: Answered,
        finding: Finding | None,
        now_ms: int,
    ) -> AccessEvent:
        entry = plan.chargers.get(question.charger)
        record = finding.record if isinstance(finding, Registration) else None
        circumstances = Circumstances(
            decision_id=answered.decision_id,
            recorded_at=now_ms,
            revision=answered.revision,
            labels={} if entry is None else entry.charger.labels,
            traces=self._findings.traces(presented, record),
            fingerprint_key=self._findings.generation,
            driver_signal=_signal(entry) if answered.decision.denied else None,
            sealed_identifier=self._sealed(question, presented, answered),
        )
        return access_event(question, answered.decision, finding, circumstances)

    def _sealed(self, question: Question, presented: Presented, answered: Answered) -> str | None:
        """Return the identifier sealed, where somebody may want to enrol it: it is unknown, and surely no PIN."""
        unknown = answered.decision.answer.reason is _UNKNOWN
        if not (unknown and self._rules.sealed) or presented.may_be_pin:
            return None
        return self._seal.seal(question.identifier, answered.decision_id)


def _stops(decision: Decision, follows: OnBreach) -> bool:
    """Tell whether a session that began without asking is to be ended; who only observes ends none."""
    return follows is OnBreach.STOP and decision.denied


def _signal(entry: ChargerPlan | None) -> DriverSignal:
    return DriverSignal.STATUS_ONLY if entry is None else driver_signal(entry.profile, entry.charger.protocol)
