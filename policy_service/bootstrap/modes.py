"""The modes of chargers, wired: what they are told, what is heard of them, and the work that keeps the two together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policy_service.adapters.sql.desired_modes import SqlDesiredModes
from policy_service.adapters.sql.leases import SqlLeases
from policy_service.adapters.sql.mode_events import SqlModeEvents
from policy_service.adapters.sql.reported_modes import SqlReportedModes
from policy_service.adapters.sql.switch_history import SqlSwitchHistory
from policy_service.application.commands.report_mode import ReportMode
from policy_service.application.mode_watch import ModeWatch
from policy_service.application.push_lease import PushLease
from policy_service.application.queries.adherence import AdherenceQuery
from policy_service.application.queries.charger_sync import ChargerSync
from policy_service.application.queries.chargers import Chargers
from policy_service.application.service import Modes
from policy_service.domain.mode_follow_up import Patience

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.adapters.sql.engine import Database
    from policy_service.adapters.telemetry import Telemetry
    from policy_service.application.plan_holder import PlanHolder
    from policy_service.application.ports import Clock
    from policy_service.bootstrap.stores import Work
    from policy_service.settings import Settings

WATCHING = "mode watch"
"""The lease of who lets retries fall due."""


@dataclass(frozen=True, slots=True)
class OpenModes:
    """What the service is handed, and the work in the background."""

    modes: Modes
    background: Sequence[Work]


def open_modes(
    settings: Settings, database: Database, clock: Clock, plans: PlanHolder, telemetry: Telemetry
) -> OpenModes:
    """Wire what is about modes."""
    reported, patience = SqlReportedModes(database), Patience(within_ms=settings.switch_within * 1000)
    report = ReportMode(reported, plans, clock, telemetry, patience)
    sync = ChargerSync(reported, Chargers(plans), clock, patience)
    adherence = AdherenceQuery(
        SqlSwitchHistory(database),
        reported,
        plans,
        clock,
        on_time_s=settings.adherence_within,
        within_s=settings.switch_within,
    )
    lease = PushLease(SqlLeases(database), clock, name=WATCHING)
    watch = ModeWatch(reported, sync, plans, lease, clock, telemetry, patience)
    modes = Modes(SqlModeEvents(database), SqlDesiredModes(database), report, sync, adherence)
    return OpenModes(modes, (watch.keep_watching,))
