"""How an error is told: as a problem document, or as the standard wants it that the door speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from policy_service.entrypoints.http.callers import OCPI_PREFIX
from policy_service.entrypoints.http.ocpi_envelope import refuse
from policy_service.entrypoints.http.problems import PROBLEMS, Problem, ProblemError, problem_document

if TYPE_CHECKING:
    from starlette.types import Scope

    from policy_service.application.service import Service

AUTHZEN_PREFIX = "/access/"
_BAD_REQUESTS = (Problem.INVALID, Problem.UNSUPPORTED_MEDIA_TYPE)
"""What AuthZEN (section 10.1.6) calls a bad request like any other."""


def error_response(error: ProblemError, scope: Scope, service: Service) -> Response:
    """Render the error in the words of the door that was knocked at."""
    if scope["path"].startswith(OCPI_PREFIX):
        return refuse(error, scope, service.clock.now())
    if scope["path"].startswith(AUTHZEN_PREFIX) and error.kind in _BAD_REQUESTS:
        detail = error.detail or PROBLEMS[error.kind].title
        error = ProblemError(Problem.MALFORMED, detail, errors=error.errors, headers=error.headers)
    document = problem_document(error, scope.get("state", {}).get("request_id"))
    response = Response(document.body, document.status)
    response.raw_headers += document.headers
    return response
