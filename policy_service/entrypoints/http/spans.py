"""Spans of time as they were asked for, with what was left out."""

from policy_service.entrypoints.http.params import Span
from policy_service.entrypoints.http.problems import Problem, ProblemError


def up_to_its_end(asked: Span, now: int, length: int) -> tuple[int, int]:
    """Return a span in epoch seconds that ends now, and is so long, unless told otherwise. Raises ProblemError."""
    until = now if asked.until is None else asked.until
    since = until - length if asked.since is None else asked.since
    return _in_order(since, until, "from", "this lies in the future, and `to` is left out")


def from_its_start(asked: Span, now: int, length: int) -> tuple[int, int]:
    """Return a span in epoch seconds that begins now, and is so long, unless told otherwise. Raises ProblemError."""
    since = now if asked.since is None else asked.since
    until = since + length if asked.until is None else asked.until
    return _in_order(since, until, "to", "this lies in the past, and `from` is left out")


def _in_order(since: int, until: int, parameter: str, fault: str) -> tuple[int, int]:
    if since > until:
        raise ProblemError(Problem.INVALID, errors=[{"parameter": parameter, "detail": fault}])
    return since, until
