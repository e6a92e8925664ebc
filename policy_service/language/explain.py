"""What a shape does not accept, in the house's words and at its place: pydantic's findings never show through."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias, cast, get_args

from pydantic import BaseModel

from policy_service.language.document import MAX_WINDOWS
from policy_service.language.tree import At, MappingNode, ScalarNode
from policy_service.language.wording import finding, listed, nearest, quoted, suggestion
from policy_service.language.written import shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from policy_service.domain.diagnostic import Diagnostic

Path: TypeAlias = tuple[str | int, ...]

_CHOICE = re.compile("'([^']*)'")
_NULLABLE = ("expect", "window")
_EXPECTED = {
    "string_type": "text",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "list_type": "a list",
    "enum": "text",
    "literal_error": "text",
}
_INSTEAD = {
    "text": "write one value",
    "a mapping": "write `key: value`, a line each and indented, or between braces",
    "a list": "write the items in brackets, or one a line behind `- `",
}
_NO_VALUE = "write a value, or leave the key out"
_VALUE_HELP = {
    ("class", "unknown"): "a grant is for known vehicles; let unknown ones charge in mode `freevend`",
    ("mode", "unmanaged"): "did you mean `freevend`?",
}


def explained(model: type[BaseModel], document: At, error: ValidationError, *, nulls: bool) -> Iterator[Diagnostic]:
    """Translate everything that the shape does not accept; empty values only where ``nulls`` says so."""
    for detail in error.errors(include_url=False):
        path = tuple(detail["loc"])
        translate = _TRANSLATIONS.get(detail["type"], _not_accepted)
        at = document.follow(path)
        if path[-1:] == ("vehicle",) and "identifier" in document.follow(path[:-1]).keys:
            continue  # what is told of the identifier says what to write instead
        if nulls or detail["type"] == "missing" or not _is_null(at):
            yield translate(model, document, path, detail)


def empty_values(at: At, parent: str = "") -> Iterator[Diagnostic]:
    """Tell every key and every item of a list that was written without a value."""
    if not isinstance(at.node, MappingNode):
        for item in at.items():
            if _is_null(item):
                message = f"an item of {quoted(parent)} has no value"
                yield finding("PS013", item.place, message, "write a value, or leave the item out", item.length)
            yield from empty_values(item, parent)
        return
    for key, (written, value) in at.node.entries.items():
        if not isinstance(value, ScalarNode):
            yield from empty_values(At(at.file, value), key)
        elif value.text is None and (parent, key) != _NULLABLE:
            alone = value.column == written.column + written.length  # not even a colon, as for `b` in `{a: 1, b, c: 2}`
            help_text = "if the comma before it belongs to a text, quote the whole text" if alone else _NO_VALUE
            at_key = At(at.file, written)
            yield finding("PS013", at_key.place, f"{quoted(key)} has no value", help_text, at_key.length)


def _is_null(at: At) -> bool:
    return isinstance(at.node, ScalarNode) and at.node.text is None


def _where(path: Path) -> str:
    """Return how a message names what stands at a path: by the last key on the way to it."""
    if path[-1:] == ("[key]",):
        return f"a key of {_where(path[:-2])}"
    keys = [step for step in path if isinstance(step, str) and step]
    return quoted(keys[-1]) if keys else "the document"


def _missing(model: type[BaseModel], document: At, path: Path, _: ErrorDetails) -> Diagnostic:
    parent = document.follow(path[:-1])
    key = str(path[-1])
    help_text = _description(model, path)
    inside = [step for step in path[:-1] if isinstance(step, str) and step]
    message = f"missing key {quoted(key)}" + (f" in {quoted(inside[-1])}" if inside else "")
    return finding("PS012", parent.place, message, help_text)


def _unknown_key(model: type[BaseModel], document: At, path: Path, _: ErrorDetails) -> Diagnostic:
    key = str(path[-1])
    at = document.follow(path[:-1]).key(key)
    known = list(_keys(model, path[:-1]))
    if key == "identifier" and "vehicle" in known:
        help_text = "name a vehicle of the test under `vehicle`; identifiers come from imports only"
        return finding("PS017", at.place, "an identifier cannot stand in a policy file", help_text, at.length)
    parent = document.follow(path[:-1])
    free = [name for name in known if parent.get(name) is None]
    all_known = f"known keys: {listed(known, 'and')}" if known else None
    near = suggestion(key, free, all_known)
    hint = f"{near} {all_known}" if "expect" in path and near != all_known else near
    return finding("PS011", at.place, f"unknown key {quoted(key)}", hint, at.length)


def _wrong_type(_: type[BaseModel], document: At, path: Path, detail: ErrorDetails) -> Diagnostic:
    at = document.follow(path)
    expected = _EXPECTED[detail["type"]]
    message = f"{_where(path)} must be {expected}, not {shape(detail['input'])}"
    return finding("PS013", at.place, message, _INSTEAD[expected], at.length)


def _choice(model: type[BaseModel], document: At, path: Path, detail: ErrorDetails) -> Diagnostic:
    if not isinstance(detail["input"], str):
        return _wrong_type(model, document, path, detail)
    at = _value_or_key(document, path)
    text = detail["input"]
    choices = _CHOICE.findall(str(detail.get("ctx", {}).get("expected", "")))
    key = next((str(step) for step in reversed(path) if isinstance(step, str) and step != "[key]"), "")
    match = nearest(text, choices)
    otherwise = f"write {listed(choices)}" if choices else None
    help_text = _VALUE_HELP.get((key, text), f"did you mean {quoted(match)}?" if match else otherwise)
    where = "" if path[-1] == "[key]" else f" for {quoted(key)}"
    return finding("PS014", at.place, f"{quoted(text)} is not accepted{where}", help_text, at.length)


def _refused(_: type[BaseModel], document: At, path: Path, detail: ErrorDetails) -> Diagnostic:
    context = cast("Mapping[str, Any]", detail.get("ctx", {}))
    at = document.follow(path)
    offset = int(context["offset"])
    place = at.text_place.shifted(offset) if offset and "\n" not in (at.text or "")[:offset] else at.place
    return finding(str(context["code"]), place, str(context["message"]), context["help"], max(1, at.length - offset))


def _pattern(_: type[BaseModel], document: At, path: Path, detail: ErrorDetails) -> Diagnostic:
    at = _value_or_key(document, path)
    pattern = str(detail.get("ctx", {}).get("pattern", ""))
    text = quoted(str(detail["input"]))
    for opening, what, help_text in _PATTERNS:
        if pattern.startswith(opening):
            return finding("PS014", at.place, f"{text} {what}", help_text, at.length)
    return finding("PS014", at.place, f"{text} holds characters that do not print", "write it without them", at.length)


_PATTERNS = (
    ("^[a-z0-9]", "is not accepted as a name", "use lower-case letters, digits and hyphens, at most 100"),
    ("^[A-Za-z_]", "is not accepted as an attribute's name", "use letters, digits and underscores, at most 63"),
    ("^(?:[A-Za-z]{2,8}", "is no language tag", "write it like `en` or `de-AT`"),
)


def _too_long(_: type[BaseModel], document: At, path: Path, detail: ErrorDetails) -> Diagnostic:
    at = _value_or_key(document, path)
    limit = detail.get("ctx", {}).get("max_length", MAX_WINDOWS)
    if detail["type"] == "string_too_long":
        return finding("PS014", at.place, f"{_where(path)} has more than {limit} characters", "shorten it")
    return finding("PS005", at.place, f"{_where(path)} has more than {limit} items", "spread them over several")


def _too_short(_: type[BaseModel], document: At, path: Path, __: ErrorDetails) -> Diagnostic:
    at = _value_or_key(document, path)
    return finding(
        "PS014", at.place, f"{_where(path)} cannot be empty", "write a value, or leave the key out", at.length
    )


def _not_accepted(_: type[BaseModel], document: At, path: Path, __: ErrorDetails) -> Diagnostic:
    at = document.follow(path)
    return finding("PS014", at.place, f"the value of {_where(path)} is not accepted", "see its schema", at.length)


def _value_or_key(document: At, path: Path) -> At:
    if path[-1] == "[key]":
        return document.follow(path[:-2]).key(str(path[-2]))
    return document.follow(path)


def _shape_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """Return the shape that stands at a path, None where no mapping of fixed keys does."""
    for step in path:
        if isinstance(step, int):
            continue
        field = next((field for field in model.model_fields.values() if field.alias == step), None)
        inner = None if field is None else _model_in(field.annotation)
        if field is None:
            continue  # a free key, such as a vehicle's name
        if inner is None:
            return None
        model = inner
    return model


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part)) is not None), None)


def _keys(model: type[BaseModel], path: Path) -> Iterator[str]:
    shape_there = _shape_at(model, path)
    if shape_there is not None:
        yield from (field.alias for field in shape_there.model_fields.values() if field.alias is not None)


def _description(model: type[BaseModel], path: Path) -> str | None:
    shape_there = _shape_at(model, path[:-1])
    fields = () if shape_there is None else shape_there.model_fields.values()
    text = next((field.description for field in fields if field.alias == path[-1]), None)
    return None if text is None else text[0].lower() + text[1:].rstrip(".")


_TRANSLATIONS: dict[str, Callable[[type[BaseModel], At, Path, ErrorDetails], Diagnostic]] = {
    "missing": _missing,
    "extra_forbidden": _unknown_key,
    "string_type": _wrong_type,
    "model_type": _wrong_type,
    "model_attributes_type": _wrong_type,
    "dict_type": _wrong_type,
    "list_type": _wrong_type,
    "literal_error": _choice,
    "enum": _choice,
    "refused": _refused,
    "string_pattern_mismatch": _pattern,
    "too_long": _too_long,
    "string_too_long": _too_long,
    "too_short": _too_short,
    "string_too_short": _too_short,
}
