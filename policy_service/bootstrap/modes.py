"""The modes of chargers, wired: what they are told, what is heard of them, and the work that keeps the two together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policy_service.adapters.sql.desired_modes import SqlDesiredModes
from policy_service.adapters.sql.mode_events import SqlModeEvents
from policy_service.application.service import Modes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.adapters.sql.engine import Database
    from policy_service.bootstrap.stores import Work


@dataclass(frozen=True, slots=True)
class OpenModes:
    """What the service is handed, and the work in the background."""

    modes: Modes
    background: Sequence[Work]


def open_modes(database: Database) -> OpenModes:
    """Wire what is about modes."""
    return OpenModes(Modes(SqlModeEvents(database), SqlDesiredModes(database)), ())
