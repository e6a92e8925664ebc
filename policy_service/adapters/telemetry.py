"""Logs by structlog under OpenTelemetry's names, and Prometheus metrics that are right under several workers."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import (
    MultiProcessCollector,
    mark_process_dead,  # pyright: ignore[reportUnknownVariableType] - the library leaves it untyped
)

from policy_service import __version__
from policy_service.application.registry import LEVELS
from policy_service.domain.access import Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping, Sequence

    from policy_service.application.commands.reload_policies import ReloadOutcome
    from policy_service.application.plan_holder import PlanHolder, PlanState
    from policy_service.application.ports import Clock
    from policy_service.domain.audit import AuditEntry
    from policy_service.domain.decision import Decision
    from policy_service.domain.feed import Feed

_Among = Literal["livemax", "livemin", "livemostrecent"]
_PREFIX = "policy_service_"
MULTIPROCESS_DIR = "PROMETHEUS_MULTIPROC_DIR"
_SEVERITY = {"debug": 5, "info": 9, "warning": 13, "error": 17, "critical": 21}
"""SeverityNumber of the OpenTelemetry log data model."""
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


def configure_logs(level: str, form: str) -> None:
    """Send every log of the process, uvicorn's included, to stderr: JSON lines, or text for a terminal."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    final = structlog.dev.ConsoleRenderer() if form == "console" else structlog.processors.JSONRenderer()
    named: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if form != "console":
        named += [_without_messages_of_exceptions, _otel_names]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[*named, final]))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for noisy in ("watchfiles", "aiosqlite", "asyncio", "sqlalchemy", "alembic"):
        logging.getLogger(noisy).setLevel(max(number, logging.WARNING))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _without_messages_of_exceptions(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep of an exception its type and where it passed: its message may repeat what was sent."""
    info: Any = event.pop("exc_info", None)
    error: object = cast("tuple[object, object]", info)[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)
        event["exception.type"] = type(error).__qualname__
        event["exception.places"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]]
    return event


def _otel_names(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    level = str(event.pop("level", "info"))
    return {
        "timestamp": event.pop("timestamp", None),
        "severity_text": level.upper(),
        "severity_number": _SEVERITY.get(level, 9),
        "body": event.pop("event", ""),
        "service.name": "policy-service",
        "code.namespace": event.pop("logger", None),
        **event,
    }


class Telemetry:
    """Takes notice of what happens, counts it, and says aloud what operators must know. Never names an identifier."""

    def __init__(self, plans: PlanHolder, clock: Clock) -> None:
        """Measure into a registry of its own, so that several services fit into one test process."""
        self._plans = plans
        self._clock = clock
        self._log = structlog.get_logger("policy_service.telemetry")
        self._up: dict[str, bool] = {}
        self.registry = CollectorRegistry()
        self._decisions = self._counter("decisions", "Decisions", "outcome", "reason")
        for outcome, reason in product(Outcome, Reason):
            self._decisions.labels(outcome, reason)
        self._decision_seconds = Histogram(
            f"{_PREFIX}decision_duration_seconds",
            "Time from a question to its decision, its record included",
            buckets=_BUCKETS,
            registry=self.registry,
        )
        breached = "Chargers that let vehicles in without asking, or sent their freevend token, in managed mode"
        self._breaches = self._counter("breaches", breached)
        self._audit_lost = self._counter("audit_lost", "Audit entries that stand in the log instead of the store")
        self._requests = Histogram(
            f"{_PREFIX}http_request_duration_seconds",
            "Time from a request's first byte in the application to its answer's last",
            ["method", "route", "status"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._reloads = self._counter("reloads", "Loads of the policies", "outcome")
        self._reload_seconds = Histogram(
            f"{_PREFIX}reload_duration_seconds", "Time that loads took", registry=self.registry
        )
        self._gauge("build_info", "Always 1; the label is what matters", "version").labels(__version__).set(1)
        unserved = "For how long what is served has not been what is committed"
        self._age = self._gauge("policy_age_seconds", unserved, among="livemax")
        self._chargers = self._gauge("chargers", "Chargers in the plan")
        self._lookups = self._counter("lookups", "Look-ups of identifiers, by what answered", "level")
        self._stores = self._gauge("store_up", "Whether a store answers", "store", among="livemin")
        unconfirmed = "Since when this node's copy of the registry has not been confirmed"
        self._snapshot = self._gauge("registry_snapshot_age_seconds", unconfirmed, among="livemax")
        owed = "Whether a source of imports should have come by now"
        self._overdue = self._gauge("source_overdue", owed, "kind", "source")
        came = "When a source of imports came last"
        self._last_import = self._gauge("source_last_import_timestamp_seconds", came, "kind", "source")
        self._writes = self._counter("event_store", "Event store, by what happened", "state")
        self._stored = self._counter("events_stored", "Access events that the database has")
        self._dropped = self._counter("events_dropped", "Access events that are lost, by why", "why")
        self._spool = self._gauge("event_spool_bytes", "Bytes of events that wait on this node", among="livemax")
        self._spool_limit = self._gauge("event_spool_limit_bytes", "Bytes that may", among="livemax")
        waited = "For how long the oldest has waited"
        self._spool_age = self._gauge("event_spool_oldest_age_seconds", waited, among="livemax")
        self._store_failing = False
        for counter, values in (
            (self._lookups, LEVELS),
            (self._writes, ("failed", "recovered")),
            (self._dropped, ("full", "refused", "damaged")),
        ):
            for value in values:
                counter.labels(value)  # from the start on: what has not happened is 0, and not absent

    def _counter(self, name: str, told: str, *labels: str) -> Counter:
        return Counter(f"{_PREFIX}{name}", told, labels, registry=self.registry)

    def _gauge(self, name: str, told: str, *labels: str, among: _Among = "livemostrecent") -> Gauge:
        """Make a gauge; ``among`` says which worker's value counts."""
        return Gauge(f"{_PREFIX}{name}", told, labels, registry=self.registry, multiprocess_mode=among)

    def decided(self, decision: Decision) -> None:
        """Count a decision."""
        self._decisions.labels(decision.answer.outcome, decision.answer.reason).inc()

    def took(self, seconds: float) -> None:
        """Measure a decision."""
        self._decision_seconds.observe(seconds)

    def breached(self) -> None:
        """Count a breach."""
        self._breaches.inc()

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Measure a request."""
        self._requests.labels(method, route, status).observe(seconds)

    def loaded(self, outcome: ReloadOutcome, state: PlanState, seconds: float) -> None:
        """Count a load and tell how it went."""
        self._reloads.labels(outcome.status).inc()
        self._reload_seconds.observe(seconds)
        self._measure_plan()
        if outcome.status == "in_force":
            revision = None if state.plan is None else state.plan.revision
            self._log.info("policies in force", **{"policy.revision": revision, "reload.seconds": seconds})
        else:
            self._log.error("policies not in force", **{"error.message": outcome.unreadable})
        if outcome.stale_chargers:
            self._log.warning("imported chargers could not be read, those known before stay")
        if not outcome.kept:
            self._log.warning("the policies could not be kept for a restart, see POLICY_SERVICE_STATE_DIR")
        for finding in outcome.diagnostics[:50]:
            fields = {"file": str(finding.place), "code": finding.code, "help": finding.help}
            log = self._log.error if finding.severity == "error" else self._log.warning
            log(finding.message, **{f"diagnostic.{name}": value for name, value in fields.items()})

    def looked_up(self, level: str, count: int = 1) -> None:
        """Count look-ups by what answered them."""
        self._lookups.labels(level).inc(count)

    def stores_are(self, up: Mapping[str, bool], snapshot_age_s: float) -> None:
        """Show which stores answer, and the age of the copy; tell of every change."""
        for name, is_up in up.items():
            self._stores.labels(name).set(is_up)
            if self._up.get(name, True) != is_up:
                log = self._log.info if is_up else self._log.error
                log("store answers again" if is_up else "store does not answer", **{"store.name": name})
        self._up = dict(up)
        self._snapshot.set(snapshot_age_s)

    def snapshot_failed(self, why: str) -> None:
        """Hear that no copy of the registry could be made."""
        self._log.warning("this node's copy of the registry stays as it is", **{"error.message": why})

    def store_failed(self, pending_bytes: int) -> None:
        """Hear that events cannot be written for now."""
        self._writes.labels("failed").inc()
        if not self._store_failing:
            self._log.error("access events cannot be written, and wait on this node", **{"spool.bytes": pending_bytes})
        self._store_failing = True

    def store_recovered(self, written: int) -> None:
        """Hear that events are written again."""
        self._writes.labels("recovered").inc()
        self._store_failing = False
        self._log.info("access events are written again", **{"events.written": written})

    def stored(self, count: int) -> None:
        """Count events that the database has."""
        self._stored.inc(count)

    def dropped(self, decision_id: str, why: str) -> None:
        """Hear that an event is lost."""
        self._dropped.labels(why).inc()
        self._log.error("access event lost", **{"decision.id": decision_id, "why": why})

    def spool_is(self, used: int, limit: int, oldest_age_s: float) -> None:
        """Measure the spool."""
        self._spool.set(used)
        self._spool_limit.set(limit)
        self._spool_age.set(oldest_age_s)

    def audit_lost(self, entry: AuditEntry) -> None:
        """Hear that an audit entry is not in the store: it stands here instead."""
        self._audit_lost.inc()
        told = {"id": entry.id, "action": entry.action, "caller": entry.caller, "subject": entry.subject}
        detail = {"audit.detail": dict(entry.detail), "request.id": entry.request_id}
        self._log.error("audit entry not stored", **{f"audit.{name}": value for name, value in told.items()}, **detail)

    def feeds(self, feeds: Sequence[Feed], now: int) -> None:
        """Measure how feeds stand."""
        for feed in feeds:
            self._overdue.labels(feed.kind, feed.source).set(feed.overdue(now))
            if feed.last_import is not None and feed.last_import.ended_at is not None:
                self._last_import.labels(feed.kind, feed.source).set(feed.last_import.ended_at)

    def feed_overdue(self, feed: Feed) -> None:
        """Say that a feed has not come in time."""
        fields = {"import.kind": str(feed.kind), "import.source": feed.source, "import.due": feed.due_at}
        self._log.warning("a source of imports is overdue", **fields)

    def feed_came(self, feed: Feed) -> None:
        """Say that a feed that was overdue is no longer."""
        fields = {"import.kind": str(feed.kind), "import.source": feed.source}
        self._log.info("a source of imports is no longer overdue", **fields)

    def exposition(self) -> tuple[bytes, str]:
        """Return the metrics of all workers and their media type."""
        self._measure_plan()
        if not os.environ.get(MULTIPROCESS_DIR):
            return generate_latest(self.registry), CONTENT_TYPE_LATEST
        _forget_the_dead(Path(os.environ[MULTIPROCESS_DIR]))
        merged = CollectorRegistry()
        MultiProcessCollector(merged)  # type: ignore[no-untyped-call]  # the library leaves it untyped
        return generate_latest(merged), CONTENT_TYPE_LATEST

    def _measure_plan(self) -> None:
        state = self._plans.state
        self._age.set(state.age(self._clock.now()))
        self._chargers.set(0 if state.plan is None else len(state.plan.chargers))


def _forget_the_dead(directory: Path) -> None:
    """Take workers out of what is measured now that have ended, however: what they counted stays."""
    for pid in {int(file.stem.rpartition("_")[2]) for file in directory.glob("gauge_live*_*.db")}:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            mark_process_dead(pid)  # type: ignore[no-untyped-call]  # the library leaves it untyped
