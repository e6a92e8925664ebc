"""Local lists, wired: what hands them out, and the work that says when another one is due."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from policy_service.adapters.sql.identifiers import SqlIdentifiers
from policy_service.adapters.sql.leases import SqlLeases
from policy_service.adapters.sql.local_lists import SqlLocalLists
from policy_service.adapters.sql.mode_events import SqlModeEvents
from policy_service.application.commands.issue_local_list import IssueLocalList
from policy_service.application.local_lists.lists import Lists
from policy_service.application.local_lists.watching import ListWatch
from policy_service.application.process_lease import LISTS, ProcessLease

if TYPE_CHECKING:
    from policy_service.application.plan_holder import PlanHolder
    from policy_service.application.ports import Clock
    from policy_service.bootstrap.stores import Stores, Work
    from policy_service.settings import Settings


class OpenLists(NamedTuple):
    """What hands lists out, and the work in the background."""

    issue: IssueLocalList
    watching: Work


def open_lists(settings: Settings, plans: PlanHolder, stores: Stores, clock: Clock) -> OpenLists:
    """Wire what is about local lists."""
    database, lifetime_s = stores.database, settings.local_list_lifetime
    store, fingerprints = SqlLocalLists(database), stores.fingerprints
    identifiers = SqlIdentifiers(database)
    lists = Lists(plans, stores.watch, stores.snapshot, identifiers, fingerprints, clock, lifetime_s=lifetime_s)
    turn, events = ProcessLease(SqlLeases(database), clock, LISTS), SqlModeEvents(database)
    watch = ListWatch(lists, store, events, turn, plans, stores.watch, clock, lifetime_s=lifetime_s)
    issue = IssueLocalList(lists, store, stores.seal, clock, lifetime_s=lifetime_s)
    return OpenLists(issue, watch.keep_watching)
