"""Spans that say where, how long and how it ended, and never a word of what was asked for."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry.trace import SpanKind, StatusCode

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from opentelemetry.trace import Span, Tracer


@contextmanager
def spanned(
    tracer: Tracer, name: str, attributes: Mapping[str, str | int] | None = None, kind: SpanKind = SpanKind.INTERNAL
) -> Generator[Span]:
    """Open a span around what is done in the context; of an exception it keeps the type, as messages may quote."""
    with tracer.start_as_current_span(
        name, kind=kind, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except Exception as error:
            failed(span, type(error).__qualname__)
            raise


def failed(span: Span, error: str) -> None:
    """Mark a span as failed, by the type of its error."""
    span.set_attribute("error.type", error)
    span.set_status(StatusCode.ERROR)
