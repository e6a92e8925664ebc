"""The scheduler of transitions, wired: inside the service, or as a process of its own on the same database."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from policy_service.adapters.no_redis import NoSignal
from policy_service.adapters.sql.access_marks import SqlAccessMarks
from policy_service.adapters.sql.desired_modes import SqlDesiredModes
from policy_service.adapters.sql.engine import database_at
from policy_service.adapters.sql.leases import SqlLeases
from policy_service.adapters.sql.mode_events import SqlModeEvents
from policy_service.adapters.sql.schema import upgrade
from policy_service.adapters.sql.versions import SqlVersionStore
from policy_service.application.decision_id import DecisionIds
from policy_service.application.plan_holder import PlanHolder
from policy_service.application.process_lease import MODES, ProcessLease
from policy_service.application.queries.health import Health
from policy_service.application.transitions.cache_clearing import CacheClearing
from policy_service.application.transitions.scheduler import TransitionScheduler
from policy_service.application.version_watch import VersionWatch
from policy_service.bootstrap.door import Door
from policy_service.bootstrap.loading import open_loading

if TYPE_CHECKING:
    from contextlib import AsyncExitStack

    from policy_service.adapters.sql.engine import Database
    from policy_service.adapters.telemetry import Telemetry
    from policy_service.application.callers import Callers
    from policy_service.application.ports import Clock
    from policy_service.application.service import Metrics
    from policy_service.bootstrap.stores import Work
    from policy_service.settings import Settings


def scheduler_of(
    settings: Settings, database: Database, watch: VersionWatch, plans: PlanHolder, telemetry: Telemetry, clock: Clock
) -> TransitionScheduler:
    """Wire the scheduler of this process."""
    clearing = CacheClearing(
        SqlModeEvents(database),
        SqlAccessMarks(database),
        watch,
        clock,
        telemetry,
        remembered_s=settings.charger_cache_max_age,
    )
    lease = ProcessLease(SqlLeases(database), clock, MODES)
    desired = SqlDesiredModes(database)
    return TransitionScheduler(plans, desired, clearing, lease, clock, telemetry, lead_s=settings.transition_lead)


class Scheduling(NamedTuple):
    """A process that tells chargers their modes, and does nothing else but to say how it is."""

    health: Health
    metrics: Metrics
    callers: Callers
    background: tuple[Work, ...]


async def open_scheduling(settings: Settings, stack: AsyncExitStack, clock: Clock) -> Scheduling:
    """Wire such a process, its policies loaded; what it opens is closed with the stack.

    Raises BrokenTreeError, StoreUnavailableError, OSError, and ValueError for settings.
    """
    from policy_service.adapters.telemetry import Telemetry  # noqa: PLC0415 - see share_metrics()

    await asyncio.to_thread(settings.state_dir.mkdir, parents=True, exist_ok=True)
    plans = PlanHolder()
    telemetry = Telemetry(plans, clock, log_denials=False)
    database = database_at(settings.database)
    stack.push_async_callback(database.close)
    database.on_failure = telemetry.database_failed
    await upgrade(database)
    watch = VersionWatch(SqlVersionStore(database), NoSignal(), clock)

    def tell() -> None:
        telemetry.stores_are({"database": watch.available}, snapshot_age_s=0)
        telemetry.connections_are(*database.connections)

    watch.on_look(tell)
    await watch.look()
    door = Door.at(settings, database, clock, DecisionIds(clock))
    at_the_door: tuple[Work, ...] = ()
    if settings.scheduler_port is not None:
        await door.open(settings)
        stack.push_async_callback(door.close)
        at_the_door = tuple(door.works(watch))
    loading = open_loading(settings, database, watch, plans, telemetry, clock)
    await loading.reload.start()
    scheduler = scheduler_of(settings, database, watch, plans, telemetry, clock)
    stores = {"database": lambda: "up" if watch.available else "down"}
    return Scheduling(
        Health(plans, clock, stores, scheduler.concerns),
        telemetry,
        door.callers,
        (*loading.background, watch.keep_looking, *at_the_door, scheduler.keep_lease, scheduler.keep_telling),
    )
