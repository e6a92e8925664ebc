"""Version 1 of the API: one module a resource."""

from typing import TYPE_CHECKING

from policy_service.entrypoints.http.v1 import (
    adherence,
    agreements,
    audit,
    breaches,
    bundle,
    charger_profiles,
    chargers,
    citrineos,
    decisions,
    degraded_events,
    event_explanation,
    event_reports,
    event_stream,
    events,
    feeds,
    identifiers,
    imports,
    local_lists,
    mode_events,
    ocpp,
    overrides,
    policies,
    privacy,
    reported,
    reports,
    transitions,
    webhooks,
)

if TYPE_CHECKING:
    from fastapi import APIRouter


def routers() -> "tuple[APIRouter, ...]":
    """Return the routers in the order of the documentation."""
    return (
        decisions.router,
        ocpp.router,
        bundle.router,
        citrineos.router,
        chargers.router,
        reported.router,
        local_lists.router,
        charger_profiles.router,
        transitions.router,
        mode_events.router,
        adherence.router,
        overrides.router,
        identifiers.router,
        agreements.router,
        imports.router,
        feeds.router,
        event_stream.router,
        event_reports.router,
        degraded_events.router,
        events.router,
        event_explanation.router,
        reports.router,
        webhooks.router,
        breaches.router,
        privacy.router,
        policies.router,
        audit.router,
    )
