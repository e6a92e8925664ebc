"""How chargers are brought into their mode: what their models can do, and what to send them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from policy_service.application.queries.charger_profiles import ChargerProfiles
    from policy_service.application.queries.mode_commands import ModeCommands


class Switching(NamedTuple):
    """The queries about it."""

    profiles: ChargerProfiles
    commands: ModeCommands
