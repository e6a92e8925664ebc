"""The same short ways for every other ASGI server: lanes before the application, which gets whatever they leave."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from policy_service.entrypoints.http.hot.reply import METHOD, Reply

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from policy_service.entrypoints.http.hot.lanes import Held, Lanes


class Shortcut:
    """Wraps the application."""

    def __init__(self, app: ASGIApp, lanes: Lanes) -> None:
        """Ask the lanes first."""
        self._app = app
        self._lanes = lanes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        held = self._held(scope)
        if held is None:
            await self._app(scope, receive, send)
            return
        try:
            came, whole = await _gathered(held, receive)
        except asyncio.CancelledError:  # the service ends: the application has the words for it
            await self._app(scope, _ended, send)
            return
        reply = held.answer() if whole else None
        if reply is None:
            await self._app(scope, _replayed(came, receive), send)
            return
        if not isinstance(reply, Reply):
            reply = await reply
        last = ((b"content-length", b"%d" % len(reply.body)), (b"x-request-id", reply.request_id.encode()))
        headers = [*reply.headers, *reply.own, *last]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    def _held(self, scope: Scope) -> Held | None:
        if scope["type"] != "http" or scope["method"] != METHOD or scope["query_string"]:
            return None
        lane = self._lanes.to(scope["path"].encode("ascii", "replace"))
        return None if lane is None else self._lanes.hold(lane, scope["headers"])


async def _gathered(held: Held, receive: Receive) -> tuple[list[Message], bool]:
    """Return what came of the body, and whether that is all of it: it may become too long, or never come."""
    came: list[Message] = []
    while True:
        message = await receive()
        came.append(message)
        if message["type"] != "http.request" or not held.grows(message.get("body", b"")):
            return came, False
        if not message.get("more_body", False):
            return came, True


async def _ended() -> Message:
    raise asyncio.CancelledError


def _replayed(came: list[Message], receive: Receive) -> Receive:
    waiting = came[::-1]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay
