"""The description of the API: request bodies, problems and the statuses of each route."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from policy_service.domain.caller import Scope
from policy_service.entrypoints.http.permissions import PERMISSIONS
from policy_service.entrypoints.http.problems import MEDIA_TYPE, PROBLEMS, problem_for
from policy_service.entrypoints.http.response_headers import describe_headers, references
from policy_service.entrypoints.http.wire import ProblemReply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import FastAPI
    from pydantic import BaseModel

_BEARER = "bearer"
_REFUSALS = (401, 403)
_ONCE = Lock()
_REF = "#/components/schemas/{model}"
_BODIES: dict[str, type[BaseModel]] = {"ProblemReply": ProblemReply}

DESCRIPTION = (
    "Access decisions for shared EV depot chargers on recurring schedules: freevend or managed, allowed or denied, "
    "and why. A denial is a decision and answered with 200; errors are problem documents (RFC 9457)."
)


def takes_json(shape: type[BaseModel], **examples: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    """Describe a JSON body of the shape, for ``openapi_extra``."""
    _BODIES[shape.__name__] = shape
    content: dict[str, Any] = {"schema": {"$ref": _REF.format(model=shape.__name__)}}
    if examples:
        content["examples"] = {name: {"value": value} for name, value in examples.items()}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


def may_take_json(shape: type[BaseModel], **examples: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    """Describe a JSON body that may be left out."""
    described = takes_json(shape, **examples)
    described["requestBody"]["required"] = False
    return described


def replies(
    shape: type[Any] | None,
    *problems: int,
    success: int = 200,
    description: str = "OK",
    headers: Sequence[str] = (),
) -> dict[int | str, Any]:
    """Describe what a route answers: one shape with headers, and problems by status; 503 comes from anywhere."""
    described: dict[int | str, Any] = {status: _problem(status) for status in (*problems, 503)}
    described[success] = {"description": description, **references(*headers)}
    if shape is not None:
        described[success]["model"] = shape
    return described


BODY = (400, 413, 415, 422)
"""What a route with a JSON body may answer."""


def _problem(status: int) -> dict[str, Any]:
    return {
        "description": PROBLEMS[problem_for(status)].title,
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="ProblemReply")}}},
    }


def _tell_who_may_call(document: dict[str, Any]) -> None:
    """Let each operation ask for a key and answer those who bring none, as the table of permissions has it."""
    document["components"]["securitySchemes"] = {
        _BEARER: {"type": "http", "scheme": "bearer", "description": "An API key, or a token of the configured issuer."}
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            permission = PERMISSIONS.get((method.upper(), path))
            if permission is None or not permission.scopes:
                continue
            operation["security"] = [{_BEARER: []}]
            refusals = {str(status): _problem(status) for status in _REFUSALS}
            operation["responses"] = dict(sorted({**refusals, **operation["responses"]}.items()))
            scopes = " or ".join(f"`{scope}`" for scope in Scope if scope in permission.scopes)
            operation["description"] = f"{operation.get('description', '')} Needs the scope {scopes}.".strip()


def _forget_what_is_told_otherwise(document: dict[str, Any]) -> None:
    """Take away the answer to bad parameters that the framework describes where a route does not."""
    for operations in document["paths"].values():
        for operation in operations.values():
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document, made once: by a thread, as that takes most of a second."""
    with _ONCE:
        return app.openapi_schema or _made(app)


def _made(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, tags=app.openapi_tags
    )
    _, bodies = models_json_schema([(shape, "validation") for shape in _BODIES.values()], ref_template=_REF)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name, schema in bodies.get("$defs", {}).items():
        schemas.setdefault(name, schema)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    _forget_what_is_told_otherwise(document)
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    _tell_who_may_call(document)
    describe_headers(document)
    app.openapi_schema = document
    return document
