"""The table of all metrics, and the Prometheus objects that are made of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import (
    MultiProcessCollector,
    mark_process_dead,  # pyright: ignore[reportUnknownVariableType] - the library leaves it untyped
)

from policy_service.application.commands.reload_policies import ReloadStatus
from policy_service.application.registry import LEVELS
from policy_service.application.webhook_turn import Delivered
from policy_service.domain.access import Outcome, Reason
from policy_service.domain.charger_sync import SyncState
from policy_service.domain.mode_events import ModeEventType
from policy_service.domain.outward import FeedName

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PREFIX = "policy_service_"
STREAMS = {FeedName.ACCESS: "stream", FeedName.MODES: "mode_stream"}
"""What the Redis Stream of each feed is called."""
SINKS = ("webhooks", *STREAMS.values())
MULTIPROCESS_DIR = "PROMETHEUS_MULTIPROC_DIR"

Kind = Literal["counter", "gauge", "histogram"]
Among = Literal["livemax", "livemin", "livesum", "livemostrecent"]

_REQUEST_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_DECISION_BUCKETS = (0.0001, 0.00025, *_REQUEST_BUCKETS[:-1], 5.0, 10.0)
_SWITCH_BUCKETS = (0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 14_400.0, 43_200.0)
_RELOAD_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_LATENESS_BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0, 600.0, 3600.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """One row. No label ever names a charger, a vehicle or an identifier: there would be a series for each."""

    name: str
    kind: Kind
    told: str
    labels: tuple[str, ...] = ()
    known: Sequence[tuple[str, ...]] = ()
    """Values of labels that are there from the start: what has not happened is 0, and not absent."""
    among: Among = "livemax"
    """Which worker's value of a gauge counts; of those that live."""
    buckets: tuple[float, ...] = ()

    @property
    def exposed(self) -> str:
        """Return the name under which Prometheus knows it."""
        return f"{PREFIX}{self.name}{'_total' if self.kind == 'counter' else ''}"


def _each(values: Sequence[str]) -> Sequence[tuple[str, ...]]:
    return [(str(value),) for value in values]


_ALWAYS_ALLOWED = (Reason.FREEVEND, Reason.OWN_VEHICLE, Reason.AGREEMENT_VEHICLE)
_OUTCOMES: Sequence[tuple[str, ...]] = [
    (outcome, reason)
    for outcome, reason in product(Outcome, Reason)
    if outcome is Outcome.ALLOWED or reason not in _ALWAYS_ALLOWED
]
"""Any refusal may be softened to ``allowed``, by ``observe`` or by a setting; nothing makes a denial of the others."""

_ROWS = (
    Metric("decisions", "counter", "Decisions, by what was answered and why", ("outcome", "reason"), _OUTCOMES),
    Metric(
        "decision_duration_seconds",
        "histogram",
        "Time from a question to its answer, its event on the disk included",
        buckets=_DECISION_BUCKETS,
    ),
    Metric("breaches", "counter", "Chargers that in managed mode let a vehicle in unasked, or send their own token"),
    Metric(
        "chargers_by_state",
        "gauge",
        "Chargers by how they stand to the mode that they were told, on the node that watches",
        ("state",),
        _each(list(SyncState)),
    ),
    Metric(
        "mode_switch_late_seconds",
        "histogram",
        "Time from the instant of a change of mode until its charger was seen in it",
        buckets=_SWITCH_BUCKETS,
    ),
    Metric("lookups", "counter", "Look-ups of identifiers, by the level that answered", ("level",), _each(LEVELS)),
    Metric("events_stored", "counter", "Access events that the database has taken"),
    Metric(
        "events_dropped",
        "counter",
        "Access events that are lost, by why",
        ("why",),
        _each(("full", "refused", "damaged")),
    ),
    Metric(
        "event_store",
        "counter",
        "Batches of events that the database refused, and recoveries from that",
        ("state",),
        _each(("failed", "recovered")),
    ),
    Metric("event_spool_bytes", "gauge", "Bytes of events that wait on this node"),
    Metric("event_spool_limit_bytes", "gauge", "Bytes of events that may wait on this node"),
    Metric("event_spool_oldest_age_seconds", "gauge", "For how long the oldest of them has waited"),
    Metric(
        "webhook_deliveries",
        "counter",
        "Deliveries of events to webhooks, by how they ended; dead letters are given up",
        ("outcome",),
        _each(get_args(Delivered)),
    ),
    Metric("webhook_dead_letters", "gauge", "Events that webhooks did not take in time, on the node that delivers"),
    Metric("events_streamed", "counter", "Events that were added to Redis Streams"),
    Metric(
        "push_oldest_age_seconds",
        "gauge",
        "For how long the oldest event has waited to be pushed, on the node that pushes",
        ("sink",),
        _each(SINKS),
    ),
    Metric(
        "mode_events",
        "counter",
        "What chargers were told about their modes, and what became of it, by type",
        ("type",),
        _each(tuple(ModeEventType)),
    ),
    Metric(
        "transition_lateness_seconds",
        "histogram",
        "Time from a transition's instant until it was told; 0 where it was told ahead",
        buckets=_LATENESS_BUCKETS,
    ),
    Metric(
        "transitions_waiting", "gauge", "Chargers that may have to be told another mode now, on the node that tells"
    ),
    Metric("transitions_behind_seconds", "gauge", "For how long it is not known that chargers were told what was due"),
    Metric("plan_in_force", "gauge", "Whether every worker has a plan to decide by", among="livemin"),
    Metric("chargers", "gauge", "Chargers in the plan", among="livemin"),
    Metric("policy_age_seconds", "gauge", "For how long what is served has not been what is committed"),
    Metric(
        "reloads", "counter", "Loads of the policies, by how they went", ("outcome",), _each(get_args(ReloadStatus))
    ),
    Metric("reload_duration_seconds", "histogram", "Time that loads took", buckets=_RELOAD_BUCKETS),
    Metric("store_up", "gauge", "Whether a store answers every worker", ("store",), among="livemin"),
    Metric("registry_snapshot_age_seconds", "gauge", "Since when this node's copy of the registry is not confirmed"),
    Metric("database_connections", "gauge", "Connections to the database that are in use", among="livesum"),
    Metric("database_connections_limit", "gauge", "Connections to the database that may be", among="livesum"),
    Metric(
        "source_overdue",
        "gauge",
        "Whether a source of imports should have come by now",
        ("kind", "source"),
        among="livemostrecent",
    ),
    Metric("source_last_import_timestamp_seconds", "gauge", "When a source of imports came last", ("kind", "source")),
    Metric("audit_lost", "counter", "Audit entries that stand in the log alone, as the database did not take them"),
    Metric(
        "http_request_duration_seconds",
        "histogram",
        "Time from a request's first byte in the application to its answer's last",
        ("method", "route", "status"),
        buckets=_REQUEST_BUCKETS,
    ),
    Metric("http_requests_in_flight", "gauge", "Requests that are being answered", among="livesum"),
    Metric("workers", "gauge", "Worker processes that serve", among="livesum"),
    Metric("process_start_time_seconds", "gauge", "When the youngest worker process started"),
    Metric("build_info", "gauge", "1, with the versions of the service and of Python", ("version", "python_version")),
)
METRICS: Mapping[str, Metric] = {row.name: row for row in _ROWS}


class Meters:
    """What is measured with; a registry of its own lets several services fit into one test process."""

    def __init__(self) -> None:
        """Make a meter of every row."""
        self._registry = CollectorRegistry()
        self.counters = {row.name: self._counter(row) for row in _ROWS if row.kind == "counter"}
        self.gauges = {row.name: self._gauge(row) for row in _ROWS if row.kind == "gauge"}
        self.histograms = {row.name: self._histogram(row) for row in _ROWS if row.kind == "histogram"}

    def _counter(self, row: Metric) -> Counter:
        made = Counter(row.exposed, row.told, row.labels, registry=self._registry)
        for values in row.known:
            made.labels(*values)
        return made

    def _gauge(self, row: Metric) -> Gauge:
        made = Gauge(row.exposed, row.told, row.labels, registry=self._registry, multiprocess_mode=row.among)
        for values in row.known:
            made.labels(*values)
        return made

    def _histogram(self, row: Metric) -> Histogram:
        return Histogram(row.exposed, row.told, row.labels, registry=self._registry, buckets=row.buckets)

    def exposition(self) -> tuple[bytes, str]:
        """Return the metrics of all workers and their media type."""
        if not os.environ.get(MULTIPROCESS_DIR):
            return generate_latest(self._registry), CONTENT_TYPE_LATEST
        merged = CollectorRegistry()
        MultiProcessCollector(merged)  # type: ignore[no-untyped-call]  # the library leaves it untyped
        return generate_latest(merged), CONTENT_TYPE_LATEST


def forget_gauges_of(pid: int) -> None:
    """Let the gauges of a worker process that has ended no longer count; what it counted stays."""
    mark_process_dead(pid)  # type: ignore[no-untyped-call]  # the library leaves it untyped
