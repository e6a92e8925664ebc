# ruff: noqa: INP001 - lies beside scripts, not in a package
"""What a CSMS reads in the answers to its orders: whether they were accepted, and what configuration really is.

`Accepted` says that an order arrived. What counts is read back, and even that is taken by its spelling's meaning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from sessions import at

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCEPTED, REBOOT_REQUIRED = "Accepted", "RebootRequired"
_BOOLEANS = {"true", "false"}


NO_ANSWER, GONE = "NoAnswer", "Gone"


class OrderFailedError(Exception):
    """A charger has not done as it was told: it is silent, or gone, or refused by the code of a CALLERROR."""


def statuses(answer: object) -> list[str]:
    """Return the statuses in an answer: one, or that of each variable."""
    results = at(answer, "setVariableResult") or at(answer, "getVariableResult")
    found = [at(each, "attributeStatus") for each in _listed(results)] if results else [at(answer, "status")]
    return [status for status in found if isinstance(status, str)]


def variables(answer: object) -> dict[str, str]:
    """Return configuration that was read back: by key in OCPP 1.6, by ``Component.Variable`` in 2.x."""
    old = {at(each, "key"): at(each, "value") for each in _listed(at(answer, "configurationKey"))}
    new = {
        f"{at(each, 'component', 'name')}.{at(each, 'variable', 'name')}": at(each, "attributeValue")
        for each in _listed(at(answer, "getVariableResult"))
        if at(each, "attributeStatus") == ACCEPTED
    }
    return {str(name): value for name, value in {**old, **new}.items() if isinstance(value, str)}


def means(expected: str, read: str | None) -> bool:
    """Tell whether a value is the expected one; chargers spell booleans in any case."""
    if read is None or expected.casefold() not in _BOOLEANS:
        return read == expected
    return read.casefold() == expected.casefold()


def missed(expected: Mapping[str, Any], read: Mapping[str, str]) -> dict[str, str | None]:
    """Return what differs from the expected values, as it was read; None where it could not be."""
    return {name: read.get(name) for name, value in expected.items() if not means(str(value), read.get(name))}


def _listed(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []
