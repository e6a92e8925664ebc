"""What a scheduler of its own answers, beside its work: how it is, and what it counts, by the rules of the service."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import Response

from policy_service.application.callers import UnknownCallerError
from policy_service.bootstrap.wiring import StartError
from policy_service.entrypoints.http.access import answer
from policy_service.entrypoints.http.callers import OPEN_PREFIX, let_in, presented, unauthenticated
from policy_service.entrypoints.http.connection import Connection
from policy_service.entrypoints.http.gathered import Outbox
from policy_service.entrypoints.http.guard import Guarded
from policy_service.entrypoints.http.operations import exposition, readiness
from policy_service.entrypoints.http.problems import Problem, ProblemError, problem_document, problem_for
from policy_service.entrypoints.http.request_ids import request_id_for
from policy_service.entrypoints.http.tls import check_tls
from policy_service.entrypoints.http.uvicorn_options import uvicorn_options

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection, Generator

    from starlette.requests import Request
    from starlette.types import Message, Receive, Scope, Send

    from policy_service.bootstrap.transitions import Scheduling
    from policy_service.settings import Settings


@asynccontextmanager
async def answering(scheduling: Scheduling, settings: Settings) -> AsyncGenerator[None]:
    """Answer at SCHEDULER_PORT while the context is open. Raises StartError."""
    check_tls(settings)
    server = _Beside(_config(settings, SchedulerApplication(scheduling)))
    try:
        listening = server.config.bind_socket()
    except SystemExit:
        message = (
            f"error: nobody can listen at {settings.host}:{settings.scheduler_port}, see the log\n"
            "  help: end what listens there, or give another with --scheduler-port or --host"
        )
        raise StartError(message) from None
    with listening:
        serving = asyncio.create_task(server.serve([listening]))
        try:
            yield
        finally:
            server.should_exit = True
            await serving


class SchedulerApplication:
    """An ASGI application of three routes: two that everybody may ask, and one for whoever may read."""

    def __init__(self, scheduling: Scheduling) -> None:
        """Ask the scheduling process how it is, what it counts, and who calls."""
        self.outbox = Outbox()
        self.under_way: Collection[asyncio.Task[None]] = ()
        self._scheduling = scheduling
        routes = [
            Guarded("/health/live", self._live),
            Guarded("/health/ready", self._ready),
            Guarded("/metrics", self._metrics),
        ]
        kinds = (ProblemError, HTTPException, Exception)
        self._app = Starlette(routes=routes, exception_handlers=dict.fromkeys(kinds, _refused))
        self._app.router.redirect_slashes = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Who is not let in is told so before any route is looked for."""
        request_id = scope["state"]["request_id"] = request_id_for(scope)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            await send(message)

        if not scope["path"].startswith(OPEN_PREFIX):
            try:
                let_in(scope, await self._scheduling.callers.identify(presented(scope)))
            except UnknownCallerError:
                await _response(unauthenticated(), scope)(scope, receive, send_with_id)
                return
        await self._app(scope, receive, send_with_id)

    async def _live(self, _: Request) -> Response:
        return answer({"status": "live"})

    async def _ready(self, _: Request) -> Response:
        return readiness(self._scheduling.health)

    async def _metrics(self, _: Request) -> Response:
        return exposition(self._scheduling.metrics)


async def _refused(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        error = ProblemError(problem_for(error.status_code), headers=dict(error.headers or {}))
    return _response(error if isinstance(error, ProblemError) else ProblemError(Problem.INTERNAL), request.scope)


def _response(error: ProblemError, scope: Scope) -> Response:
    document = problem_document(error, str(scope["state"]["request_id"]))
    response = Response(document.body, document.status)
    response.raw_headers += document.headers
    return response


class _Beside(uvicorn.Server):
    """A server that leaves signals to the work that it stands beside."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def _config(settings: Settings, app: SchedulerApplication) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.scheduler_port or 0,
        http=Connection,
        lifespan="off",
        timeout_graceful_shutdown=1,  # nothing here takes long
        **uvicorn_options(settings),
    )
