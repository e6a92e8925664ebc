"""How an error is told: as a problem document, or as the standard wants it that the door speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.entrypoints.http.callers import OCPI_PREFIX
from policy_service.entrypoints.http.ocpi_envelope import refuse
from policy_service.entrypoints.http.problems import problem_response

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Scope

    from policy_service.application.service import Service
    from policy_service.entrypoints.http.problems import ProblemError


def error_response(error: ProblemError, scope: Scope, service: Service) -> Response:
    """Render the error in the words of the door that was knocked at."""
    if scope["path"].startswith(OCPI_PREFIX):
        return refuse(error, scope, service.clock.now())
    return problem_response(error, scope.get("state", {}).get("request_id"))
