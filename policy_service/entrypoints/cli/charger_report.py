"""What a charger says of itself, read from the messages of OCPP that were kept of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from policy_service.domain.charger_profile import ChargerReport
from policy_service.entrypoints.cli.failure import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FRAMES = (2, 3)
"""CALL and CALLRESULT of OCPP-J."""
_HELP = "give the charger's answer to GetConfiguration, or its NotifyReports, with or without its BootNotification"
_READABLE = ("Accepted", None)


def read_report(text: str) -> ChargerReport:
    """Read messages, each by itself or in its frame, in a list, or one after another. Raises CommandError."""
    keys: set[str] = set()
    vendor = model = None
    found = False
    for payload in _payloads(text):
        named = set(_names(payload))
        made = _make(payload)
        found = found or bool(named) or made is not None
        keys |= named
        vendor, model = made or (vendor, model)
    if not found:
        message = "nothing in the input tells of a charger"
        raise CommandError(message, _HELP)
    return ChargerReport(frozenset(keys), vendor, model)


def _payloads(text: str) -> Iterator[Mapping[str, Any]]:
    decoder, position, text = json.JSONDecoder(), 0, text.strip().removeprefix("\ufeff")
    while position < len(text):
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            line = text.count("\n", 0, position) + 1
            message = f"the input is no JSON from line {line} on"
            raise CommandError(message, _HELP) from None
        yield from _inside(value)
        while position < len(text) and text[position].isspace():
            position += 1


def _inside(value: object) -> Iterator[Mapping[str, Any]]:
    """Yield a payload, the payload of a frame, or those of a list."""
    if isinstance(value, dict):
        yield cast("dict[str, Any]", value)
    elif isinstance(value, list):
        items = cast("list[object]", value)
        parts = items[2:] if items and items[0] in _FRAMES else items
        for part in parts:
            yield from _inside(part)


def _names(payload: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys of a GetConfiguration's answer, or the variables of a report or of a GetVariables' answer."""
    for row in _rows(payload, "configurationKey"):
        if isinstance(row.get("key"), str):
            yield row["key"]
    for row in (*_rows(payload, "reportData"), *_rows(payload, "getVariableResult")):
        component, variable = _named(row, "component"), _named(row, "variable")
        if component and variable and row.get("attributeStatus") in _READABLE:
            yield f"{component}.{variable}"


def _rows(payload: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    rows = payload.get(name)
    if isinstance(rows, list):
        for row in cast("list[object]", rows):
            if isinstance(row, dict):
                yield cast("dict[str, Any]", row)


def _named(row: Mapping[str, Any], part: str) -> str | None:
    inner = row.get(part)
    name = cast("dict[str, Any]", inner).get("name") if isinstance(inner, dict) else None
    return name if isinstance(name, str) else None


def _make(payload: Mapping[str, Any]) -> tuple[str | None, str | None] | None:
    """Return vendor and model of a BootNotification; None where it is none."""
    station = payload.get("chargingStation")
    if isinstance(station, dict):
        inner = cast("dict[str, Any]", station)
        return _text(inner, "vendorName"), _text(inner, "model")
    if "chargePointVendor" in payload:
        return _text(payload, "chargePointVendor"), _text(payload, "chargePointModel")
    return None


def _text(payload: Mapping[str, Any], name: str) -> str | None:
    value = payload.get(name)
    return value if isinstance(value, str) else None
