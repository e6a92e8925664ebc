"""Chargers: what stands in the yard, its labels and attributes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from policy_service.domain.place import NOWHERE, Place

if TYPE_CHECKING:
    from collections.abc import Mapping

AttributeValue: TypeAlias = str | float | bool
"""A declared attribute's value: string, number or boolean."""

OCPP_1_6, OCPP_2_0_1, OCPP_2_1 = PROTOCOLS = ("ocpp1.6", "ocpp2.0.1", "ocpp2.1")
"""What chargers speak."""

Protocol: TypeAlias = Literal["ocpp1.6", "ocpp2.0.1", "ocpp2.1"]
"""One of ``PROTOCOLS``, for the shapes of what comes from outside."""


@dataclass(frozen=True, slots=True)
class Charger:
    """One charger of the inventory; ``id`` is case-sensitive and unique across files and imports."""

    id: str
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict[str, AttributeValue])
    protocol: str | None = None
    profile: str | None = None
    synthetic_ids: tuple[str, ...] = ()
    """Normal forms of the tokens that this charger sends by itself while in freevend."""
    place: Place = field(default=NOWHERE, compare=False)
    source: str | None = None
    """Whose import it is; None where a policy file lists it."""
