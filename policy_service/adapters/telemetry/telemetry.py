"""Takes notice of what happens: counts it, and says aloud what operators must know."""

from __future__ import annotations

import platform
import time
from collections import Counter as Counted
from typing import TYPE_CHECKING

import structlog

import policy_service
from policy_service.adapters.telemetry.metrics import STREAMS, Meters
from policy_service.adapters.telemetry.tallies import Observations
from policy_service.application.access_events import event_type
from policy_service.application.transitions.scheduler import LAGS_S
from policy_service.application.transitions.scheduler_watch import SILENT_S
from policy_service.domain.diagnostic import Severity
from policy_service.domain.mode_events import ModeEventType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from policy_service.application.commands.reload_policies import ReloadOutcome
    from policy_service.application.plan_holder import PlanHolder, PlanState
    from policy_service.application.ports import Clock
    from policy_service.application.question import Answered
    from policy_service.application.webhook_turn import Delivered
    from policy_service.domain.audit import AuditEntry
    from policy_service.domain.charger_sync import SyncState
    from policy_service.domain.decision import Answer
    from policy_service.domain.events import AccessEvent
    from policy_service.domain.feed import Feed
    from policy_service.domain.mode_events import ModeEvent
    from policy_service.domain.outward import FeedName

_TELL_AGAIN_S = 60.0
_NAMED = 10
"""Chargers that one line of the log names, of any number."""


class Telemetry:
    """Counts, measures and logs. Never names an identifier."""

    def __init__(self, plans: PlanHolder, clock: Clock, *, log_denials: bool = True) -> None:
        """Measure from nothing on; every counter shows 0 at once."""
        self._plans = plans
        self._clock = clock
        self._log_denials = log_denials
        self._log = structlog.get_logger("policy_service.telemetry")
        self._access = structlog.get_logger("policy_service.access")
        self._up: dict[str, bool] = {}
        self._store_failing = False
        self._tell_again: dict[str, float] = {}
        self._late = False
        self._meters = Meters()
        self._counters, self._gauges = self._meters.counters, self._meters.gauges
        self._histograms = self._meters.histograms
        self._decisions: dict[Answer, int] = {}
        """How often each was given since the last flush."""
        self._requests: dict[tuple[str, str, int], Observations] = {}
        self._decision_seconds = Observations(self._histograms["decision_duration_seconds"])
        self._in_flight = self._gauges["http_requests_in_flight"]
        self._under_way = 0
        self._introduce()

    def _introduce(self) -> None:
        """Say which process this is."""
        self._gauges["workers"].set(1)
        self._gauges["process_start_time_seconds"].set(time.time())
        self._gauges["build_info"].labels(policy_service.__version__, platform.python_version()).set(1)

    def decided(self, answered: Answered, seconds: float) -> None:
        """Count an answered question; a denial leaves a line in the log. It is an answer, and no fault."""
        answer = answered.decision.answer
        self._decisions[answer] = self._decisions.get(answer, 0) + 1
        self._decision_seconds.observe(seconds)
        if self._log_denials and answered.decision.denied:
            self._access.info(
                "access denied",
                **{
                    "event.name": event_type(answer),
                    "decision.id": answered.decision_id,
                    "decision.reason": answer.reason,
                    "decision.mode": answer.mode,
                    "charger.id": answered.decision.charger,
                    "policy.name": answer.policy,
                    "policy.window": answer.window,
                    "policy.revision": answered.revision,
                    **({} if answered.request_id is None else {"request.id": answered.request_id}),
                },
            )

    def breached(self, event: AccessEvent) -> None:
        """Count a breach."""
        del event
        self._counters["breaches"].inc()

    def charger_states(self, counted: Mapping[SyncState, int]) -> None:
        """Show how many chargers are in each state."""
        for state, count in counted.items():
            self._gauges["chargers_by_state"].labels(state).set(count)

    def asked(self) -> None:
        """Count a request that is being answered, until :meth:`answered`."""
        self._under_way += 1

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Measure a request."""
        self._under_way -= 1
        self.seconds_of(method, route, status)(seconds)

    def seconds_of(self, method: str, route: str, status: int) -> Callable[[float], None]:
        """Return what takes in the seconds of requests that nobody could see under way."""
        key = method, route, status
        observed = self._requests.get(key)
        if observed is None:
            histogram = self._histograms["http_request_duration_seconds"]
            observed = self._requests[key] = Observations(histogram.labels(*key))
        return observed.observe

    def flush(self) -> None:
        """Put into the metrics what has gathered since the last time."""
        decisions, self._decisions = self._decisions, {}
        for answer, count in decisions.items():
            self._counters["decisions"].labels(answer.outcome, answer.reason).inc(count)
        self._in_flight.set(self._under_way)
        self._decision_seconds.flush()
        for observed in self._requests.values():
            observed.flush()

    def loaded(self, outcome: ReloadOutcome, state: PlanState, seconds: float) -> None:
        """Count a load and tell how it went."""
        self._counters["reloads"].labels(outcome.status).inc()
        self._histograms["reload_duration_seconds"].observe(seconds)
        self._measure_plan()
        if outcome.status == "in_force":
            revision = None if state.plan is None else state.plan.revision
            self._log.info("policies in force", **{"policy.revision": revision, "reload.seconds": seconds})
        else:
            self._log.error("policies not in force", **_why_not(outcome))
        if outcome.stale_chargers:
            self._log.warning("imported chargers could not be read, those known before stay")
        if not outcome.kept:
            self._log.warning("the policies could not be kept for a restart, see POLICY_SERVICE_STATE_DIR")
        for finding in outcome.diagnostics[:50]:
            fields = {"file": str(finding.place), "code": finding.code, "help": finding.help}
            log = self._log.error if finding.severity is Severity.ERROR else self._log.warning
            log(finding.message, **{f"diagnostic.{name}": value for name, value in fields.items()})

    def looked_up(self, level: str, count: int = 1) -> None:
        """Count look-ups by what answered them."""
        self._counters["lookups"].labels(level).inc(count)

    def stores_are(self, up: Mapping[str, bool], snapshot_age_s: float) -> None:
        """Show which stores answer, and the age of the copy; tell of every change."""
        for name, is_up in up.items():
            self._gauges["store_up"].labels(name).set(is_up)
            if self._up.get(name, True) != is_up:
                log = self._log.info if is_up else self._log.error
                log("store answers again" if is_up else "store does not answer", **{"store.name": name})
        self._up = dict(up)
        self._gauges["registry_snapshot_age_seconds"].set(snapshot_age_s)
        self._measure_plan()

    def database_failed(self, why: str) -> None:
        """Say why the database cannot be asked: each reason once a minute, as everybody meets it."""
        now = time.monotonic()
        if now >= self._tell_again.get(why, now):
            self._tell_again[why] = now + _TELL_AGAIN_S
            self._log.warning("the database could not be asked", **{"error.message": why})

    def connections_are(self, in_use: int, limit: int) -> None:
        """Measure the connections to the database."""
        self._gauges["database_connections"].set(in_use)
        self._gauges["database_connections_limit"].set(limit)

    def snapshot_failed(self, why: str) -> None:
        """Hear that no copy of the registry could be made."""
        self._log.warning("this node's copy of the registry stays as it is", **{"error.message": why})

    def store_failed(self, pending_bytes: int) -> None:
        """Hear that events cannot be written for now."""
        self._counters["event_store"].labels("failed").inc()
        if not self._store_failing:
            self._log.error("access events cannot be written, and wait on this node", **{"spool.bytes": pending_bytes})
        self._store_failing = True

    def store_recovered(self, written: int) -> None:
        """Hear that events are written again."""
        self._counters["event_store"].labels("recovered").inc()
        self._store_failing = False
        self._log.info("access events are written again", **{"events.written": written})

    def stored(self, count: int) -> None:
        """Count events that the database has."""
        self._counters["events_stored"].inc(count)

    def dropped(self, decision_id: str, why: str, count: int = 1) -> None:
        """Count events that are lost: a damaged file may hold thousands, and is one line."""
        self._counters["events_dropped"].labels(why).inc(count)
        told = {"decision.id": decision_id} if decision_id else {"event.count": count}
        self._log.error("access event lost", why=why, **told)

    def spool_is(self, used: int, limit: int, oldest_age_s: float) -> None:
        """Measure the spool."""
        self._gauges["event_spool_bytes"].set(used)
        self._gauges["event_spool_limit_bytes"].set(limit)
        self._gauges["event_spool_oldest_age_seconds"].set(oldest_age_s)

    def webhook(self, webhook_id: str, outcome: Delivered, why: str | None = None, count: int = 1) -> None:
        """Count deliveries that ended so; say what somebody has to look after."""
        self._counters["webhook_deliveries"].labels(outcome).inc(count)
        fields = {"webhook.id": webhook_id, "error.message": why}
        if outcome == "failed":
            self._log.info("a webhook did not take an event", **fields)
        elif outcome == "gone":
            self._log.warning("a webhook answered 410 and is stopped", **fields)
        elif outcome == "dead_letter":
            self._log.warning("events are given up that a webhook did not take in time", **fields, events=count)

    def webhooks_wait(self, oldest_age_s: float, dead_letters: int) -> None:
        """Measure what waits for webhooks, and what they did not take."""
        self._gauges["push_oldest_age_seconds"].labels("webhooks").set(oldest_age_s)
        self._gauges["webhook_dead_letters"].set(dead_letters)

    def streamed(self, count: int) -> None:
        """Count events that the streams have."""
        self._counters["events_streamed"].inc(count)

    def stream_waits(self, feed: FeedName, oldest_age_s: float) -> None:
        """Measure what waits for a feed's stream."""
        self._gauges["push_oldest_age_seconds"].labels(STREAMS[feed]).set(oldest_age_s)

    def mode_events(self, events: Sequence[ModeEvent]) -> None:
        """Count what chargers are told and what became of it, and measure how late."""
        for type_, count in Counted(event.type for event in events).items():
            self._counters["mode_events"].labels(type_).inc(count)
        for event in events:
            if event.type is ModeEventType.TRANSITION_DUE:
                lateness = max(0, event.recorded_at - event.at) / 1000
                self._histograms["transition_lateness_seconds"].observe(lateness)
            elif event.type is ModeEventType.SWITCHED and not event.detail["recovered"]:
                self._histograms["mode_switch_late_seconds"].observe(float(str(event.detail["seconds_late"])))
        if events and events[0].type is ModeEventType.TRANSITION_DUE:
            cause = {"event.name": str(events[0].type), "mode.cause": events[0].detail["cause"]}
            self._log.debug("chargers are told", **cause, **{"event.count": len(events)})

    def diverged(self, events: Sequence[ModeEvent]) -> None:
        """Say who was found not to be in its mode: in one line, as all of a depot may be."""
        shown = {"charger.ids": [event.charger for event in events[:_NAMED]]}
        self._log.warning("chargers are not in their modes", **{"charger.count": len(events)}, **shown)

    def transitions_wait(self, chargers: int, behind_s: float) -> None:
        """Measure who waits for a mode; say so when it has been too long, and when it is over."""
        self._gauges["transitions_waiting"].set(chargers)
        self._gauges["transitions_behind_seconds"].set(behind_s)
        waiting = {"charger.count": chargers, "wait.seconds": behind_s}
        self._tell_of_delay("chargers wait for their modes", late=behind_s > LAGS_S, **waiting)

    def scheduler_silent(self, for_s: float) -> None:
        """Measure for how long nobody was seen who tells; say so when it has been too long, and when it is over."""
        self._gauges["transitions_behind_seconds"].set(for_s)
        self._tell_of_delay("nobody tells chargers their modes", late=for_s > SILENT_S, **{"wait.seconds": for_s})

    def _tell_of_delay(self, what: str, *, late: bool, **fields: float) -> None:
        if late and not self._late:
            self._log.error(what, **fields)
        elif self._late and not late:
            self._log.info("chargers are told their modes in time again")
        self._late = late

    def transitions_overtaken(self) -> None:
        """Hear that another process tells chargers their modes as well."""
        self._log.info("another process has told chargers their modes, what was told is read again")

    def audit_lost(self, entry: AuditEntry) -> None:
        """Hear that an audit entry is not in the store: it stands here instead."""
        self._counters["audit_lost"].inc()
        told = {"id": entry.id, "action": entry.action, "caller": entry.caller, "subject": entry.subject}
        detail = {"audit.detail": dict(entry.detail), "request.id": entry.request_id}
        self._log.error("audit entry not stored", **{f"audit.{name}": value for name, value in told.items()}, **detail)

    def feeds(self, feeds: Sequence[Feed], now: int) -> None:
        """Measure how feeds stand."""
        overdue, came = self._gauges["source_overdue"], self._gauges["source_last_import_timestamp_seconds"]
        for feed in feeds:
            overdue.labels(feed.kind, feed.source).set(feed.overdue(now))
            if feed.last_import is not None and feed.last_import.ended_at is not None:
                came.labels(feed.kind, feed.source).set(feed.last_import.ended_at)

    def feed_overdue(self, feed: Feed) -> None:
        """Say that a feed has not come in time."""
        fields = {"import.kind": str(feed.kind), "import.source": feed.source, "import.due": feed.due_at}
        self._log.warning("a source of imports is overdue", **fields)

    def feed_came(self, feed: Feed) -> None:
        """Say that a feed that was overdue is no longer."""
        fields = {"import.kind": str(feed.kind), "import.source": feed.source}
        self._log.info("a source of imports is no longer overdue", **fields)

    def retention_behind(self, seconds: int) -> None:
        """Say that old events are kept for longer: they go little by little."""
        why = "the clock has leapt ahead, or nothing ran for long: old events go little by little; is the clock right?"
        self._log.warning(why, **{"retention.behind_s": seconds})

    def exposition(self) -> tuple[bytes, str]:
        """Return the metrics of all workers and their media type."""
        self._measure_plan()
        self.flush()
        return self._meters.exposition()

    def _measure_plan(self) -> None:
        state = self._plans.state
        self._gauges["policy_age_seconds"].set(state.age(self._clock.now()))
        self._gauges["plan_in_force"].set(state.plan is not None)
        self._gauges["chargers"].set(0 if state.plan is None else len(state.plan.chargers))


def _why_not(outcome: ReloadOutcome) -> dict[str, object]:
    """Return why policies are not in force: that they cannot be read, or their errors; each has a line of its own."""
    if outcome.unreadable is not None:
        return {"error.message": outcome.unreadable}
    errors = [finding for finding in outcome.diagnostics if finding.severity is Severity.ERROR]
    first = {"diagnostic.code": errors[0].code, "diagnostic.file": str(errors[0].place)} if errors else {}
    return {"diagnostic.count": len(errors), **first}
