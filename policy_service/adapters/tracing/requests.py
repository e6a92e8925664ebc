"""The span of each HTTP request, a child of the caller's where a ``traceparent`` came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.context import attach, detach
from opentelemetry.trace import SpanKind, format_span_id, format_trace_id, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from policy_service.adapters.tracing.spans import failed
from policy_service.application.tracing import UNMATCHED, Trace

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

_FAULT = 500
_propagator = TraceContextTextMapPropagator()


class _SentSpan:
    """Implements RequestSpan; what is done until its end belongs to it."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self._token = attach(set_span_in_context(span))
        context = span.get_span_context()
        self.trace = Trace(
            format_trace_id(context.trace_id), format_span_id(context.span_id), context.trace_flags.sampled
        )

    def end(self, method: str, route: str, status: int, error: str | None) -> None:
        """Name the span by its route, and end it. Its path is not told: it may hold an identifier."""
        detach(self._token)
        span = self._span
        span.set_attributes({"http.request.method": method, "http.response.status_code": status})
        if route == UNMATCHED:
            span.update_name(method)
        else:
            span.update_name(f"{method} {route}")
            span.set_attribute("http.route", route)
        if error is not None or status >= _FAULT:
            failed(span, error or str(status))
        span.end()


class SentRequests:
    """Implements RequestTracing."""

    def __init__(self, tracer: Tracer) -> None:
        """Make spans with the tracer."""
        self._tracer = tracer

    def begin(self, traceparent: str | None, tracestate: str | None) -> _SentSpan:
        """Begin a span; the caller's decision to sample counts as the sampler says."""
        came = {"traceparent": traceparent, "tracestate": tracestate}
        context = _propagator.extract({name: value for name, value in came.items() if value is not None})
        return _SentSpan(self._tracer.start_span("HTTP", context=context, kind=SpanKind.SERVER))
