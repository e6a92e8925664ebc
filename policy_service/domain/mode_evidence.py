"""Evidence of a charger's mode: what its variables say, and what may be kept of what a CSMS sends along."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from policy_service.domain.access import AccessMode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.domain.charger_profile import FreevendSwitch

WITHHELD = "withheld"
"""Stands where a value may be an identifier."""

_KEYS, _VALUES = ("key", "variable", "name"), ("value", "attributevalue")
"""How OCPP calls the members of a setting: 1.6 key and value, 2.x variable and attributeValue."""
_DEEPEST = 6
_LONGEST = 255
_NAMES_ONE = re.compile(r"id[_\s-]*(?:tag|token)|rfid|plug[_\s-]*and[_\s-]*charge[_\s-]*id|\btag|emaid|\bvin\b|uid\b", re.I)
_LOOKS_LIKE_ONE = re.compile(
    r"(?<![0-9A-Za-z])(?:VID:)?[0-9A-F]{2}(?:[:\s-]?[0-9A-F]{2}){3,}(?![0-9A-Za-z])", re.IGNORECASE
)


def mode_by(variables: Mapping[str, Any], switch: FreevendSwitch | None) -> AccessMode | None:
    """Return the mode that a charger's variables show; None where they do not say.

    A variable of OCPP 2.x is named with its component before a dot, or without.
    """
    if switch is None:
        return None
    names = {switch.key.lower()} | ({f"{switch.component}.{switch.key}".lower()} if switch.component else set())
    for name, value in variables.items():
        if name.lower() in names:
            shown = _written(value)
            if shown == switch.on.strip().lower():
                return AccessMode.FREEVEND
            if shown == switch.off.strip().lower():
                return AccessMode.MANAGED
    return None


def without_identifiers(evidence: Mapping[str, Any], switch: FreevendSwitch | None = None) -> dict[str, Any]:
    """Return evidence in which nothing can be an identifier: neither by what it is called nor by how it looks."""
    named = "" if switch is None or switch.id_tag_key is None else switch.id_tag_key.lower()
    return cast("dict[str, Any]", _cleaned(dict(evidence), named, _DEEPEST))


def _cleaned(value: object, named: str, depth: int) -> object:
    if isinstance(value, str):
        return _LOOKS_LIKE_ONE.sub(WITHHELD, _printable(value))[:_LONGEST]
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
        _printable(name)[:_LONGEST]: WITHHELD if _is_one(name, named) else _cleaned(each, named, depth - 1)
        for name, each in members.items()
    }


def _is_pair(members: Mapping[str, object], named: str) -> bool:
    """Tell whether an object names an identifier's variable, and its value beside it, as OCPP does."""
    return any(_is_one(str(each), named) for name, each in members.items() if name.lower() in _KEYS)


def _is_one(name: str, named: str) -> bool:
    return (bool(named) and named in name.lower()) or _NAMES_ONE.search(name) is not None


def _printable(text: str) -> str:
    return "".join(each for each in text if each.isprintable())


def _written(value: object) -> str:
    """Return a value as OCPP writes it, in lower case."""
    return str(value).strip().lower()
