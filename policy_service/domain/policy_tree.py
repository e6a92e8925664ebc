"""The whole of what operators committed, parsed and checked: the compiler's input."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policy_service.domain.policy import AttributeTypes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.domain.charger import Charger
    from policy_service.domain.charger_profile import ChargerProfile
    from policy_service.domain.policy import AccessPolicy, Calendar, Override, PolicyTest, Schedule


@dataclass(frozen=True, slots=True)
class PolicyTree:
    """Every document of a tree by kind; names are unique per kind, and every referenced name exists."""

    policies: tuple[AccessPolicy, ...] = ()
    """In document order: by file name, then by position in the file."""
    schedules: Mapping[str, Schedule] = field(default_factory=dict[str, "Schedule"])
    calendars: Mapping[str, Calendar] = field(default_factory=dict[str, "Calendar"])
    overrides: tuple[Override, ...] = ()
    attributes: AttributeTypes = field(default_factory=AttributeTypes)
    chargers: Mapping[str, Charger] = field(default_factory=dict[str, "Charger"])
    profiles: Mapping[str, ChargerProfile] = field(default_factory=dict[str, "ChargerProfile"])
    """The built-in ones, and the tree's own, which replace those of the same name."""
    built_in_profiles: str = ""
    """The version of the built-in ones."""
    tests: tuple[PolicyTest, ...] = ()
