"""Agreements: which fleets may share the depot's chargers, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policy_service.domain.selector import Selector


class AgreementStatus(StrEnum):
    """A suspended agreement admits none of its vehicles."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Agreement:
    """An agreement with a fleet. Validity is half-open, ``[valid_from, valid_to)``, in epoch seconds."""

    id: str
    fleet: str
    valid_from: int | None = None
    valid_to: int | None = None
    status: AgreementStatus = AgreementStatus.ACTIVE
    chargers: Selector | None = None
    source: str = "http"
