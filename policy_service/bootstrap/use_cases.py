"""The use cases, wired: every port with its adapter, and each query and command with what it needs."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from policy_service.adapters.holiday_days import LibraryHolidays
from policy_service.adapters.packaged_profiles import packaged_profiles
from policy_service.adapters.sql.agreements import SqlAgreements
from policy_service.adapters.sql.audit import SqlAudit
from policy_service.adapters.sql.chargers import SqlChargers
from policy_service.adapters.sql.event_erasure import SqlEventErasure
from policy_service.adapters.sql.event_reader import SqlEventReader
from policy_service.adapters.sql.event_retention import SqlEventRetention
from policy_service.adapters.sql.feeds import SqlFeeds
from policy_service.adapters.sql.fingerprint_keys import SqlFingerprintKeys
from policy_service.adapters.sql.fleet_reports import SqlFleetReports
from policy_service.adapters.sql.identifiers import SqlIdentifiers
from policy_service.adapters.sql.imports import SqlImportLog
from policy_service.adapters.sql.leases import SqlLeases
from policy_service.adapters.sql.local_lists import SqlLocalLists
from policy_service.adapters.sql.overrides import SqlOverrides
from policy_service.adapters.sql.policy_archive import SqlPlanArchive
from policy_service.application.archive_keeping import ArchiveKeeping
from policy_service.application.audit_trail import AuditTrail
from policy_service.application.breaches import BreachWitness
from policy_service.application.commands.edit_agreements import AgreementEdits
from policy_service.application.commands.edit_identifiers import IdentifierEdits
from policy_service.application.commands.end_override import EndOverride
from policy_service.application.commands.enrol import Enrol
from policy_service.application.commands.expect_feed import ExpectFeed
from policy_service.application.commands.forget_identifier import ForgetIdentifier
from policy_service.application.commands.import_agreements import ImportAgreements
from policy_service.application.commands.import_chargers import ChargerCommands
from policy_service.application.commands.import_identifiers import ImportIdentifiers
from policy_service.application.commands.log_import import LoggedImport
from policy_service.application.commands.make_override import MakeOverride
from policy_service.application.commands.record_degraded import RecordDegraded
from policy_service.application.commands.rotate_fingerprints import RotateFingerprints
from policy_service.application.concerns import Concern, ConcernCode
from policy_service.application.decision_id import DecisionIds
from policy_service.application.event_retention import Retaining
from policy_service.application.feed_watch import FeedWatch
from policy_service.application.lookup import Lookup
from policy_service.application.ocpi.authorise_token import AuthoriseToken
from policy_service.application.ocpi.party import OcpiParty
from policy_service.application.ocpp.authorise import Authorise
from policy_service.application.plan_holder import PlanHolder
from policy_service.application.ports import StoreUnavailableError
from policy_service.application.process_lease import RETAINING, ProcessLease
from policy_service.application.queries.access_search import AccessSearch
from policy_service.application.queries.agreements import AgreementQueries
from policy_service.application.queries.audit import AuditQueries
from policy_service.application.queries.bundles import Bundles
from policy_service.application.queries.chargers import Chargers
from policy_service.application.queries.decide import RecordRules
from policy_service.application.queries.events import EventQueries
from policy_service.application.queries.explain import Explain
from policy_service.application.queries.explain_event import ExplainEvent
from policy_service.application.queries.feeds import FeedQueries
from policy_service.application.queries.finding import Findings
from policy_service.application.queries.fleet_reports import FleetReportQueries
from policy_service.application.queries.health import Health
from policy_service.application.queries.identifiers import IdentifierQueries
from policy_service.application.queries.imports import ImportQueries
from policy_service.application.queries.overrides import OverrideQueries
from policy_service.application.queries.past_plans import PastPlans
from policy_service.application.queries.policies import Policies
from policy_service.application.service import Service
from policy_service.bootstrap.door import Door
from policy_service.bootstrap.loading import open_loading
from policy_service.bootstrap.modes import OpenModes, open_modes
from policy_service.bootstrap.pushing import Pushing, open_pushing
from policy_service.bootstrap.recording import Recording, open_recording
from policy_service.bootstrap.stores import open_stores
from policy_service.bootstrap.tracing import open_tracing
from policy_service.domain.import_run import ImportKind
from policy_service.domain.policy import AttributeTypes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from contextlib import AsyncExitStack

    from policy_service.adapters.telemetry import Telemetry
    from policy_service.application.commands.reload_policies import ReloadPolicies
    from policy_service.application.ports import Clock
    from policy_service.application.queries.decide import Decide
    from policy_service.bootstrap.stores import Stores, Work
    from policy_service.bootstrap.tracing import Tracing
    from policy_service.settings import Settings


class Built(NamedTuple):
    """The service, what opens before it serves, and the work that keeps it current."""

    service: Service
    door: Door
    stores: Stores
    background: Sequence[Work]


class _Core(NamedTuple):
    """What most use cases need."""

    settings: Settings
    clock: Clock
    ids: DecisionIds
    plans: PlanHolder
    telemetry: Telemetry
    tracing: Tracing
    stores: Stores
    recording: Recording
    reload: ReloadPolicies
    door: Door
    feeds: FeedWatch
    rotate: RotateFingerprints
    pushing: Pushing
    modes: OpenModes


async def build(settings: Settings, stack: AsyncExitStack, clock: Clock) -> Built:
    """Build the service on a clock; what it holds open is closed with the stack.

    Raises StoreUnavailableError, OSError for a state directory that cannot be used, and ValueError for settings.
    """
    from policy_service.adapters.telemetry import Telemetry  # noqa: PLC0415 - see share_metrics()

    await asyncio.to_thread(settings.state_dir.mkdir, parents=True, exist_ok=True)
    plans = PlanHolder()
    ids, telemetry = DecisionIds(clock), Telemetry(plans, clock, log_denials=settings.log_denials)
    tracing = open_tracing(settings, stack)
    stores = await open_stores(settings, stack, clock, telemetry, tracing)
    database = stores.database
    recording = await open_recording(settings, stack, database, telemetry, tracing, clock)
    loading = open_loading(settings, database, stores.watch, plans, telemetry, clock)
    door = Door.at(settings, database, clock, ids)
    stack.push_async_callback(door.close)
    feeds = FeedWatch(SqlFeeds(database), clock, telemetry)
    rotate = RotateFingerprints(SqlFingerprintKeys(database), stores.fingerprints, stores.watch, clock)
    with suppress(StoreUnavailableError):  # learned later, as any rotation is
        await rotate.learn()
    pushing = open_pushing(settings, stack, stores, telemetry, clock, ids)
    modes = open_modes(settings, stores, plans, telemetry, clock)
    core = _Core(
        settings,
        clock,
        ids,
        plans,
        telemetry,
        tracing,
        stores,
        recording,
        loading.reload,
        door,
        feeds,
        rotate,
        pushing,
        modes,
    )
    background: tuple[Work, ...] = (
        *loading.background,
        *stores.background,
        recording.shipping.keep_shipping,
        rotate.follow,
        *door.works(stores.watch),
        feeds.keep_looking,
        *pushing.background,
        *modes.background,
    )
    service = _service(core)
    return Built(service, door, stores, (*background, service.forget.keep_promises, *_keeping(core)))


def _keeping(core: _Core) -> Sequence[Work]:
    """Return what keeps events and the plans that they refer to, for as long as the settings say."""
    database, clock = core.stores.database, core.clock
    archive, lease = SqlPlanArchive(database), ProcessLease(SqlLeases(database), clock, RETAINING)
    events, days = SqlEventRetention(database), core.settings.events_days
    retaining = Retaining(days, events, archive, lease, clock, core.telemetry)
    return retaining.keep, ArchiveKeeping(core.plans, archive, clock).keep


def _service(core: _Core) -> Service:
    clock, plans, reload, watch = core.clock, core.plans, core.reload, core.stores.watch
    database, recorded = core.stores.database, core.recording.shipping.flush
    identifiers, agreements, overrides = SqlIdentifiers(database), SqlAgreements(database), SqlOverrides(database)
    feeds, log, audit = SqlFeeds(database), SqlImportLog(database), SqlAudit(database)
    known_types, lookup = partial(_attribute_types, plans), Lookup(core.stores.fingerprints)
    findings = Findings(lookup, core.stores.registry, core.stores.throttle)
    edit_chargers = ChargerCommands(SqlChargers(database), watch, known_types, reload.objections)
    identifier_queries = IdentifierQueries(identifiers, lookup)
    edit_identifiers = IdentifierEdits(identifiers, watch, lookup, known_types)
    logged = partial(LoggedImport, log=log, clock=clock, ended=core.feeds.look)
    decide, chargers = _decide(core, findings), Chargers(plans)
    return Service(
        clock=clock,
        plans=plans,
        decide=decide,
        authorise=_authorise(core, decide),
        authorise_token=AuthoriseToken(plans, decide),
        ocpi_party=_ocpi_party(core.settings),
        access_search=AccessSearch(plans, chargers, lookup, core.stores.registry, identifiers, clock),
        public_url=core.settings.public_url.rstrip("/"),
        explain=Explain(plans, findings, clock, core.ids),
        bundles=_bundles(core),
        chargers=chargers,
        policies=_policies(core),
        reload=reload,
        health=_health(core),
        identifiers=identifier_queries,
        agreements=AgreementQueries(agreements),
        record_degraded=RecordDegraded(plans, lookup, core.recording.recorder, clock),
        events=EventQueries(SqlEventReader(database), recorded),
        explain_event=_explain_event(core, recorded),
        fleet_reports=_fleet_reports(core, recorded),
        outward=core.pushing.outward,
        webhooks=core.pushing.webhooks,
        manage_webhooks=core.pushing.manage,
        modes=core.modes.modes,
        overrides=OverrideQueries(overrides, plans, clock),
        imports=ImportQueries(log, clock),
        feeds=FeedQueries(feeds, clock),
        import_identifiers=logged(ImportKind.IDENTIFIERS, ImportIdentifiers(identifiers, watch, lookup, known_types)),
        import_agreements=logged(ImportKind.AGREEMENTS, ImportAgreements(agreements, watch)),
        import_chargers=logged(ImportKind.CHARGERS, edit_chargers.import_),
        expect_feed=ExpectFeed(feeds, core.feeds, clock),
        edit_identifiers=edit_identifiers,
        enrol=_enrol(core, edit_identifiers, identifier_queries),
        forget=_forget(core, lookup, identifier_queries),
        rotate_fingerprints=core.rotate,
        edit_agreements=AgreementEdits(agreements, watch),
        edit_chargers=edit_chargers,
        make_override=MakeOverride(overrides, plans, reload, watch, clock),
        end_override=EndOverride(overrides, plans, reload, watch, clock),
        callers=core.door.callers,
        audit_trail=AuditTrail(audit, clock, core.ids, core.telemetry),
        audit=AuditQueries(audit),
        metrics=core.telemetry,
        tracing=core.tracing.requests,
    )


def _authorise(core: _Core, decide: Decide) -> Authorise:
    told = core.settings
    return Authorise(
        core.plans, decide, core.clock, start_grace_s=told.start_grace, cache_age_s=told.charger_cache_max_age
    )


def _bundles(core: _Core) -> Bundles:
    told = core.settings
    return Bundles(
        core.plans,
        core.stores.snapshot,
        core.clock,
        start_grace_s=told.start_grace,
        charger_cache_s=told.charger_cache_max_age,
    )


def _ocpi_party(settings: Settings) -> OcpiParty:
    return OcpiParty(settings.ocpi_country_code, settings.ocpi_party_id, settings.ocpi_issuer)


def _decide(core: _Core, findings: Findings) -> Decide:
    recorder, rules = core.recording.recorder, _rules(core.settings)
    witness = BreachWitness(core.telemetry, core.modes.modes.report)
    return core.tracing.decide(core.plans, findings, recorder, core.clock, core.ids, witness, rules, core.stores.seal)


def _enrol(core: _Core, edits: IdentifierEdits, identifiers: IdentifierQueries) -> Enrol:
    database, recorded = core.stores.database, core.recording.shipping.flush
    events, erasure, window = SqlEventReader(database), SqlEventErasure(database), core.settings.enrol_window
    return Enrol(events, erasure, edits, identifiers, core.stores.seal, core.clock, window, recorded)


def _forget(core: _Core, lookup: Lookup, identifiers: IdentifierQueries) -> ForgetIdentifier:
    erasure, lists = SqlEventErasure(core.stores.database), SqlLocalLists(core.stores.database)
    recorded, window = core.recording.shipping.flush, core.settings.enrol_window
    return ForgetIdentifier(erasure, lookup, identifiers, core.clock, window, recorded, lists)


def _policies(core: _Core) -> Policies:
    archive = SqlPlanArchive(core.stores.database)
    return Policies(core.plans, LibraryHolidays(), packaged_profiles(), core.clock, core.settings.ungoverned, archive)


def _explain_event(core: _Core, recorded: Callable[[], Awaitable[None]]) -> ExplainEvent:
    database = core.stores.database
    past = PastPlans(core.plans, SqlPlanArchive(database), LibraryHolidays(), packaged_profiles(), core.clock)
    told = core.settings
    window, grace = told.pin_attempts_window, told.start_grace
    return ExplainEvent(SqlEventReader(database), past, recorded, pin_window=window, start_grace_s=grace)


def _fleet_reports(core: _Core, recorded: Callable[[], Awaitable[None]]) -> FleetReportQueries | None:
    reports = SqlFleetReports(core.stores.database)
    return FleetReportQueries(reports, recorded) if core.settings.reports else None


def _health(core: _Core) -> Health:
    registry, recording = core.stores.registry, core.recording

    def database() -> str:
        return "up" if registry.available and not recording.shipping.failing else "down"

    def concerns() -> Sequence[Concern]:
        return (
            *(Concern(ConcernCode.LOOKUPS_LIMITED, each) for each in registry.consequences()),
            *recording.concerns(),
            *(Concern(ConcernCode.IMPORT_OVERDUE, each) for each in core.feeds.problems()),
            *core.modes.concerns(),
        )

    return Health(core.plans, core.clock, {"database": database, "redis": core.stores.redis_state}, concerns)


def _rules(settings: Settings) -> RecordRules:
    share = settings.record_allowed_share if settings.record_allowed else 0.0
    return RecordRules(freevend=settings.record_freevend, sealed=settings.enrol_window > 0, allowed_share=share)


def _attribute_types(plans: PlanHolder) -> AttributeTypes:
    tree = plans.state.tree
    return AttributeTypes() if tree is None else tree.attributes
