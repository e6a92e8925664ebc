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
from policy_service.application.process_lease import WATCHING, ProcessLease
from policy_service.application.queries.adherence import AdherenceQuery
from policy_service.application.queries.charger_sync import ChargerSync
from policy_service.application.queries.chargers import Chargers
from policy_service.application.service import Modes
from policy_service.application.transitions.scheduler_watch import SchedulerWatch
from policy_service.bootstrap.local_lists import open_lists
from policy_service.bootstrap.switching import open_switching
from policy_service.bootstrap.transitions import scheduler_of
from policy_service.domain.mode_follow_up import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from policy_service.adapters.telemetry import Telemetry
    from policy_service.application.concerns import Concern
    from policy_service.application.plan_holder import PlanHolder
    from policy_service.application.ports import Clock, ReportedModes
    from policy_service.bootstrap.stores import Stores, Work
    from policy_service.settings import Settings


@dataclass(frozen=True, slots=True)
class OpenModes:
    """What the service is handed, the work in the background, and what operators must know of it."""

    modes: Modes
    background: Sequence[Work]
    concerns: Callable[[], Sequence[Concern]]


def open_modes(settings: Settings, stores: Stores, plans: PlanHolder, telemetry: Telemetry, clock: Clock) -> OpenModes:
    """Wire what is about modes."""
    database = stores.database
    reported, patience = SqlReportedModes(database), Patience(within_ms=settings.switch_within * 1000)
    sync = ChargerSync(reported, Chargers(plans), clock, patience)
    lists = open_lists(settings, plans, stores, clock)
    modes = Modes(
        SqlModeEvents(database),
        SqlDesiredModes(database),
        ReportMode(reported, plans, clock, telemetry, patience),
        sync,
        _adherence(settings, stores, reported, plans, clock),
        lists.issue,
        open_switching(plans),
    )
    lease = ProcessLease(SqlLeases(database), clock, WATCHING)
    watch = ModeWatch(reported, sync, plans, lease, clock, telemetry, patience)
    if settings.scheduler == "apart":
        others = SchedulerWatch(SqlLeases(database), telemetry)
        return OpenModes(modes, (others.keep_watching, watch.keep_watching, lists.watching), others.concerns)
    scheduler = scheduler_of(settings, database, stores.watch, plans, telemetry, clock)
    telling = scheduler.keep_lease, scheduler.keep_telling
    return OpenModes(modes, (*telling, watch.keep_watching, lists.watching), scheduler.concerns)


def _adherence(
    settings: Settings, stores: Stores, reported: ReportedModes, plans: PlanHolder, clock: Clock
) -> AdherenceQuery:
    history = SqlSwitchHistory(stores.database)
    on_time_s, within_s = settings.adherence_within, settings.switch_within
    return AdherenceQuery(history, reported, plans, clock, on_time_s=on_time_s, within_s=within_s)
