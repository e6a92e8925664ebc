"""Sends spans by OTLP over HTTP, in batches and in a thread of their own; a receiver that is gone delays nobody."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

import policy_service
from policy_service.adapters.telemetry.identity import resource

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

_TRACES = "/v1/traces"
_PATIENCE_S = 2.0
"""How long the end waits for what is still to be sent."""


class Otlp:
    """A tracer, and where its spans go. Sampling, headers and time-outs are read from the standard OTEL_ variables."""

    def __init__(self, endpoint: str) -> None:
        """Send to the endpoint; where it is empty, to the one that the variables name."""
        self._exporter = OTLPSpanExporter(endpoint.rstrip("/") + _TRACES) if endpoint else OTLPSpanExporter()
        self._provider = TracerProvider(resource=Resource.create(resource()), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self.tracer: Tracer = self._provider.get_tracer("policy_service", policy_service.__version__)

    async def close(self) -> None:
        """Send what waits, and end; a receiver that does not take it is soon tried no more."""
        sent = asyncio.create_task(asyncio.to_thread(self._provider.shutdown))
        await asyncio.wait((sent,), timeout=_PATIENCE_S)
        if not sent.done():
            self._exporter.shutdown()  # type: ignore[no-untyped-call]  # the library leaves it untyped
        await sent
