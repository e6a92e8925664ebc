"""Access foreseen: what kinds of vehicles would be answered over time, and where two policy trees differ in it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from policy_service.domain.access import AccessMode, VehicleClass
    from policy_service.domain.charger import AttributeValue


class Foreseen(StrEnum):
    """What a kind of vehicle would be answered, as far as its class and agreement alone tell."""

    ALLOWED = "allowed"
    ACCESS_DENIED = "access_denied"
    CONDITIONAL = "conditional"
    """Allowed where the vehicle's record meets a condition, else denied."""


class Requirement(NamedTuple):
    """A condition that the vehicle's record must meet, in view of one charger."""

    condition: str
    """As written."""
    given: tuple[tuple[str, AttributeValue], ...] = ()
    """The charger's values that it names, by full name."""


class Access(NamedTuple):
    """What holds at an instant for one charger and one kind of vehicle."""

    mode: AccessMode | None
    """None where no policy governs."""
    outcome: Foreseen
    when: tuple[Requirement, ...] = ()
    """Of a conditional outcome: any of these suffices."""


class Subject(NamedTuple):
    """A kind of vehicle: registered and in good standing, or unknown."""

    vehicle_class: VehicleClass
    agreement: str | None = None
    """An agreement's id, or the globs that some further agreements match; None beside class agreement: any other."""
    sample: str = ""
    """An agreement id that is matched by the same globs as those it stands for."""
    named: bool = False
    """``agreement`` is the id of one agreement."""


class AccessChange(NamedTuple):
    """In ``[start, end)``, epoch seconds, access differs; None stands for a charger that is not in the inventory."""

    start: int
    end: int
    before: Access | None
    after: Access | None


@dataclass(frozen=True, slots=True)
class Difference:
    """Chargers for which the same changes, and by how each kind of vehicle is concerned."""

    chargers: tuple[str, ...]
    timezone: str
    """The governing policy's: what people read is told by its clock."""
    changes: tuple[tuple[Subject, tuple[AccessChange, ...]], ...]
    """Of every subject, those without any change included; each change is as long as it can be."""
