"""The same short way for every other ASGI server: the lane before the application, which gets whatever it leaves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from policy_service.entrypoints.http.hot.head import head_of
from policy_service.entrypoints.http.hot.lane import METHOD, PATH, Reply
from policy_service.entrypoints.http.hot.question import MOST_BYTES

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from policy_service.entrypoints.http.hot.lane import Lane

_METHOD, _PATH = METHOD.decode(), PATH.decode()


class Shortcut:
    """Wraps the application."""

    def __init__(self, app: ASGIApp, lane: Lane) -> None:
        """Ask the lane first."""
        self._app = app
        self._lane = lane

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["path"] != _PATH or scope["method"] != _METHOD or scope["query_string"]:
            await self._app(scope, receive, send)
            return
        try:
            came = await _body(receive)
        except asyncio.CancelledError:  # the service ends: the application has the words for it
            await self._app(scope, _ended, send)
            return
        reply = None
        if came[-1]["type"] == "http.request" and not came[-1].get("more_body", False):
            head = head_of(scope["headers"])
            body = b"".join([message.get("body", b"") for message in came])
            reply = None if head is None else self._lane.answer(head, body)
        if reply is None:
            await self._app(scope, _replayed(came, receive), send)
            return
        if not isinstance(reply, Reply):
            reply = await reply
        own = [(b"content-length", b"%d" % len(reply.body)), (b"x-request-id", reply.request_id)]
        await send({"type": "http.response.start", "status": reply.status, "headers": [*reply.headers, *own]})
        await send({"type": "http.response.body", "body": reply.body})


async def _body(receive: Receive) -> list[Message]:
    """Return what came of the body, up to its end or to where it is too long for here."""
    came, size = [await receive()], 0
    while came[-1].get("more_body", False):
        size += len(came[-1].get("body", b""))
        if size > MOST_BYTES:
            break
        came.append(await receive())
    return came


async def _ended() -> Message:
    raise asyncio.CancelledError


def _replayed(came: list[Message], receive: Receive) -> Receive:
    waiting = came[::-1]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay
