"""The modes of chargers, wired: what they are told, what is heard of them, and the work that keeps the two together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policy_service.adapters.sql.desired_modes import SqlDesiredModes
from policy_service.adapters.sql.mode_events import SqlModeEvents
from policy_service.application.service import Modes
from policy_service.bootstrap.local_lists import open_lists
from policy_service.bootstrap.transitions import scheduler_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from policy_service.adapters.telemetry import Telemetry
    from policy_service.application.plan_holder import PlanHolder
    from policy_service.application.ports import Clock
    from policy_service.bootstrap.stores import Stores, Work
    from policy_service.settings import Settings


@dataclass(frozen=True, slots=True)
class OpenModes:
    """What the service is handed, the work in the background, and what operators must know of it."""

    modes: Modes
    background: Sequence[Work]
    concerns: Callable[[], Sequence[str]]


def open_modes(settings: Settings, stores: Stores, plans: PlanHolder, telemetry: Telemetry, clock: Clock) -> OpenModes:
    """Wire what is about modes."""
    database = stores.database
    lists = open_lists(settings, plans, stores, clock)
    modes = Modes(SqlModeEvents(database), SqlDesiredModes(database), lists.issue)
    if settings.scheduler == "apart":
        return OpenModes(modes, (lists.watching,), tuple)
    scheduler = scheduler_of(settings, database, stores.watch, plans, telemetry, clock)
    return OpenModes(modes, (scheduler.keep_telling, lists.watching), scheduler.concerns)
