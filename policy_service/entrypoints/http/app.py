"""The FastAPI application: routes, problem handlers, and the edge around them."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError, ResponseValidationError
from starlette.exceptions import HTTPException

import policy_service
from policy_service.entrypoints.http import authzen, docs, ocpi, openapi, operations
from policy_service.entrypoints.http.dialects import error_response
from policy_service.entrypoints.http.edge import Edge
from policy_service.entrypoints.http.failures import FORESEEN, problem_of
from policy_service.entrypoints.http.guard import GuardedRoute
from policy_service.entrypoints.http.problems import Problem, ProblemError, faults_of, problem_for
from policy_service.entrypoints.http.v1 import routers

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import APIRouter
    from starlette.requests import Request
    from starlette.responses import Response

    from policy_service.application.service import Service


def create_app(service: Service, *, max_body_bytes: int) -> Edge:
    """Return the application around the service, ready for any ASGI server."""
    app = FastAPI(
        title="policy-service",
        version=policy_service.__version__,
        description=openapi.DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,  # what a generated client calls its methods
        # The edge does this: it sees what no route is found for, and tells no path, as that may hold an identifier.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.service = service
    app.state.max_body_bytes = max_body_bytes
    for router in (*routers(), ocpi.router, *authzen.routers(), operations.router, docs.router):
        include(app, router)
    app.openapi = lambda: openapi.describe(app)  # type: ignore[method-assign]  # the documented way to extend it
    _handle_errors(app)
    return Edge(app, service)


def include(app: FastAPI, router: APIRouter) -> None:
    """Take a router in. Raises TypeError for one whose routes would not ask who may call."""
    if not all(isinstance(route, GuardedRoute) for route in router.routes):
        message = "make the router with route_class=GuardedRoute"
        raise TypeError(message)
    app.include_router(router)


def _handle_errors(app: FastAPI) -> None:
    async def answer(request: Request, error: Exception) -> Response:
        problem = _problem_of(error)
        if isinstance(error, HTTPException) and error.status_code == 405:  # noqa: PLR2004 - an HTTP status
            problem.headers = {"Allow": await asyncio.to_thread(allowed_methods, app, request.url.path)}
        return error_response(problem, request.scope, request.app.state.service)

    unforeseen = (Exception, ResponseValidationError)
    for kind in (*unforeseen, ProblemError, *_FRAMEWORKS, *FORESEEN):
        app.add_exception_handler(kind, answer)


def _problem_of(error: Exception) -> ProblemError:
    refused = next((made for kind, made in _FRAMEWORKS.items() if isinstance(error, kind)), problem_of)
    return refused(error)


_FRAMEWORKS: dict[type[Exception], Callable[[Any], ProblemError]] = {
    RequestValidationError: lambda error: ProblemError(Problem.INVALID, errors=faults_of(error.errors())),
    HTTPException: lambda error: ProblemError(problem_for(error.status_code), headers=error.headers),
}
"""What the framework itself refuses."""


def allowed_methods(app: FastAPI, path: str) -> str:
    """Return every method that the path takes: routes of one path are many, and each knows only its own."""
    paths: dict[str, dict[str, Any]] = app.openapi()["paths"]
    for template, described in {path: paths.get(path, {}), **paths}.items():
        pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(template))
        if described and re.fullmatch(pattern, path):
            return ", ".join(sorted(method.upper() for method in described))
    return "GET"
