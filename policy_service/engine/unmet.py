"""What keeps a grant from a vehicle, where that is written, and the least that would have to differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from policy_service.domain.place import NOWHERE, Place
from policy_service.engine.conditions import vehicle_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.domain.charger import AttributeValue
    from policy_service.domain.registration import Registration
    from policy_service.engine.rules import CompiledGrant, Rule

_HOURS, _VEHICLE, _CHARGER, _AGREEMENT, _CLASS = range(5)
"""How far a vehicle is from a grant: which change is the least."""


class Unmet(NamedTuple):
    """A reason why a grant is not met."""

    distance: int
    text: str
    change: str
    """What would have to differ, in words that follow on "to allow"."""
    place: Place
    """Of the part of a condition that fails, else of the grant."""


def unmet(rule: Rule, grant: CompiledGrant, finding: Registration, at: int) -> Unmet | None:
    """Return what keeps the grant from the vehicle at the instant, None where it is met."""
    profile, written = finding.profile, grant.grant
    if profile.vehicle_class is not written.vehicle_class:
        change = f"write a grant to class {profile.vehicle_class}"
        return Unmet(_CLASS, f"the vehicle's class is {profile.vehicle_class}", change, written.place)
    if not grant.addresses(profile):
        change = f"let the grant be about agreement {profile.agreement} as well"
        return Unmet(_AGREEMENT, f"the agreement is {profile.agreement}", change, written.place)
    if grant.condition is not None and written.when is not None:
        values = {**rule.charger_values, **vehicle_values(profile, finding.vehicle)}
        failing = grant.condition.failing(values)
        if failing is not None:
            text = f"the condition fails at: {failing.text}"
            if failing.names:
                text += f" ({', '.join(f'{name} is {_shown(values[name])}' for name in failing.names)})"
            change = f"put {failing.absent} on record" if failing.absent else f"make this hold: {failing.text}"
            distance = _VEHICLE if failing.absent or _about_vehicle(failing.names) else _CHARGER
            return Unmet(distance, text, change, _within(written.when.place, failing.start, written.when.text))
    if grant.during and not any(source.between(at, at + 1) for source in grant.during):
        names = ", ".join(reference.schedule for reference in written.during)
        return Unmet(_HOURS, f"outside the hours of {names}", f"come within the hours of {names}", written.place)
    return None


def least(found: Sequence[Unmet]) -> Unmet | None:
    """Return what is nearest to being met; of equals the first."""
    return min(found, key=lambda each: each.distance, default=None)


def _about_vehicle(names: tuple[str, ...]) -> bool:
    return any(name.startswith("vehicle.") for name in names)


def _within(place: Place, offset: int, text: str) -> Place:
    """Return where a part of a condition stands; a text of several lines is told by its beginning."""
    return place if place == NOWHERE or "\n" in text[:offset] else place.shifted(offset)


def _shown(value: AttributeValue) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
