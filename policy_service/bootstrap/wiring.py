"""The service, wired: every port with its adapter, and what keeps it current."""

from __future__ import annotations

import asyncio
import os
import shutil
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import structlog

from policy_service.adapters.holiday_days import LibraryHolidays
from policy_service.adapters.last_good_tree import FileLastGoodTree
from policy_service.adapters.policy_files import DirectoryPolicyFiles
from policy_service.adapters.secret_fingerprints import SecretFingerprints
from policy_service.adapters.sql.agreements import SqlAgreements
from policy_service.adapters.sql.chargers import SqlChargers
from policy_service.adapters.sql.engine import database_at
from policy_service.adapters.sql.events import SqlEvents
from policy_service.adapters.sql.feeds import SqlFeeds
from policy_service.adapters.sql.identifiers import SqlIdentifiers
from policy_service.adapters.sql.imports import SqlImportLog
from policy_service.adapters.sql.overrides import SqlOverrides
from policy_service.adapters.sql.schema import upgrade
from policy_service.adapters.sql.secret import generated_secret
from policy_service.adapters.sql.versions import SqlVersionStore
from policy_service.adapters.system_clock import SystemClock
from policy_service.application.commands.edit_agreements import AgreementEdits
from policy_service.application.commands.edit_identifiers import IdentifierEdits
from policy_service.application.commands.end_override import EndOverride
from policy_service.application.commands.expect_feed import ExpectFeed
from policy_service.application.commands.import_agreements import ImportAgreements
from policy_service.application.commands.import_chargers import ChargerCommands
from policy_service.application.commands.import_identifiers import ImportIdentifiers
from policy_service.application.commands.log_import import LoggedImport
from policy_service.application.commands.make_override import MakeOverride
from policy_service.application.commands.record_decision import DecisionRecorder
from policy_service.application.commands.reload_policies import BrokenTreeError, ReloadPolicies
from policy_service.application.decision_id import DecisionIds
from policy_service.application.feed_watch import FeedWatch
from policy_service.application.keeping import follow_changes, follow_files, roll_on
from policy_service.application.lookup import Lookup
from policy_service.application.pin_throttle import SlidingWindowThrottle
from policy_service.application.plan_holder import PlanHolder
from policy_service.application.ports import StoreUnavailableError
from policy_service.application.queries.agreements import AgreementQueries
from policy_service.application.queries.chargers import Chargers
from policy_service.application.queries.decide import Decide, RecordRules
from policy_service.application.queries.events import EventQueries
from policy_service.application.queries.explain import Explain
from policy_service.application.queries.feeds import FeedQueries
from policy_service.application.queries.finding import Findings
from policy_service.application.queries.health import Health
from policy_service.application.queries.identifiers import IdentifierQueries
from policy_service.application.queries.imports import ImportQueries
from policy_service.application.queries.overrides import OverrideQueries
from policy_service.application.queries.policies import Policies
from policy_service.application.registry import Registry
from policy_service.application.service import Service
from policy_service.domain.import_run import ImportKind
from policy_service.domain.policy import AttributeTypes
from policy_service.engine.zone import use_pinned_zone_data
from policy_service.language.render import render

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from policy_service.adapters.sql.engine import Database
    from policy_service.application.plan_holder import PlanState
    from policy_service.application.ports import PolicyFiles, VersionStore
    from policy_service.settings import Settings

__all__ = ["BrokenTreeError", "StartError", "kept_up", "prepare", "rehearse", "rendered", "running", "share_metrics"]

_PAUSE_S = 1.0
"""How long work in the background rests after it has failed."""
_log = structlog.get_logger("policy_service.bootstrap")


class StartError(Exception):
    """The service cannot start; the message says what to do about it."""


def prepare(settings: Settings) -> None:
    """Set the process up: zone data and logs."""
    use_pinned_zone_data()
    from policy_service.adapters.telemetry import configure_logs  # noqa: PLC0415 - see share_metrics()

    configure_logs(settings.log_level, settings.log_format)


def share_metrics(settings: Settings) -> None:
    """Let the worker processes to come put their metrics together; what a run before left is wiped.

    The variable is read when prometheus_client is first imported, so in the workers, and not in this process.
    """
    directory = settings.state_dir / "metrics"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)


def rendered(state: PlanState) -> str:
    """Return the diagnostics of a tree that cannot be served, as text."""
    if state.unreadable is not None:
        hint = "--policies or POLICY_SERVICE_POLICIES names the directory of the policy files"
        return f"error: {state.unreadable}\n  help: {hint}\n"
    return render(state.diagnostics, state.sources)


async def rehearse(settings: Settings) -> None:
    """Bring everything up and down again once, before worker processes do. Raises BrokenTreeError and StartError."""
    async with running(settings):
        pass


@asynccontextmanager
async def running(settings: Settings) -> AsyncGenerator[Service]:
    """Build the service, keep it current while the context is open, and flush what waits on leaving.

    Raises BrokenTreeError and StartError.
    """
    async with AsyncExitStack() as stack:
        try:
            built = await _build(settings, stack)
        except StoreUnavailableError as error:
            message = f"error: {error}; see POLICY_SERVICE_DATABASE_URL"
            raise StartError(message) from error
        except ValueError as error:
            message = f"error: {error}"
            raise StartError(message) from error
        except OSError as error:
            message = (
                f"error: the state directory cannot be used ({type(error).__name__}); see POLICY_SERVICE_STATE_DIR"
            )
            raise StartError(message) from error
        await built.registry.refresh()
        await built.service.reload.start()
        for work in (
            partial(follow_files, built.files, built.service.reload),
            partial(follow_changes, built.versions, built.service.reload),
            partial(roll_on, built.service.reload),
            built.registry.keep_fresh,
            built.feeds.keep_looking,
        ):
            stack.push_async_callback(_end, asyncio.create_task(kept_up(work)))
        yield built.service


async def kept_up(work: Callable[[], Awaitable[None]], *, pause_s: float = _PAUSE_S) -> None:
    """Run work that never ends by itself; should a defect end it, say so and begin it anew.

    A service that went on with policies or a registry that nobody keeps current would look as sound as ever.
    """
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - whatever it was, the work has to go on
            name = getattr(getattr(work, "func", work), "__name__", "")
            _log.error(
                "work in the background failed and begins anew", work=name, **{"error.type": type(error).__qualname__}
            )
        await asyncio.sleep(pause_s)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


class _Built(NamedTuple):
    """The service, and what has to be kept current around it."""

    service: Service
    files: PolicyFiles
    registry: Registry
    versions: VersionStore
    feeds: FeedWatch


async def _build(settings: Settings, stack: AsyncExitStack) -> _Built:
    from policy_service.adapters.telemetry import Telemetry  # noqa: PLC0415 - see share_metrics()

    await asyncio.to_thread(settings.state_dir.mkdir, parents=True, exist_ok=True)
    database = database_at(settings.database)
    stack.push_async_callback(database.close)
    await upgrade(database)
    clock, plans = SystemClock(), PlanHolder()
    ids = DecisionIds(clock)
    telemetry = Telemetry(plans, clock)
    recorder = await stack.enter_async_context(DecisionRecorder(SqlEvents(database), telemetry))
    lookup = Lookup(SecretFingerprints(await _secret(settings, database)))
    identifiers, agreements, chargers = SqlIdentifiers(database), SqlAgreements(database), SqlChargers(database)
    overrides, versions, holidays = SqlOverrides(database), SqlVersionStore(database), LibraryHolidays()
    registry = Registry(identifiers, versions)
    files = DirectoryPolicyFiles(settings.policies, interval=settings.reload_interval)
    last_good = FileLastGoodTree(settings.state_dir)
    reload = ReloadPolicies(
        plans, files, last_good, chargers, overrides, holidays, clock, settings.ungoverned, telemetry
    )
    throttle = SlidingWindowThrottle(clock, attempts=settings.pin_attempts, window=settings.pin_attempts_window)
    findings = Findings(lookup, registry, throttle)
    attribute_types = partial(_attribute_types, plans)
    rules = RecordRules(freevend=settings.record_freevend, allowed=settings.record_allowed)
    feeds, log = SqlFeeds(database), SqlImportLog(database)
    watch = FeedWatch(feeds, clock, telemetry)
    identifier_import = ImportIdentifiers(identifiers, registry, lookup, attribute_types)
    edit_chargers = ChargerCommands(chargers, attribute_types, reload.objections)
    logged = partial(LoggedImport, log=log, clock=clock, ended=watch.look)

    def database_state() -> str:
        return "up" if registry.available and not recorder.failing else "down"

    service = Service(
        clock=clock,
        plans=plans,
        decide=Decide(plans, findings, recorder, clock, ids, telemetry, rules),
        explain=Explain(plans, findings, clock, ids),
        chargers=Chargers(plans),
        policies=Policies(plans, holidays, clock, settings.ungoverned),
        reload=reload,
        health=Health(plans, clock, {"database": database_state, "redis": lambda: "off"}, watch.problems),
        identifiers=IdentifierQueries(identifiers, lookup),
        agreements=AgreementQueries(agreements),
        events=EventQueries(SqlEvents(database)),
        overrides=OverrideQueries(overrides, plans, clock),
        imports=ImportQueries(log, clock),
        feeds=FeedQueries(feeds, clock),
        import_identifiers=logged(ImportKind.IDENTIFIERS, identifier_import),
        import_agreements=logged(ImportKind.AGREEMENTS, ImportAgreements(agreements, registry)),
        import_chargers=logged(ImportKind.CHARGERS, edit_chargers.import_),
        expect_feed=ExpectFeed(feeds, watch, clock),
        edit_identifiers=IdentifierEdits(identifiers, registry, lookup, attribute_types),
        edit_agreements=AgreementEdits(agreements, registry),
        edit_chargers=edit_chargers,
        make_override=MakeOverride(overrides, plans, reload, clock),
        end_override=EndOverride(overrides, reload, clock),
        metrics=telemetry,
    )
    return _Built(service, files, registry, versions, watch)


def _attribute_types(plans: PlanHolder) -> AttributeTypes:
    tree = plans.state.tree
    return AttributeTypes() if tree is None else tree.attributes


async def _secret(settings: Settings, database: Database) -> bytes:
    if settings.secret is not None:
        return settings.secret.get_secret_value().encode()
    _log.warning("POLICY_SERVICE_SECRET is not set: the key of PIN hashes lies in the database beside them")
    return await generated_secret(database)
