"""Vehicles of a policy test: its cases may name the ones it declares, and anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.language.convert_records import UNKNOWN
from policy_service.language.wording import finding, quoted, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.domain.diagnostic import Diagnostic
    from policy_service.language.tree import At


def vehicles_named(spec: At) -> Iterator[Diagnostic]:
    """Tell every case whose vehicle the test does not declare."""
    vehicles = spec.get("vehicles")
    known = frozenset[str]() if vehicles is None else vehicles.keys
    if vehicles is not None and UNKNOWN in known:
        place = vehicles.key(UNKNOWN)
        yield finding("PS014", place.place, "`unknown` is anybody and cannot be declared", "choose another name", 7)
    for case in spec.values("cases"):
        vehicle = case.get("vehicle")
        if vehicle is not None and vehicle.text and vehicle.text != UNKNOWN and vehicle.text not in known:
            help_text = suggestion(vehicle.text, [*known, UNKNOWN], "declare it under `spec.vehicles`")
            message = f"no vehicle {quoted(vehicle.text)} in this test"
            yield finding("PS104", vehicle.place, message, help_text, vehicle.length)
