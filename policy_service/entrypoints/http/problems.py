"""Problems: one table of what can go wrong over HTTP, and RFC 9457 bodies that never repeat what was sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

import orjson

from policy_service.entrypoints.http.forms import form_of
from policy_service.entrypoints.plain_words import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:policy-service:problem:"


class Problem(StrEnum):
    """The kinds of problems; each value ends the problem's type."""

    MALFORMED = "malformed"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    NOT_ACCEPTABLE = "not-acceptable"
    CONFLICT = "conflict"
    TOO_LARGE = "too-large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type"
    INVALID = "invalid"
    TOO_MANY_REQUESTS = "too-many-requests"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """One kind of problem: its status and its title."""

    status: int
    title: str


PROBLEMS: dict[Problem, ProblemRow] = {
    Problem.MALFORMED: ProblemRow(400, "The body is not well-formed"),
    Problem.UNAUTHENTICATED: ProblemRow(401, "No valid key came with the request"),
    Problem.FORBIDDEN: ProblemRow(403, "The key does not allow this"),
    Problem.NOT_FOUND: ProblemRow(404, "There is nothing at this address"),
    Problem.METHOD_NOT_ALLOWED: ProblemRow(405, "The method is not allowed here"),
    Problem.NOT_ACCEPTABLE: ProblemRow(406, "None of the accepted media types can be produced"),
    Problem.CONFLICT: ProblemRow(409, "The request contradicts what is on record"),
    Problem.TOO_LARGE: ProblemRow(413, "The body is too large"),
    Problem.UNSUPPORTED_MEDIA_TYPE: ProblemRow(415, "The body is of the wrong media type"),
    Problem.INVALID: ProblemRow(422, "The request has the wrong shape"),
    Problem.TOO_MANY_REQUESTS: ProblemRow(429, "Too many requests"),
    Problem.INTERNAL: ProblemRow(500, "The service failed"),
    Problem.UNAVAILABLE: ProblemRow(503, "The service cannot answer now"),
}

_BY_STATUS = {row.status: kind for kind, row in PROBLEMS.items()}
_RETRY_S = "5"
_SAFE_NAME = re.compile(r"[a-z][a-z_]{0,39}", re.ASCII)
"""What a pointer may repeat of a member's name. Identifiers carry digits or capitals, so none passes."""
NAMES_OF_OTHERS = frozenset({
    "connectorId", "eventType", "idTag", "idToken", "idTokenType", "ocppConnectionName", "stationId", "transactionId",
    "transactionInfo", "triggerReason",
})  # fmt: skip
"""What OCPP and CitrineOS call members: safe as well, capitals or not."""


class Fault(TypedDict, total=False):
    """One mistake in a request: a pointer into its body, or the name of a parameter."""

    pointer: str
    parameter: str
    detail: str


class ProblemError(Exception):
    """Ends a request with a problem."""

    def __init__(
        self,
        kind: Problem,
        detail: str | None = None,
        *,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """Name a row of PROBLEMS; ``detail`` must not repeat input."""
        super().__init__(kind)
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.headers = headers
        self.extra = extra or {}


def problem_for(status: int) -> Problem:
    """Return the row for a status that a library chose."""
    return _BY_STATUS.get(status, Problem.MALFORMED if status < 500 else Problem.INTERNAL)  # noqa: PLR2004 - a class of statuses


def later(detail: str) -> ProblemError:
    """Return the answer to what cannot be done for now."""
    return ProblemError(Problem.UNAVAILABLE, detail, headers={"Retry-After": _RETRY_S})


def no_store() -> ProblemError:
    """Return the answer where a store is needed, and none answers."""
    return later("no store could be asked")


def ending() -> ProblemError:
    """Return the answer to what is still under way when the service waits no longer."""
    return ProblemError(Problem.UNAVAILABLE, "the service ends", headers={"Connection": "close"})


def problem_body(error: ProblemError, request_id: str | None = None) -> dict[str, Any]:
    """Return the members of a problem document."""
    row = PROBLEMS[error.kind]
    body: dict[str, Any] = {
        "type": TYPE_PREFIX + error.kind,
        "title": row.title,
        "status": row.status,
        "detail": error.detail or row.title,
    }
    if request_id is not None:
        body["instance"] = f"urn:policy-service:request:{request_id}"
    if error.errors:
        body["errors"] = list(error.errors)
    return body | dict(error.extra)


def in_one_line(error: ProblemError) -> str:
    """Return what is wrong, and where, for answers that have room for a sentence alone."""
    faults = [
        f"{fault.get('parameter') or fault.get('pointer') or '/'} {fault.get('detail', '')}" for fault in error.errors
    ]
    said = error.detail or PROBLEMS[error.kind].title
    return f"{said}: {', '.join(faults)}" if faults else said


class ProblemDocument(NamedTuple):
    """A problem as it leaves; ``headers`` but for its length."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


def problem_document(error: ProblemError, request_id: str | None) -> ProblemDocument:
    """Render the problem."""
    own = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in (error.headers or {}).items()]
    headers = (*own, (b"content-type", MEDIA_TYPE.encode()))
    return ProblemDocument(PROBLEMS[error.kind].status, headers, orjson.dumps(problem_body(error, request_id)))


def faults_of(errors: Sequence[Any]) -> list[Fault]:
    """Turn pydantic's findings into faults that say where and what, and never with which value."""
    return [_fault(error["loc"], str(error["type"]), _detail(error)) for error in errors]


def _detail(error: Mapping[str, Any]) -> str:
    if error["type"] == "string_pattern_mismatch":
        return form_of(error["ctx"]["pattern"])
    return _DETAILS.get(error["type"]) or plain(error["msg"])


def _fault(location: Sequence[Any], kind: str, detail: str) -> Fault:
    if location and location[0] in ("query", "path", "header"):
        name = str(location[1]) if len(location) > 1 else ""
        return {"parameter": name, "detail": _OF_PARAMETERS.get(kind, detail)}
    path = location[1:] if location and location[0] == "body" else location
    return {"pointer": _to_missing(path) if path and kind == _MISSING else pointer(path), "detail": detail}


_EXTRA, _MISSING = "extra_forbidden", "missing"
_DETAILS = {
    _EXTRA: "there is a member that is not known here",
    _MISSING: "this member is missing",
}
_OF_PARAMETERS = {
    _EXTRA: "this parameter is not known here",
    _MISSING: "this parameter is missing",
}


def _to_missing(path: Sequence[Any]) -> str:
    """Return a pointer to what is missing: its name is the schema's, not the sender's, such as OCPP's ``idTag``."""
    *parents, name = path
    above = pointer(parents)
    return f"{above}/{name}" if above.count("/") == len(parents) else above


def pointer(location: Sequence[Any]) -> str:
    """Return a JSON pointer (RFC 6901) that goes as deep as its names are surely none of the sender's secrets."""
    parts: list[str] = []
    for part in location:
        if not isinstance(part, int) and part not in NAMES_OF_OTHERS and not _SAFE_NAME.fullmatch(str(part)):
            break
        parts.append(f"/{part}")
    return "".join(parts)
