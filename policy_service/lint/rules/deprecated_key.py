"""PS220: a key that the format keeps for the sake of older files."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from pydantic import BaseModel

from policy_service.language.kinds import KINDS
from policy_service.language.source import read
from policy_service.language.tree import At
from policy_service.lint.found import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.lint.linted import Linted


def find(linted: Linted) -> Iterator[Found]:
    """Yield keys whose shape is marked as deprecated; a format without any costs no second reading."""
    shapes = {kind: row.shape for kind, row in KINDS.items() if has_deprecated(row.shape)}
    for file, data in linted.sources.items() if shapes else ():
        for node in read(file, data).documents:
            at = At(file, node)
            kind = at.get("kind")
            if kind is not None and kind.text in shapes:
                yield from deprecated_keys(shapes[kind.text], at)


def has_deprecated(shape: type[BaseModel]) -> bool:
    """Tell whether a shape, or one inside it, has a deprecated key."""
    fields = shape.model_fields.values()
    return any(field.deprecated or any(map(has_deprecated, _shapes_in(field.annotation))) for field in fields)


def deprecated_keys(shape: type[BaseModel], at: At) -> Iterator[Found]:
    """Yield the deprecated keys that are written in a mapping of this shape, or below it."""
    for field in shape.model_fields.values():
        key = field.alias or ""
        value = at.get(key)
        if value is None:
            continue
        if field.deprecated:
            told = field.deprecated if isinstance(field.deprecated, str) else "leave it out"
            yield Found(at.key(key).place, f"`{key}` is deprecated", told, len(key))
        for inner in _shapes_in(field.annotation):
            for item in value.one_or_many():
                yield from deprecated_keys(inner, item)


def _shapes_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _shapes_in(part)
