"""The framework's application, made while decisions are answered already: to import it takes a quarter of a start."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from policy_service.application.undisturbed import undisturbed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from policy_service.application.service import Service


def made(service: Service, max_body_bytes: int) -> ASGIApp:
    """Return the application around the service."""
    with undisturbed():
        from policy_service.entrypoints.http.app import create_app  # noqa: PLC0415 - see above

        return create_app(service, max_body_bytes=max_body_bytes)


class Framework:
    """An ASGI application that a thread makes; what it is asked before waits for it."""

    def __init__(self, make: Callable[[], ASGIApp], failed: Callable[[BaseException], None]) -> None:
        """Begin to make it, in the running loop; ``failed`` is called there should that fail."""
        self._app: ASGIApp | None = None
        self._failed = failed
        self._making = asyncio.get_running_loop().run_in_executor(None, make)
        self._making.add_done_callback(self._is_made)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one connection."""
        return self._later(scope, receive, send) if self._app is None else self._app(scope, receive, send)

    async def _later(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = await asyncio.shield(self._making)  # others wait for it, too
        await app(scope, receive, send)

    def _is_made(self, making: asyncio.Future[ASGIApp]) -> None:
        if making.cancelled():  # the loop ends
            return
        error = making.exception()
        if error is None:
            self._app = making.result()
        else:
            self._failed(error)
