"""The switching of chargers, wired."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.application.queries.charger_profiles import ChargerProfiles
from policy_service.application.queries.mode_commands import ModeCommands
from policy_service.application.switching import Switching

if TYPE_CHECKING:
    from policy_service.application.plan_holder import PlanHolder


def open_switching(plans: PlanHolder) -> Switching:
    """Return what answers about profiles and commands under the policies in force."""
    return Switching(ChargerProfiles(plans), ModeCommands(plans))
