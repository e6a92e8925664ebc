"""The headers of answers, as the description of the API tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

REQUEST_ID = "X-Request-ID"
POLICY_DECISION = "Policy-Decision"
NEXT_CURSOR = "X-Next-Cursor"
ENTITY_TAG = "ETag"

_REF = "#/components/headers/{name}"


class _Header(NamedTuple):
    """What a header says."""

    description: str
    always: bool = False
    """Whether every answer that is described with it has it."""
    schema: Mapping[str, Any] = {"type": "string"}


_HEADERS = {
    REQUEST_ID: _Header(
        "The request's id, which its lines of the log have: the one that came in `X-Request-ID`, or else a new one.",
        always=True,
        schema={"type": "string", "minLength": 1},
    ),
    "WWW-Authenticate": _Header(
        "How to say who asks (RFC 9110 section 11.6.1).", always=True, schema={"type": "string", "const": "Bearer"}
    ),
    "Retry-After": _Header(
        "After how many seconds to ask again, where that may help.", schema={"type": "integer", "minimum": 0}
    ),
    POLICY_DECISION: _Header(
        "What OCPP has no room for, a dictionary (RFC 8941): `id`, `outcome`, `reason`; where they apply `signal`, "
        "`valid-until`, `on-unreachable`, `stop`, `late`, `clock-suspect`. Left out where nothing was decided."
    ),
    NEXT_CURSOR: _Header("Of `text/csv` with `limit`: where the next page begins. Left out on the last one."),
    ENTITY_TAG: _Header("For `If-None-Match`.", always=True),
}
_BY_STATUS = {"401": "WWW-Authenticate", "503": "Retry-After"}


def references(*names: str) -> dict[str, Any]:
    """Refer to the descriptions of an answer's headers."""
    return {"headers": {name: {"$ref": _REF.format(name=name)} for name in names}}


def describe_headers(document: dict[str, Any]) -> None:
    """Add what every answer has, and every one of a status, and the headers themselves."""
    document["components"]["headers"] = {
        name: {"description": header.description, "required": header.always, "schema": dict(header.schema)}
        for name, header in sorted(_HEADERS.items())
    }
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                own = references(REQUEST_ID, *([_BY_STATUS[status]] if status in _BY_STATUS else []))
                response["headers"] = {**own["headers"], **response.get("headers", {})}
