"""An answer without the service: what it answered before, else the depot's bundle, else ``onUnreachable``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from policy_service.client.answers import Decided, OcppAnswer, Source, Told, WouldBe
from policy_service.client.degraded import degraded_decision, new_id, recalled_decision
from policy_service.client.memory import Memory
from policy_service.client.messages import payload_of
from policy_service.client.told import VALID_UNTIL
from policy_service.domain.access import OnUnreachable, Outcome, Reason, VehicleClass
from policy_service.domain.charger_profile import shown_language
from policy_service.domain.decision import Answer, Decision
from policy_service.domain.instant import format_instant, parse_instant
from policy_service.domain.messages import message_of
from policy_service.domain.moment import TOLERANCE_S, moment
from policy_service.domain.ocpp_answers import shown
from policy_service.domain.ocpp_statuses import DENIALS
from policy_service.engine.decide import RETRY

if TYPE_CHECKING:
    from collections.abc import Callable

    from policy_service.client.asked import Asked
    from policy_service.client.degraded import DegradedDecision
    from policy_service.client.held_bundle import HeldBundle
    from policy_service.client.memory import Remembered
    from policy_service.domain.moment import Moment
    from policy_service.domain.ocpp_answers import Shown
    from policy_service.domain.registration import Registration

_CACHE_AGE_S = 3600
"""How long a charger may remember an Accepted where no bundle says what the service's setting is."""
_EXPIRY = {"idTagInfo": "expiryDate", "idTokenInfo": "cacheExpiryDateTime"}
_PASSING = {Reason.LOOKUP_FAILED, Reason.TOO_MANY_ATTEMPTS}
_DECIDE = "decide"


class _Judged(NamedTuple):
    """A decision made here."""

    source: Source
    decision: Decision
    registration: Registration | None
    revision: str | None
    stop: bool = False


class Fallbacks:
    """Remembers what the service answers, and answers in its place."""

    def __init__(
        self, bundle: Callable[[int], HeldBundle | None], tell: Callable[[DegradedDecision], None], most: int
    ) -> None:
        """Decide by the bundle that holds at an instant; ``tell`` hears of each decision. Remember ``most`` answers."""
        self._bundle = bundle
        self._tell = tell
        self._payloads: Memory[OcppAnswer] = Memory(most)
        self._decisions: Memory[Decided] = Memory(most)
        self._latest = 0

    # --- what the service answers ------------------------------------------------------------------------------------

    def heard_payload(self, version: str, asked: Asked, answer: OcppAnswer, members: dict[str, str], now: int) -> None:
        """Remember a payload, and what the header ``Policy-Decision`` tells beside it."""
        told, self._latest = answer.decision, now
        if told is None:
            return
        memory = self._payloads
        wanted = members.get("on-unreachable")
        if told.reason != Reason.UNKNOWN_CHARGER:
            memory.wants(asked.charger, OnUnreachable(wanted) if wanted in set(OnUnreachable) else OnUnreachable.DENY)
        self._heard_class(asked, told.reason)
        if told.late or told.reason in _PASSING:
            return
        until = members.get(VALID_UNTIL)
        memory.remember(version, asked, answer, now=now, valid_until=None if until is None else int(until))

    def heard_decision(self, asked: Asked, decided: Decided, now: int) -> None:
        """Remember a decision that was asked for now."""
        self._latest = now
        self._heard_class(asked, decided.reason)
        if decided.reason in _PASSING:
            return
        until = None if decided.valid_until is None else parse_instant(decided.valid_until)
        self._decisions.remember(_DECIDE, asked, decided, now=now, valid_until=until)

    def _heard_class(self, asked: Asked, reason: str) -> None:
        """Take note of whose vehicle it is, where that was looked up."""
        if reason not in {Reason.FREEVEND, Reason.NO_POLICY, *_PASSING} and asked.form:
            self._payloads.judged(asked, own=reason == Reason.OWN_VEHICLE)

    # --- what is answered in its place -------------------------------------------------------------------------------

    def payload(self, version: str, asked: Asked, now_ms: int) -> OcppAnswer:
        """Answer a message of a charger."""
        now = now_ms // 1000
        when = moment(asked.time, now, replayed=asked.replayed)
        decision_id = new_id(now_ms)
        known = None if when.late or self._is_put_back(now) else self._payloads.recall(version, asked, when.at)
        told = None if known is None else known.answer.decision
        if known is not None and told is not None and not self._overtaken(known, told.outcome, asked, when, now):
            payload = _bounded(known.answer.payload, known.answered_at, known.valid_until, when.at)
            told = told._replace(decision_id=decision_id, clock_suspect=when.clock_suspect)
            signal = told.signal
            self._told_again(
                decision_id, asked, when.at, outcome=told.outcome, reason=told.reason, driver_signal=signal
            )
            return OcppAnswer(payload, told, Source.CACHE)
        judged = self._judged(asked, when, now)
        visible = self._shown(judged, asked, when, now)
        self._told(decision_id, asked, judged, visible)
        answer = judged.decision.answer
        signal = str(visible.signal) if judged.decision.denied else None
        told = Told(decision_id, answer.outcome, answer.reason, signal, when.late, when.clock_suspect, judged.stop)
        return OcppAnswer(payload_of(version, visible, asked.type), told, judged.source)

    def decision(self, asked: Asked, now_ms: int, language: str | None = None) -> Decided:
        """Answer a question as ``/v1/decide`` does: any instant may be asked about, in any language."""
        now = now_ms // 1000
        when = moment(None, now if asked.time is None else asked.time, replayed=False)
        decision_id = new_id(now_ms)
        recalls = asked.time is None and not self._is_put_back(now)
        known = self._decisions.recall(_DECIDE, asked, when.at) if recalls else None
        if known is not None and not self._overtaken(known, known.answer.outcome, asked, when, now):
            again = known.answer
            names = ("outcome", "reason", "mode", "vehicle_class", "policy", "window", "revision")
            self._told_again(decision_id, asked, when.at, **{name: getattr(again, name) for name in names})
            return msgspec.structs.replace(
                again, decision_id=decision_id, time=format_instant(when.at), source=Source.CACHE
            )
        judged = self._judged(asked, when, now)
        self._told(decision_id, asked, judged, self._shown(judged, asked, when, now))
        return _decided(decision_id, judged, language)

    def _overtaken(self, known: Remembered[Any], outcome: str, asked: Asked, when: Moment, now: int) -> bool:
        """Tell whether a bundle that was confirmed after the answer says otherwise: a card may be blocked by now."""
        bundle = self._bundle(now)
        if bundle is None or bundle.confirmed_at <= known.answered_at:
            return False
        found = bundle.decide(asked, when)
        return found is not None and found.decision.answer.outcome != outcome

    def _is_put_back(self, now: int) -> bool:
        """Tell whether our clock was put back: which mode holds is not known then, and a denial is the answer."""
        bundle = self._bundle(now)
        self._latest = max(self._latest, now, 0 if bundle is None else bundle.confirmed_at)
        return now < self._latest - TOLERANCE_S

    def _judged(self, asked: Asked, when: Moment, now: int) -> _Judged:
        bundle = self._bundle(now)
        found = None if bundle is None or self._is_put_back(now) else bundle.decide(asked, when)
        if bundle is not None and found is not None:
            stop = bundle.stops(found.decision)
            return _Judged(Source.BUNDLE, found.decision, found.registration, bundle.plan.revision, stop)
        wanted = None if bundle is None else bundle.on_unreachable(asked.charger)
        own = bool(asked.form) and self._payloads.is_own(asked)
        if wanted is None:
            wanted = self._payloads.on_unreachable(asked.charger)
        return _Judged(Source.ON_UNREACHABLE, _unreachable(asked, when.at, wanted, own=own), None, None)

    def _shown(self, judged: _Judged, asked: Asked, when: Moment, now: int) -> Shown:
        bundle = self._bundle(now)
        entry = None if bundle is None else bundle.entry(asked.charger)
        profile, protocol = (None, None) if entry is None else (entry.profile, entry.charger.protocol)
        cache_s = _CACHE_AGE_S if bundle is None else bundle.bundle.charger_cache_s
        fleet = None if judged.registration is None else judged.registration.record.fleet
        return shown(judged.decision, fleet, profile, protocol, shown_language(profile), when.at + cache_s)

    def _told(self, decision_id: str, asked: Asked, judged: _Judged, visible: Shown) -> None:
        if judged.decision.answer.reason is Reason.FREEVEND:
            return
        told = degraded_decision(
            decision_id,
            judged.source,
            asked,
            judged.decision,
            revision=judged.revision,
            registration=judged.registration,
            signal=visible.signal,
        )
        self._tell(told)

    def _told_again(
        self,
        decision_id: str,
        asked: Asked,
        at: int,
        *,
        outcome: str,
        reason: str,
        **told: Any,  # noqa: ANN401 - fields of a decision
    ) -> None:
        if reason == Reason.FREEVEND:
            return
        if _only_observed(outcome, reason):
            told["would_be"] = str(Outcome.ACCESS_DENIED)
        self._tell(recalled_decision(decision_id, asked, at, outcome=outcome, reason=reason, **told))


def _only_observed(outcome: str, reason: str) -> bool:
    """Tell whether enforcement would have refused, which no payload says: only who observes allows for such a reason.

    A charger that no policy governs is allowed or refused for one reason, by a setting.
    """
    return outcome == Outcome.ALLOWED and reason in DENIALS and reason != Reason.NO_POLICY


def _bounded(payload: dict[str, Any], answered_at: int, valid_until: int, at: int) -> dict[str, Any]:
    """Return a remembered payload with an expiry of now: as long after now as it was after its own time, or less."""
    ((name, info),) = payload.items()
    expiry = _EXPIRY[name]
    if expiry not in info:
        return payload
    granted = parse_instant(info[expiry]) - answered_at
    return {name: {**info, expiry: format_instant(min(valid_until, at + granted))}}


def _unreachable(asked: Asked, at: int, wanted: OnUnreachable, *, own: bool) -> Decision:
    """Return the decision of a policy's ``onUnreachable``, as a failed look-up; doubt is a denial."""
    allowed = bool(asked.form) and (wanted is OnUnreachable.ALLOW or (wanted is OnUnreachable.OWN_ONLY and own))
    answer = Answer(
        Outcome.ALLOWED if allowed else Outcome.ACCESS_DENIED,
        Reason.LOOKUP_FAILED if asked.form else Reason.NO_IDENTIFIER,
        mode=None,
        vehicle_class=VehicleClass.OWN if own else None,
        policy=None,
        window=None,
        timezone=None,
        texts=None,
    )
    return Decision(answer, asked.charger, at, at + RETRY)


def _decided(decision_id: str, judged: _Judged, language: str | None) -> Decided:
    decision, answer = judged.decision, judged.decision.answer
    later = decision.next_allowed_at
    return Decided(
        decision_id=decision_id,
        outcome=str(answer.outcome),
        reason=str(answer.reason),
        mode=answer.mode,
        vehicle_class=answer.vehicle_class,
        charger=decision.charger,
        time=format_instant(decision.time),
        valid_until=None if decision.valid_until is None else format_instant(decision.valid_until),
        policy=answer.policy,
        window=answer.window,
        revision=judged.revision or "",
        message=message_of(decision, language) if decision.denied else None,
        next_allowed_at=None if later is None else format_instant(later),
        would_be=None if answer.would_be is None else WouldBe(answer.would_be, answer.reason),
        stop=judged.stop,
        source=judged.source,
    )
