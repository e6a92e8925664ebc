"""What handlers share: the service behind the application, JSON answers, cursors."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Annotated, Any, cast

import orjson
from fastapi import Depends, Request
from fastapi.responses import Response

from policy_service.application.ports import CursorError
from policy_service.application.service import Service
from policy_service.domain.instant import EARLIEST, LATEST

if TYPE_CHECKING:
    from collections.abc import Mapping


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


ServiceOf = Annotated[Service, Depends(_service)]


def service_of(request: Request) -> Service:
    """Return the service, for handlers that spare themselves dependency injection."""
    return _service(request)


def answer(body: Any, status: int = 200, headers: "Mapping[str, str] | None" = None) -> Response:  # noqa: ANN401 - any JSON value
    """Answer JSON."""
    return Response(
        orjson.dumps(body), status, headers=None if headers is None else dict(headers), media_type="application/json"
    )


def no_content() -> Response:
    """Answer that it is done."""
    return Response(status_code=204)


def to_cursor(*parts: str | int) -> str:
    """Return an opaque cursor."""
    return urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def _is_plain(part: object) -> bool:
    """Tell whether a number is an instant: no list counts by anything else, and a larger one fits no calendar."""
    return not isinstance(part, int) or EARLIEST <= part <= LATEST


def from_cursor(cursor: str, *kinds: type) -> list[Any]:
    """Return a cursor's parts. Raises CursorError."""
    try:
        parts: Any = orjson.loads(urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
        found = cast("list[object]", parts) if isinstance(parts, list) else []
    except ValueError:
        found = []
    if [type(part) for part in found] != list(kinds) or not all(_is_plain(part) for part in found):
        message = "not a cursor of this list"
        raise CursorError(message)
    return found
