"""Evidence of a charger's mode: what its variables say, and what may be kept of what a CSMS sends along."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from policy_service.domain.access import AccessMode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from policy_service.domain.charger_profile import FreevendSwitch

WITHHELD = "withheld"
"""Stands where a value may be an identifier."""

_KEYS, _VALUES = ("key", "variable", "name"), ("value", "attributevalue")
"""How OCPP calls the members of a setting: 1.6 key and value, 2.x variable and attributeValue."""
_DEEPEST = 6
_LONGEST = 255
_NAMES_ONE = re.compile(
    r"id[_\s-]*(?:tag|token)|rfid|plug[_\s-]*and[_\s-]*charge[_\s-]*id|\btag|emaid|\bvin\b|uid\b", re.IGNORECASE
)
_LOOKS_LIKE_ONE = re.compile(
    r"(?<![0-9A-Za-z])(?:VID:)?[0-9A-F]{2}(?:[:\s-]?[0-9A-F]{2}){3,}(?![0-9A-Za-z])", re.IGNORECASE
)


def mode_by(variables: Mapping[str, Any], switches: Iterable[FreevendSwitch]) -> AccessMode | None:
    """Return the mode that a charger's variables show; None where they do not say.

    A variable of OCPP 2.x is named with its component before a dot, or without.
    """
    said = {name.lower(): _written(value) for name, value in variables.items()}
    for switch in switches:
        for mode in AccessMode:
            setting = switch.setting(mode)
            if _written(setting.value) in (said.get(setting.name.lower()), said.get(setting.key.lower())):
                return mode
    return None


def without_identifiers(evidence: Mapping[str, Any], switches: Iterable[FreevendSwitch] = ()) -> dict[str, Any]:
    """Return evidence in which nothing can be an identifier: neither by what it is called nor by how it looks."""
    named = tuple(switch.id_tag_key.lower() for switch in switches if switch.id_tag_key)
    return cast("dict[str, Any]", _cleaned(dict(evidence), named, _DEEPEST))


def _cleaned(value: object, named: Sequence[str], depth: int) -> object:
    if isinstance(value, str):
        return _text(value)
    if not isinstance(value, dict | list):
        return value
    if not depth:
        return WITHHELD
    if isinstance(value, list):
        return [_cleaned(each, named, depth - 1) for each in cast("list[object]", value)]
    members = cast("dict[str, object]", value)
    if _is_pair(members, named):
        members = {name: WITHHELD if name.lower() in _VALUES else each for name, each in members.items()}
    return {
        _text(name): WITHHELD if _is_one(name, named) else _cleaned(each, named, depth - 1)
        for name, each in members.items()
    }


def _is_pair(members: Mapping[str, object], named: Sequence[str]) -> bool:
    """Tell whether an object names an identifier's variable, and its value beside it, as OCPP does."""
    return any(_is_one(str(each), named) for name, each in members.items() if name.lower() in _KEYS)


def _is_one(name: str, named: Sequence[str]) -> bool:
    return any(each in name.lower() for each in named) or _NAMES_ONE.search(name) is not None


def _text(text: str) -> str:
    return _LOOKS_LIKE_ONE.sub(WITHHELD, _printable(text))[:_LONGEST]


def _printable(text: str) -> str:
    return "".join(each for each in text if each.isprintable())


def _written(value: object) -> str:
    """Return a value as OCPP writes it, in lower case."""
    return str(value).strip().lower()
