"""The loading of policies, wired: what reads them, and the work that keeps what is in force current."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from policy_service.adapters.holiday_days import LibraryHolidays
from policy_service.adapters.last_good_tree import FileLastGoodTree
from policy_service.adapters.packaged_profiles import packaged_profiles
from policy_service.adapters.policy_files import DirectoryPolicyFiles
from policy_service.adapters.sql.chargers import SqlChargers
from policy_service.adapters.sql.overrides import SqlOverrides
from policy_service.application.commands.reload_policies import ReloadPolicies
from policy_service.application.keeping import follow_changes, follow_clock, follow_files, roll_on

if TYPE_CHECKING:
    from policy_service.adapters.sql.engine import Database
    from policy_service.adapters.telemetry import Telemetry
    from policy_service.application.plan_holder import PlanHolder
    from policy_service.application.ports import Clock
    from policy_service.application.version_watch import VersionWatch
    from policy_service.bootstrap.stores import Work
    from policy_service.settings import Settings


class Loading(NamedTuple):
    """What loads policies in one process."""

    reload: ReloadPolicies
    background: tuple[Work, ...]


def open_loading(
    settings: Settings, database: Database, watch: VersionWatch, plans: PlanHolder, telemetry: Telemetry, clock: Clock
) -> Loading:
    """Wire what puts policies in force, whichever process it is."""
    files = DirectoryPolicyFiles(settings.policies, interval=settings.reload_interval)
    reload = ReloadPolicies(
        plans,
        files,
        FileLastGoodTree(settings.state_dir),
        SqlChargers(database),
        SqlOverrides(database),
        LibraryHolidays(),
        packaged_profiles(),
        clock,
        settings.ungoverned,
        telemetry,
    )
    following = partial(follow_files, files, reload), partial(follow_changes, watch, reload)
    return Loading(reload, (*following, partial(follow_clock, clock, reload), partial(roll_on, reload)))
