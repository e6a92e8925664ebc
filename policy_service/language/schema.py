"""JSON Schemas of every kind of document, for editors and for whoever generates policy files."""

from __future__ import annotations

from typing import Any, TypeAlias, cast

from pydantic.json_schema import GenerateJsonSchema

from policy_service.language.kinds import KINDS

Schema: TypeAlias = dict[str, Any]

_DRAFT_07 = "http://json-schema.org/draft-07/schema#"
_HOME = "urn:policy-service:schemas:"


def schemas() -> dict[str, Schema]:
    """Return the schemas by file name: one a kind, one for any kind, and draft-07 copies in a folder of their own."""
    current = {f"{kind.schema}.v1.json": _schema(name) for name, kind in KINDS.items()}
    current["policy-file.v1.json"] = _any_kind()
    old = {f"draft-07/{name}": _draft_07(schema) for name, schema in current.items()}
    return {**current, **old}


def _schema(kind: str) -> Schema:
    raw = KINDS[kind].shape.model_json_schema(by_alias=True)
    schema = cast("Schema", _tidied(raw))
    name = f"{KINDS[kind].schema}.v1.json"
    return {"$schema": GenerateJsonSchema.schema_dialect, "$id": _HOME + name, **schema, "title": kind}


def _any_kind() -> Schema:
    definitions: Schema = {}
    choices: list[Schema] = []
    for kind in KINDS:
        schema = _schema(kind)
        definitions.update(schema.pop("$defs", {}))
        definitions[kind] = {key: value for key, value in schema.items() if key not in ("$schema", "$id")}
        choices.append({"$ref": f"#/$defs/{kind}"})
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        "$id": _HOME + "policy-file.v1.json",
        "title": "Policy file",
        "description": "Any document of a policy tree.",
        "oneOf": choices,
        "$defs": definitions,
    }


def _tidied(node: Any, *, names: bool = False) -> Any:  # noqa: ANN401 - JSON
    """Drop nulls that the format does not take, and titles; with ``names`` the keys are no keywords."""
    if isinstance(node, list):
        return [_tidied(item) for item in cast("list[object]", node)]
    if not isinstance(node, dict):
        return node
    schema = dict(cast("Schema", node))
    if names:
        return {key: _tidied(value) for key, value in schema.items()}
    nullable = bool(schema.pop("nullable", False))
    schema.pop("title", None)
    if schema.get("default", 0) is None:
        del schema["default"]
    choices = [choice for choice in schema.pop("anyOf", []) if nullable or choice != {"type": "null"}]
    if len(choices) == 1:
        schema = {**choices[0], **schema}
    elif choices:
        schema["anyOf"] = choices
    return {key: _tidied(value, names=key in ("properties", "$defs")) for key, value in schema.items()}


def _draft_07(schema: Schema) -> Schema:
    def older(node: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(node, list):
            return [older(item) for item in cast("list[object]", node)]
        if not isinstance(node, dict):
            return node.replace("#/$defs/", "#/definitions/") if isinstance(node, str) else node
        inner = {"definitions" if key == "$defs" else key: older(value) for key, value in cast("Schema", node).items()}
        if "$ref" in inner and len(inner) > 1:  # draft-07 ignores what stands beside a reference
            inner["allOf"] = [{"$ref": inner.pop("$ref")}]
        return inner

    copied = cast("Schema", older(schema))
    return {**copied, "$schema": _DRAFT_07, "$id": schema["$id"].replace("/schemas/", "/schemas/draft-07/")}
