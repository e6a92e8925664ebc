"""Which problem a failure of the layers below is told as."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.application.callers import BeyondReachError
from policy_service.application.plan_holder import NoPlanError
from policy_service.application.ports import ConflictError, CursorError, StoreUnavailableError
from policy_service.domain.identifier import IdentifierError
from policy_service.entrypoints.http.callers import beyond_reach
from policy_service.entrypoints.http.problems import Problem, ProblemError, later, no_store

if TYPE_CHECKING:
    from collections.abc import Callable

FORESEEN: dict[type[Exception], Callable[[Any], ProblemError]] = {
    IdentifierError: lambda error: ProblemError(
        Problem.INVALID, errors=[{"pointer": "/identifier", "detail": str(error)}]
    ),
    CursorError: lambda error: ProblemError(Problem.NOT_FOUND, str(error)),
    ConflictError: lambda error: ProblemError(Problem.CONFLICT, str(error)),
    BeyondReachError: lambda _: beyond_reach(),
    NoPlanError: lambda _: later("no plan stands"),
    StoreUnavailableError: lambda _: no_store(),
}


def problem_of(error: Exception) -> ProblemError:
    """Return the problem for a failure, without a word of what was sent; a service that failed is one, too."""
    if isinstance(error, ProblemError):
        return error
    for kind, made in FORESEEN.items():
        if isinstance(error, kind):
            return made(error)
    return ProblemError(Problem.INTERNAL)
