"""Everything the service does, put together: what its doors are handed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from policy_service.application.audit_trail import AuditTrail
    from policy_service.application.callers import Callers
    from policy_service.application.commands.edit_agreements import AgreementEdits
    from policy_service.application.commands.edit_identifiers import IdentifierEdits
    from policy_service.application.commands.end_override import EndOverride
    from policy_service.application.commands.enrol import Enrol
    from policy_service.application.commands.expect_feed import ExpectFeed
    from policy_service.application.commands.forget_identifier import ForgetIdentifier
    from policy_service.application.commands.import_chargers import ChargerCommands
    from policy_service.application.commands.issue_local_list import IssueLocalList
    from policy_service.application.commands.log_import import LoggedImport
    from policy_service.application.commands.make_override import MakeOverride
    from policy_service.application.commands.manage_webhooks import ManageWebhooks
    from policy_service.application.commands.record_degraded import RecordDegraded
    from policy_service.application.commands.reload_policies import ReloadPolicies
    from policy_service.application.commands.report_mode import ReportMode
    from policy_service.application.commands.rotate_fingerprints import RotateFingerprints
    from policy_service.application.ocpi.authorise_token import AuthoriseToken
    from policy_service.application.ocpi.party import OcpiParty
    from policy_service.application.ocpp.authorise import Authorise
    from policy_service.application.plan_holder import PlanHolder
    from policy_service.application.ports import Clock, DesiredModes, ModeEventFeed
    from policy_service.application.queries.access_search import AccessSearch
    from policy_service.application.queries.adherence import AdherenceQuery
    from policy_service.application.queries.agreements import AgreementQueries
    from policy_service.application.queries.audit import AuditQueries
    from policy_service.application.queries.bundles import Bundles
    from policy_service.application.queries.charger_sync import ChargerSync
    from policy_service.application.queries.chargers import Chargers
    from policy_service.application.queries.decide import Decide
    from policy_service.application.queries.event_stream import EventStream
    from policy_service.application.queries.events import EventQueries
    from policy_service.application.queries.explain import Explain
    from policy_service.application.queries.explain_event import ExplainEvent
    from policy_service.application.queries.feeds import FeedQueries
    from policy_service.application.queries.fleet_reports import FleetReportQueries
    from policy_service.application.queries.health import Health
    from policy_service.application.queries.identifiers import IdentifierQueries
    from policy_service.application.queries.imports import ImportQueries
    from policy_service.application.queries.mode_events import ModeEventQueries
    from policy_service.application.queries.overrides import OverrideQueries
    from policy_service.application.queries.policies import Policies
    from policy_service.application.queries.webhooks import WebhookQueries
    from policy_service.application.switching import Switching
    from policy_service.application.tracing import RequestTracing
    from policy_service.domain.events import AccessEvent
    from policy_service.domain.mode_events import ModeEvent


class Metrics(Protocol):
    """What is measured of requests, and its exposition."""

    def asked(self) -> None:
        """Take notice of a request that has come; ``answered`` follows, however it ends."""
        ...

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Take notice of an answered request; ``route`` is the template, never the path."""
        ...

    def seconds_of(self, method: str, route: str, status: int) -> Callable[[float], None]:
        """Return what takes notice of requests that are answered in the turn in which they come, by their seconds.

        ``asked`` does not go before.
        """
        ...

    def exposition(self) -> tuple[bytes, str]:
        """Return the metrics of all workers and their media type."""
        ...


@dataclass(frozen=True, slots=True)
class Modes:
    """What chargers are told and what is heard of them."""

    events: ModeEventFeed
    desired: DesiredModes
    report: ReportMode
    sync: ChargerSync
    adherence: AdherenceQuery
    issue_list: IssueLocalList
    switching: Switching


@dataclass(frozen=True, slots=True)
class Outward:
    """What goes out as it comes: each feed for who follows it."""

    access: EventStream[AccessEvent]
    modes: EventStream[ModeEvent]
    mode_events: ModeEventQueries
    """What went out of the feed of modes."""
    source: str
    """What events on their way out name this service by."""


@dataclass(frozen=True, slots=True)
class Service:
    """The use cases, ready to be called."""

    clock: Clock
    plans: PlanHolder
    decide: Decide
    authorise: Authorise
    authorise_token: AuthoriseToken
    ocpi_party: OcpiParty
    access_search: AccessSearch
    public_url: str
    """Where others reach the service; empty where that is not set."""
    explain: Explain
    bundles: Bundles
    chargers: Chargers
    policies: Policies
    reload: ReloadPolicies
    health: Health
    identifiers: IdentifierQueries
    agreements: AgreementQueries
    record_degraded: RecordDegraded
    events: EventQueries
    explain_event: ExplainEvent
    fleet_reports: FleetReportQueries | None
    outward: Outward
    webhooks: WebhookQueries
    manage_webhooks: ManageWebhooks
    modes: Modes
    overrides: OverrideQueries
    imports: ImportQueries
    feeds: FeedQueries
    import_identifiers: LoggedImport
    import_agreements: LoggedImport
    import_chargers: LoggedImport
    expect_feed: ExpectFeed
    edit_identifiers: IdentifierEdits
    enrol: Enrol
    forget: ForgetIdentifier
    rotate_fingerprints: RotateFingerprints
    edit_agreements: AgreementEdits
    edit_chargers: ChargerCommands
    make_override: MakeOverride
    end_override: EndOverride
    callers: Callers
    audit_trail: AuditTrail
    audit: AuditQueries
    metrics: Metrics
    tracing: RequestTracing
