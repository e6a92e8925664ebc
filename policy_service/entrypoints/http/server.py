"""The server: uvicorn on loopback by default, one process or several, each reloading the policies by itself."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from policy_service.application.undisturbed import undisturbed
from policy_service.entrypoints.absent import absent

with undisturbed():  # modules stay as long as the process: looking through them takes a sixth of their time
    with absent("rich"):  # it would draw tracebacks, of which no line of ours has one
        import structlog
    import uvicorn

    from policy_service.bootstrap import wiring
    from policy_service.entrypoints.http.connection import Connection
    from policy_service.entrypoints.http.framework import Framework, made
    from policy_service.entrypoints.http.gathered import Outbox
    from policy_service.entrypoints.http.hot.connection import HotConnection, objection
    from policy_service.entrypoints.http.hot.lanes import Lanes
    from policy_service.entrypoints.http.hot.shortcut import Shortcut
    from policy_service.entrypoints.http.tls import check_tls
    from policy_service.entrypoints.http.unix_socket import check_unix_socket, unix_socket
    from policy_service.entrypoints.http.uvicorn_options import uvicorn_options
    from policy_service.entrypoints.http.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Collection, Generator

    from starlette.types import ASGIApp, Receive, Scope, Send

    from policy_service.application.ports import Clock
    from policy_service.application.service import Service
    from policy_service.settings import Settings

_log = structlog.get_logger("policy_service.http")

_FINDINGS, _BAD_SETTINGS, _NO_DATABASE = 1, 2, 3
"""What a start that failed ends with, by the command line's table of exit codes."""
_LAST_WORDS_S = 3.0
"""How long requests that are given up may take to roll back, to be on the audit's record, and to answer that."""
_TURN_S = 0.0005
"""How long a thread may keep the interpreter from the event loop, in seconds; Python's own 0.005 is felt by drivers.

A reload of 100,000 chargers takes a second of a thread, and an answer waits for several turns of the loop.
"""


def run_server(settings: Settings, clock: Clock | None = None) -> int:
    """Serve until a signal; return the exit code. Diagnostics of a tree that cannot be served go to stderr.

    ``clock`` is what tells the time of a single process instead of the machine.
    """
    wiring.prepare(settings)
    try:
        check_tls(settings)
        check_unix_socket(settings.unix_socket)
    except wiring.StartError as error:
        return _tell(error, settings)
    if settings.workers > 1:
        return _serve_many(settings)
    application = ServiceApplication(settings, clock)
    server = uvicorn.Server(_config(settings, application))
    with unix_socket(settings.unix_socket), _signals_stop(server), suppress(SystemExit):  # what failed is told below
        server.run()
    if application.failure is not None:
        return _tell(application.failure, settings)
    return 0 if server.started else _tell_taken(settings)


class ServiceApplication:
    """An ASGI application that builds the service when the server starts, and ends it when the server stops."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        """Build nothing yet: this happens in the process and the loop that serve."""
        self._settings = settings
        self._clock = clock
        self._serve: ASGIApp | None = None
        self.lanes: Lanes | None = None
        self.outbox = Outbox()
        self.under_way: Collection[asyncio.Task[None]] = ()
        self.failure: wiring.BrokenTreeError | wiring.StartError | None = None

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one connection, or the lifespan."""
        if self._serve is None or scope["type"] == "lifespan":
            return self._live(receive, send)
        return self._serve(scope, receive, send)

    def _application(self, service: Service) -> ASGIApp:
        most = self._settings.max_body_bytes
        lanes = Lanes(service, max_body_bytes=most)
        if self._settings.hot_path == "off" or not lanes.open:
            return made(service, most)
        app = Framework(partial(made, service, most), self._not_made)
        if _connection(self._settings) is HotConnection:
            self.lanes = lanes
            return app
        why = objection() if self._settings.hot_path == "protocol" else None
        if why is not None:
            _log.warning("decisions are answered before the framework, not in the parser", **{"error.message": why})
        return Shortcut(app, lanes)

    def _not_made(self, error: BaseException) -> None:
        """End the service: decisions alone are not what it is there for."""
        self.failure = wiring.StartError(f"error: the routes cannot be made ({type(error).__name__}); install it anew")
        _log.error("the routes cannot be made", exc_info=error)
        signal.raise_signal(signal.SIGTERM)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            async with wiring.running(self._settings, self._clock) as service:
                self._serve = self._application(service)
                sys.setswitchinterval(_TURN_S)
                gc.freeze()  # what there is now stays: no collection has to go through it
                await send({"type": "lifespan.startup.complete"})
                await receive()
                if self.under_way:  # they are given up by now, and the database is there for them to say so
                    await asyncio.wait(set(self.under_way), timeout=_LAST_WORDS_S)
            await send({"type": "lifespan.shutdown.complete"})
        except (wiring.BrokenTreeError, wiring.StartError) as error:
            self.failure = error
            await send({"type": "lifespan.startup.failed", "message": "the service could not start"})


def _serve_many(settings: Settings) -> int:
    """Serve in worker processes that share one listening socket; this one only watches over them."""
    try:
        asyncio.run(wiring.rehearse(settings))
    except (wiring.BrokenTreeError, wiring.StartError) as error:
        return _tell(error, settings)
    wiring.share_metrics(settings)
    config = _config(settings, partial(worker, settings))
    config.workers = settings.workers
    with unix_socket(settings.unix_socket):
        try:
            listening = config.bind_socket()
        except SystemExit:
            return _tell_taken(settings)
        with listening:
            Workers(config, [listening], wiring.forget_worker).run()
    return 0


def worker(settings: Settings) -> ServiceApplication:
    """Return the application of one worker process."""
    wiring.prepare(settings)
    return ServiceApplication(settings)


def _tell(error: wiring.BrokenTreeError | wiring.StartError, settings: Settings) -> int:
    if isinstance(error, wiring.BrokenTreeError):
        sys.stderr.write(f"{wiring.rendered(error.state, settings.policies).rstrip()}\n")
        return _FINDINGS if error.state.unreadable is None else _BAD_SETTINGS
    sys.stderr.write(f"{str(error).rstrip()}\n")
    return _NO_DATABASE if isinstance(error, wiring.NoDatabaseError) else _BAD_SETTINGS


def _tell_taken(settings: Settings) -> int:
    """Say that the address cannot be had; why is in the log."""
    at = settings.unix_socket or f"{settings.host}:{settings.port}"
    help_text = "end what listens there, or give another with --port, --host or --unix-socket"
    sys.stderr.write(f"error: nobody can listen at {at}, see the log\n  help: {help_text}\n")
    return _BAD_SETTINGS


@contextmanager
def _signals_stop(server: uvicorn.Server) -> Generator[None]:
    """Let a stop by signal be an orderly end: uvicorn passes the signal on once it has shut down.

    One that comes before uvicorn listens for it ends the server as soon as it has started.
    """
    before = {number: signal.signal(number, server.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _connection(settings: Settings) -> type[Connection]:
    return HotConnection if settings.hot_path == "protocol" and objection() is None else Connection


def _config(settings: Settings, app: ServiceApplication | partial[ServiceApplication]) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=isinstance(app, partial),
        host=settings.host,
        port=settings.port,
        uds=None if settings.unix_socket is None else str(settings.unix_socket),
        loop="uvloop",
        http=_connection(settings),
        lifespan="on",
        timeout_graceful_shutdown=settings.shutdown_grace,
        **uvicorn_options(settings),
        timeout_worker_healthcheck=60,  # a worker that still compiles on a busy machine is not dead
    )
