"""OCPI's envelope, in which answers and errors leave alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from policy_service.domain.instant import format_instant
from policy_service.entrypoints.http.access import answer
from policy_service.entrypoints.http.problems import PROBLEMS, Problem, in_one_line

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Scope

    from policy_service.entrypoints.http.problems import ProblemError

SUCCESS, CLIENT_ERROR, INVALID, NOT_ENOUGH_INFORMATION, UNKNOWN_TOKEN, SERVER_ERROR = 1000, 2000, 2001, 2002, 2004, 3000
"""Status codes, OCPI 2.2.1 chapter 5; 2.3.0 has the same."""

_CODES = {
    Problem.MALFORMED: INVALID,
    Problem.INVALID: INVALID,
    Problem.TOO_LARGE: INVALID,
    Problem.UNSUPPORTED_MEDIA_TYPE: INVALID,
    Problem.INTERNAL: SERVER_ERROR,
    Problem.UNAVAILABLE: SERVER_ERROR,
}
"""Any other is a client's error."""
_HTTP = {Problem.INVALID: 400}
"""Where OCPI's clients expect another status than ours do."""
_CORRELATION_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")


def reply(
    scope: Scope,
    now: int,
    status_code: int,
    *,
    data: object = None,
    message: str | None = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    """Answer in the envelope (section 4.1.7), with the caller's X-Correlation-ID; ``now`` is in epoch seconds."""
    body: dict[str, Any] = {"status_code": status_code, "timestamp": format_instant(now)}
    if data is not None:
        body["data"] = data
    if message is not None:
        body["status_message"] = message
    return answer(body, status, headers={**(headers or {}), **_correlation(scope)})


def refuse(error: ProblemError, scope: Scope, now: int) -> Response:
    """Answer an error. What it says of parameters and members repeats nothing of what was sent."""
    row = PROBLEMS[error.kind]
    return reply(
        scope,
        now,
        _CODES.get(error.kind, CLIENT_ERROR),
        message=in_one_line(error),
        status=_HTTP.get(error.kind, row.status),
        headers=dict(error.headers or {}),
    )


def _correlation(scope: Scope) -> dict[str, str]:
    found = [value for name, value in scope["headers"] if name == b"x-correlation-id"]
    if len(found) != 1 or not _CORRELATION_ID.fullmatch(found[0]):
        return {}
    return {"X-Correlation-ID": found[0].decode()}
