"""The description of the API: openapi.json, and a page that draws it without anything from elsewhere."""

import asyncio
from functools import cache
from pathlib import Path

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from policy_service.entrypoints.http.guard import GuardedRoute

router = APIRouter(include_in_schema=False, route_class=GuardedRoute)

_STATIC = Path(__file__).parent / "static"
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@router.get("/openapi.json")
async def openapi_json(request: Request) -> Response:
    """Return the OpenAPI document."""
    document = await asyncio.to_thread(request.app.openapi)  # the first time it takes most of a second
    return Response(orjson.dumps(document), media_type="application/json")


@router.get("/docs")
async def page() -> Response:
    """Return the page."""
    return _file("docs.html", "text/html")


@router.get("/docs/docs.js")
async def script() -> Response:
    """Return the page's script."""
    return _file("docs.js", "text/javascript")


@router.get("/docs/docs.css")
async def style() -> Response:
    """Return the page's style."""
    return _file("docs.css", "text/css")


def _file(name: str, media_type: str) -> Response:
    return Response(_content(name), headers=_HEADERS, media_type=media_type)


@cache
def _content(name: str) -> bytes:
    return (_STATIC / name).read_bytes()
