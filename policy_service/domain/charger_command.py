"""What a CSMS sends to a charger so that it enters a mode: requests of OCPP, in order, and what has to be read back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from policy_service.domain.charger_profile import Fallback, Reboot

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Command:
    """One request, as it goes over the wire."""

    action: str
    payload: Mapping[str, Any]
    expect: Mapping[str, str] | None = None
    """What must be read back, by ``Key`` or ``Component.Variable``; truth values whatever their case."""


@dataclass(frozen=True, slots=True)
class CommandSequence:
    """How a charger gets into a mode."""

    supported: bool
    """Whether the model can be switched over the charger's protocol."""
    commands: tuple[Command, ...] = ()
    reboot: Reboot = Reboot.NEVER
    reset: Command | None = None
    """What makes it start anew; None where that is never needed."""
    readable: bool = True
    """Whether what was switched can be read back."""

    @property
    def fallback(self) -> Fallback | None:
        """Return what stands in where the charger cannot be switched."""
        return None if self.supported else Fallback.ACCEPT_ALL_IN_FREEVEND
