"""The table of permissions: which scope each route needs, what it changes, and who is kept to a part of it."""

from dataclasses import dataclass

from policy_service.domain.caller import Scope

DEFAULT_SOURCE = "http"
"""The import source of records that come without one."""


@dataclass(frozen=True, slots=True)
class Permission:
    """One route's row."""

    scopes: frozenset[Scope]
    """One of them is needed; none at all: the route is open to everybody."""
    changes: bool = False
    """A call that succeeds leaves an audit entry."""
    by_charger: bool = False
    """A caller bound to labels may call; what it gets is kept to its chargers."""
    by_source: bool = False
    """A caller bound to an import source may call, naming that source."""
    by_fleet: bool = False
    """A caller bound to a fleet may call; what it gets is about its fleet."""


def _needs(*scopes: Scope, by_charger: bool = False) -> Permission:
    return Permission(frozenset(scopes), by_charger=by_charger)


def _changes(*scopes: Scope, by_charger: bool = False, by_source: bool = False) -> Permission:
    return Permission(frozenset(scopes), changes=True, by_charger=by_charger, by_source=by_source)


_OPEN = Permission(frozenset())
_ANY_KEY = Permission(frozenset(Scope), by_charger=True, by_source=True, by_fleet=True)
_ADMIN = _needs(Scope.ADMIN)
_CHANGE_ALL = _changes(Scope.ADMIN)
_REPORT = Permission(frozenset({Scope.REPORT}), by_fleet=True)
_DECIDE = _needs(Scope.DECIDE, by_charger=True)
_BUNDLE = _needs(Scope.BUNDLE, by_charger=True)
_DEGRADED = _needs(Scope.DEGRADED, by_charger=True)
_LISTS = _changes(Scope.LISTS, by_charger=True)
_READ = _needs(Scope.READ)
_READ_CHARGERS = _needs(Scope.READ, by_charger=True)
_COMMAND = _needs(Scope.DECIDE, Scope.READ, by_charger=True)
_OPERATE = _changes(Scope.OPERATE)
_OVERRIDE = _changes(Scope.OPERATE, by_charger=True)
_RECORD = _changes(Scope.OPERATE, Scope.IMPORT)
_FOLLOW_IMPORTS = _needs(Scope.READ, Scope.IMPORT)
_IMPORT = _changes(Scope.IMPORT)
_IMPORT_SOURCE = _changes(Scope.IMPORT, by_source=True)

PERMISSIONS: dict[tuple[str, str], Permission] = {
    ("POST", "/v1/decide"): _DECIDE,
    ("POST", "/v1/decide/batch"): _DECIDE,
    ("POST", "/v1/ocpp/1.6/{charger_id}/authorize"): _DECIDE,
    ("POST", "/v1/ocpp/1.6/{charger_id}/start-transaction"): _DECIDE,
    ("POST", "/v1/ocpp/2.0.1/{charger_id}/authorize"): _DECIDE,
    ("POST", "/v1/ocpp/2.0.1/{charger_id}/transaction-event"): _DECIDE,
    ("POST", "/v1/ocpp/2.1/{charger_id}/authorize"): _DECIDE,
    ("POST", "/v1/ocpp/2.1/{charger_id}/transaction-event"): _DECIDE,
    ("GET", "/v1/bundle"): _BUNDLE,
    ("POST", "/v1/citrineos/authorize"): _DECIDE,
    ("POST", "/ocpi/2.2.1/tokens/{token_uid}/authorize"): _DECIDE,
    ("POST", "/ocpi/2.3.0/tokens/{token_uid}/authorize"): _DECIDE,
    ("POST", "/access/v1/evaluation"): _DECIDE,
    ("POST", "/access/v1/evaluations"): _DECIDE,
    ("POST", "/access/v1/search/subject"): _DECIDE,
    ("POST", "/access/v1/search/resource"): _DECIDE,
    ("POST", "/access/v1/search/action"): _DECIDE,
    ("GET", "/.well-known/authzen-configuration"): _ANY_KEY,
    ("POST", "/v1/explain"): _READ_CHARGERS,
    ("GET", "/v1/chargers"): _READ_CHARGERS,
    ("POST", "/v1/chargers/import"): _IMPORT,
    ("GET", "/v1/chargers/{charger_id}"): _READ_CHARGERS,
    ("PUT", "/v1/chargers/{charger_id}"): _RECORD,
    ("DELETE", "/v1/chargers/{charger_id}"): _RECORD,
    ("GET", "/v1/chargers/{charger_id}/mode"): _READ_CHARGERS,
    ("GET", "/v1/chargers/{charger_id}/schedule"): _READ_CHARGERS,
    ("PUT", "/v1/chargers/{charger_id}/reported"): _DECIDE,
    ("GET", "/v1/chargers/{charger_id}/reported"): _COMMAND,
    ("GET", "/v1/adherence"): _READ_CHARGERS,
    ("GET", "/v1/chargers/{charger_id}/local-auth-list"): _LISTS,
    ("GET", "/v1/chargers/{charger_id}/commands"): _COMMAND,
    ("GET", "/v1/charger-profiles"): _COMMAND,
    ("GET", "/v1/charger-profiles/{profile}"): _COMMAND,
    ("GET", "/v1/transitions"): _READ_CHARGERS,
    ("GET", "/v1/transitions/events"): _READ_CHARGERS,
    ("GET", "/v1/transitions/stream"): _READ_CHARGERS,
    ("POST", "/v1/overrides"): _OVERRIDE,
    ("GET", "/v1/overrides"): _READ_CHARGERS,
    ("GET", "/v1/overrides/{override_id}"): _READ_CHARGERS,
    ("DELETE", "/v1/overrides/{override_id}"): _OVERRIDE,
    ("GET", "/v1/identifiers"): _READ,
    ("POST", "/v1/identifiers/import"): _IMPORT_SOURCE,
    ("POST", "/v1/identifiers/lookup"): _READ,
    ("GET", "/v1/identifiers/{record_id}"): _READ,
    ("PUT", "/v1/identifiers/{record_id}"): _RECORD,
    ("DELETE", "/v1/identifiers/{record_id}"): _RECORD,
    ("GET", "/v1/agreements"): _READ,
    ("POST", "/v1/agreements/import"): _IMPORT_SOURCE,
    ("GET", "/v1/agreements/{agreement_id}"): _READ,
    ("PUT", "/v1/agreements/{agreement_id}"): _RECORD,
    ("DELETE", "/v1/agreements/{agreement_id}"): _RECORD,
    ("GET", "/v1/imports"): _FOLLOW_IMPORTS,
    ("GET", "/v1/imports/{import_id}"): _FOLLOW_IMPORTS,
    ("GET", "/v1/sources"): _FOLLOW_IMPORTS,
    ("GET", "/v1/sources/{kind}/{source}"): _FOLLOW_IMPORTS,
    ("PUT", "/v1/sources/{kind}/{source}"): _OPERATE,
    ("POST", "/v1/breaches"): _DECIDE,
    ("POST", "/v1/events/degraded"): _DEGRADED,
    ("GET", "/v1/events"): _READ_CHARGERS,
    ("GET", "/v1/events/stream"): _READ_CHARGERS,
    ("GET", "/v1/events/summary"): _READ_CHARGERS,
    ("GET", "/v1/events/match"): _READ_CHARGERS,
    ("GET", "/v1/events/{decision_id}"): _READ_CHARGERS,
    ("GET", "/v1/events/{decision_id}/explanation"): _READ_CHARGERS,
    ("POST", "/v1/events/{decision_id}/enrol"): _OPERATE,
    ("POST", "/v1/events/forget"): _CHANGE_ALL,
    ("POST", "/v1/fingerprint-keys"): _CHANGE_ALL,
    ("GET", "/v1/webhooks"): _ADMIN,
    ("POST", "/v1/webhooks"): _CHANGE_ALL,
    ("GET", "/v1/webhooks/{webhook_id}"): _ADMIN,
    ("PATCH", "/v1/webhooks/{webhook_id}"): _CHANGE_ALL,
    ("DELETE", "/v1/webhooks/{webhook_id}"): _CHANGE_ALL,
    ("POST", "/v1/webhooks/{webhook_id}/rotate-secret"): _CHANGE_ALL,
    ("POST", "/v1/webhooks/{webhook_id}/test"): _CHANGE_ALL,
    ("GET", "/v1/webhooks/{webhook_id}/dead-letters"): _ADMIN,
    ("POST", "/v1/webhooks/{webhook_id}/dead-letters/retry"): _CHANGE_ALL,
    ("GET", "/v1/reports/fleets/{fleet}"): _REPORT,
    ("GET", "/v1/policies"): _READ,
    ("POST", "/v1/policies/validate"): _READ,
    ("POST", "/v1/policies/diff"): _READ,
    ("POST", "/v1/policies/reload"): _OPERATE,
    ("GET", "/v1/policies/{name}"): _READ,
    ("GET", "/v1/audit"): _ADMIN,
    ("GET", "/health/live"): _OPEN,
    ("HEAD", "/health/live"): _OPEN,
    ("GET", "/health/ready"): _OPEN,
    ("HEAD", "/health/ready"): _OPEN,
    ("GET", "/metrics"): _READ,
    ("HEAD", "/metrics"): _READ,
    ("GET", "/openapi.json"): _ANY_KEY,
    ("GET", "/docs"): _ANY_KEY,
    ("GET", "/docs/docs.js"): _ANY_KEY,
    ("GET", "/docs/docs.css"): _ANY_KEY,
}
