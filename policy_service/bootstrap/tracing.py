"""Traces, wired: what is built traced where they are sent somewhere, and built plain where they are not."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from policy_service.adapters.redis.shared_cache import RedisSharedCache
from policy_service.application.commands.record_decision import DecisionRecorder
from policy_service.application.queries.decide import Decide
from policy_service.application.registry import Registry
from policy_service.application.tracing import PassedOn

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AsyncExitStack

    from policy_service.adapters.sql.engine import Database
    from policy_service.application.tracing import RequestTracing
    from policy_service.settings import Settings


def _untraced(_: Database) -> None:
    """Leave the database as it is."""


class Tracing(NamedTuple):
    """How requests are traced, and the classes to build with; as it stands, without any trace of OpenTelemetry."""

    requests: RequestTracing
    decide: type[Decide] = Decide
    registry: type[Registry] = Registry
    recorder: type[DecisionRecorder] = DecisionRecorder
    shared_cache: type[RedisSharedCache] = RedisSharedCache
    database: Callable[[Database], object] = _untraced


def open_tracing(settings: Settings, stack: AsyncExitStack) -> Tracing:
    """Return how to build; leaving the stack sends what waits. Raises ValueError where the extra is not installed."""
    if not settings.sends_traces:
        return Tracing(PassedOn())
    try:
        return _sent(settings, stack)
    except ModuleNotFoundError as error:
        message = "traces are to be sent, but OpenTelemetry is not installed: pip install 'policy-service[otel]'"
        raise ValueError(message) from error


def _sent(settings: Settings, stack: AsyncExitStack) -> Tracing:
    from policy_service.adapters.tracing import use_cases as traced  # noqa: PLC0415 - an extra, and slow to import
    from policy_service.adapters.tracing.database import DatabaseSpans  # noqa: PLC0415
    from policy_service.adapters.tracing.otlp import Otlp  # noqa: PLC0415
    from policy_service.adapters.tracing.requests import SentRequests  # noqa: PLC0415

    otlp = Otlp(settings.otlp_endpoint)
    stack.push_async_callback(otlp.close)
    tracer = otlp.tracer
    return Tracing(
        SentRequests(tracer),
        traced.traced_decide(tracer),
        traced.traced_registry(tracer),
        traced.traced_recorder(tracer),
        traced.traced_shared_cache(tracer),
        partial(DatabaseSpans, tracer),
    )
