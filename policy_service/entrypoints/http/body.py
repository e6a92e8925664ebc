"""Request bodies: read within the limit, only when they say that they are JSON, strictly, into a shape."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from policy_service.entrypoints.http import strict_json
from policy_service.entrypoints.http.problems import Problem, ProblemError, faults_of

if TYPE_CHECKING:
    from starlette.requests import Request

Shape = TypeVar("Shape", bound=BaseModel)
MOST_BYTES = 2 * 1024 * 1024
"""Of a body that is no policy files: a thousand questions with all that they may have."""
_LARGE_BYTES = 64 * 1024
"""What is larger is read by a thread: decisions are made meanwhile."""


async def json_body(request: Request, shape: type[Shape], *, most_bytes: int | None = MOST_BYTES) -> Shape:
    """Return the request's body in the shape; None: as long as any may be. Raises ProblemError (400, 413, 415, 422)."""
    demand_json(request)
    raw = await read_body(request, most_bytes)
    if len(raw) > _LARGE_BYTES:
        return await asyncio.to_thread(lambda: shaped(parse(raw), shape))
    return shaped(parse(raw), shape)


async def json_value(request: Request) -> object:
    """Return the value of the request's body, whatever its shape. Raises ProblemError (400, 413, 415)."""
    demand_json(request)
    raw = await read_body(request, MOST_BYTES)
    return await asyncio.to_thread(parse, raw) if len(raw) > _LARGE_BYTES else parse(raw)


def shaped(value: object, shape: type[Shape]) -> Shape:
    """Return a JSON value in the shape. Raises ProblemError (422)."""
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        faults = faults_of(error.errors(include_url=False, include_input=False))
        raise ProblemError(Problem.INVALID, errors=faults) from None


def parse(raw: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Read strictly. Raises ProblemError (400)."""
    try:
        return strict_json.loads(raw)
    except strict_json.StrictJSONError as error:
        raise ProblemError(Problem.MALFORMED, str(error)) from None


def demand_json(request: Request) -> None:
    """Refuse a body that is not declared as JSON, in UTF-8 where it names a character set."""
    if not is_json(request.headers.get("content-type", "")):
        raise ProblemError(Problem.UNSUPPORTED_MEDIA_TYPE, "the body must be `application/json`")
    refuse_encoding(request)


def refuse_encoding(request: Request) -> None:
    """Refuse a compressed body: a small one may hide an endless one."""
    if request.headers.get("content-encoding", "identity").lower() not in ("identity", ""):
        raise ProblemError(Problem.UNSUPPORTED_MEDIA_TYPE, "the body must not be compressed")


def is_json(content_type: str) -> bool:
    """Tell whether a Content-Type is ``application/json`` or ``application/…+json`` in UTF-8."""
    media_type, _, parameters = content_type.lower().partition(";")
    media_type = media_type.strip()
    if media_type != "application/json" and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        return False
    charset = next((p.partition("=")[2] for p in parameters.split(";") if p.strip().startswith("charset=")), "utf-8")
    return charset.strip(' "') in ("utf-8", "utf8", "us-ascii")


async def read_body(request: Request, most_bytes: int | None = None) -> bytes:
    """Return the body. Raises ProblemError (413) as soon as it is longer than the limit, declared or not."""
    limit: int = request.app.state.max_body_bytes
    if most_bytes is not None:
        limit = min(limit, most_bytes)
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > limit:
        raise _too_large(limit)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large(limit: int) -> ProblemError:
    # closing spares both sides the rest of the body
    return ProblemError(Problem.TOO_LARGE, f"the body has more than {limit} bytes", headers={"Connection": "close"})
