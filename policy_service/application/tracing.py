"""Where a request stands in its caller's trace (W3C Trace Context), whether traces are sent anywhere or not."""

from __future__ import annotations

import re
from secrets import token_hex
from typing import NamedTuple, Protocol

UNMATCHED = "unmatched"
"""What stands for the route of a request that met none."""

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SPAN_BYTES = 8
_ONLY = "00"
_INVALID_VERSION = "ff"


class Trace(NamedTuple):
    """The ids of a request's span, in lower-case hexadecimal."""

    trace_id: str
    span_id: str
    sampled: bool

    def __str__(self) -> str:
        """Write it as ``traceparent`` and ``traceresponse`` do."""
        return f"{_ONLY}-{self.trace_id}-{self.span_id}-{int(self.sampled):02x}"


class RequestSpan(Protocol):
    """One request under way."""

    @property
    def trace(self) -> Trace | None:
        """Return where it stands; None where it is in no trace."""
        ...

    def end(self, method: str, route: str, status: int, error: str | None) -> None:
        """End it: the route's template, the status, and the type of what went wrong here, if anything did."""
        ...


class RequestTracing(Protocol):
    """Begins the span of each request."""

    def begin(self, traceparent: str | None, tracestate: str | None) -> RequestSpan:
        """Begin the span of a request that came with these headers."""
        ...


class _Unsent:
    """A request whose span nobody is sent."""

    def __init__(self, trace: Trace | None) -> None:
        self.trace = trace

    def end(self, method: str, route: str, status: int, error: str | None) -> None:
        """Do nothing."""


_IN_NO_TRACE = _Unsent(None)


class PassedOn:
    """Implements RequestTracing where no traces are sent: the caller's trace is in the logs and in the answer."""

    def begin(self, traceparent: str | None, tracestate: str | None) -> RequestSpan:
        """Take the caller's trace over."""
        del tracestate
        came = None if traceparent is None else trace_of(traceparent)
        return _IN_NO_TRACE if came is None else _Unsent(came._replace(span_id=token_hex(_SPAN_BYTES)))


def trace_of(traceparent: str) -> Trace | None:
    """Return what a ``traceparent`` says, the caller's span in it; None for one that is not valid."""
    found = _TRACEPARENT.fullmatch(traceparent)
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    if version == _INVALID_VERSION or (version == _ONLY and more) or not (int(trace_id, 16) and int(span_id, 16)):
        return None
    return Trace(trace_id, span_id, bool(int(flags, 16) & 1))
