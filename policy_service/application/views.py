"""What clients see of records: an identifier only masked and as a fingerprint, instants as texts."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from policy_service.domain.events import EventType
from policy_service.domain.instant import format_instant, format_instant_ms
from policy_service.domain.span import format_span

if TYPE_CHECKING:
    from policy_service.application.lookup import Lookup
    from policy_service.domain.agreement import Agreement
    from policy_service.domain.api_key import ApiKey
    from policy_service.domain.audit import AuditEntry
    from policy_service.domain.charger import Charger
    from policy_service.domain.events import AccessEvent
    from policy_service.domain.feed import Feed
    from policy_service.domain.identifier import IdentifierRecord
    from policy_service.domain.import_run import ImportRun
    from policy_service.domain.made_override import MadeOverride
    from policy_service.domain.mode_events import ModeEvent
    from policy_service.domain.policy import Grant, Texts
    from policy_service.domain.selector import Selector
    from policy_service.domain.webhook import DeadLetter, EventChoice, Webhook

_MS = 1000


def identifier_view(record: IdentifierRecord, lookup: Lookup) -> dict[str, Any]:
    """Return the public view of an identifier record."""
    masked, fingerprint = lookup.record_traces(record)
    return {
        "id": record.id,
        "identifier_masked": masked,
        "identifier_fingerprint": fingerprint,
        "type": str(record.type),
        "class": str(record.vehicle_class),
        "vehicle": record.vehicle,
        "fleet": record.fleet,
        "agreement": record.agreement,
        "attributes": dict(record.attributes),
        "chargers": selector_view(record.chargers),
        "valid_from": _instant(record.valid_from),
        "valid_to": _instant(record.valid_to),
        "status": str(record.status),
        "source": record.source,
    }


def agreement_view(agreement: Agreement) -> dict[str, Any]:
    """Return the public view of an agreement."""
    return {
        "agreement": agreement.id,
        "fleet": agreement.fleet,
        "valid_from": _instant(agreement.valid_from),
        "valid_to": _instant(agreement.valid_to),
        "status": str(agreement.status),
        "chargers": selector_view(agreement.chargers),
        "source": agreement.source,
    }


def charger_view(charger: Charger) -> dict[str, Any]:
    """Return the public view of a charger."""
    return {
        "id": charger.id,
        "labels": dict(charger.labels),
        "attributes": dict(charger.attributes),
        "protocol": charger.protocol,
        "profile": charger.profile,
        "synthetic_ids": list(charger.synthetic_ids),
        "source": charger.source,
    }


def event_view(event: AccessEvent) -> dict[str, Any]:
    """Return the public view of an access event; ``degraded`` is a part of those alone that a client decided."""
    view: dict[str, Any] = {
        "decision_id": event.decision_id,
        "type": str(event.type),
        "time": format_instant(event.time // _MS),
        "recorded_at": format_instant_ms(event.recorded_at),
        "charger": event.charger,
        "labels": dict(event.labels),
        "outcome": str(event.outcome),
        "reason": str(event.reason),
        "mode": event.mode,
        "vehicle_class": event.vehicle_class,
        "policy": event.policy,
        "window": event.window,
        "revision": event.revision,
        "vehicle": event.vehicle,
        "fleet": event.fleet,
        "agreement": event.agreement,
        "identifier_masked": event.identifier_masked,
        "identifier_fingerprint": event.identifier_fingerprint,
        "fingerprint_key": event.fingerprint_key,
        "driver_signal": event.driver_signal,
        "evse": event.evse,
        "connector": event.connector,
        "ocpp_action": event.ocpp_action,
        "message_id": event.message_id,
        "transaction_id": event.transaction_id,
        "late": event.late,
        "clock_suspect": event.clock_suspect,
        "caller": event.caller,
        "request_id": event.request_id,
    }
    return view if event.degraded is None else {**view, "degraded": event.degraded}


def mode_event_view(event: ModeEvent) -> dict[str, Any]:
    """Return the public view of a mode event: what all have, and beside it what is particular to its type."""
    common = {
        "id": event.id,
        "type": str(event.type),
        "at": format_instant_ms(event.at),
        "recorded_at": format_instant_ms(event.recorded_at),
        "charger": event.charger,
        "labels": dict(event.labels),
        "transition_id": event.transition_id,
        "mode": event.to_mode,
    }
    return {**common, **{name: value for name, value in event.detail.items() if name not in common}}


def webhook_view(webhook: Webhook, dead_letters: int) -> dict[str, Any]:
    """Return the public view of a webhook; no secret is part of it."""
    progress, choice = webhook.progress, webhook.choice
    return {
        "id": webhook.id,
        "url": webhook.url,
        "description": webhook.description,
        "feed": str(webhook.feed),
        "filters": choice_view(choice),
        "enabled": webhook.stopped is None,
        "stopped": webhook.stopped,
        "failing_since": _since(progress.failing_since),
        "last_error": progress.last_error,
        "next_try_at": _since(progress.next_try_at),
        "dead_letters": dead_letters,
        "created_at": format_instant_ms(webhook.created_at),
        "created_by": webhook.created_by,
    }


def choice_view(choice: EventChoice) -> dict[str, Any]:
    """Return which events a webhook is told of, without the lists that ask for any."""
    lists = {each.name: list(getattr(choice, each.name)) for each in fields(choice) if each.name != "labels"}
    labels = {name: list(values) for name, values in choice.labels}
    return {name: values for name, values in {**lists, "labels": labels}.items() if values}


def dead_letter_view(letter: DeadLetter) -> dict[str, Any]:
    """Return the public view of an event that its receiver did not take in time."""
    return {
        "event_id": letter.event_id,
        "decision_id": letter.event_id if isinstance(letter.type, EventType) else None,
        "type": letter.type,
        "charger": letter.charger,
        "recorded_at": format_instant_ms(letter.recorded_at),
        "died_at": format_instant_ms(letter.died_at),
        "last_error": letter.last_error,
        "queued": letter.queued,
    }


def audit_view(entry: AuditEntry) -> dict[str, Any]:
    """Return the public view of an audit entry."""
    return {
        "id": entry.id,
        "at": format_instant_ms(entry.at),
        "caller": entry.caller,
        "action": entry.action,
        "subject": entry.subject,
        "detail": dict(entry.detail),
        "request_id": entry.request_id,
    }


def key_view(key: ApiKey, now: int) -> dict[str, Any]:
    """Return the public view of a key; neither its text nor its hash is part of it."""
    ended = "revoked" if key.revoked_at is not None else "expired"
    return {
        "id": key.id,
        "name": key.name,
        "state": "active" if key.active(now) else ended,
        "scopes": sorted(key.scopes),
        "labels": {name: list(values) for name, values in key.labels},
        "source": key.source,
        "fleet": key.fleet,
        "created_at": _instant(key.created_at),
        "created_by": key.created_by,
        "expires_at": _instant(key.expires_at),
        "revoked_at": _instant(key.revoked_at),
        "last_used_at": _instant(key.last_used_at),
    }


def selector_view(selector: Selector | None) -> dict[str, Any] | None:
    """Return a selector in the shape of the policy format; None for none."""
    if selector is None:
        return None
    view: dict[str, Any] = {}
    if selector.ids is not None:
        view["ids"] = list(selector.ids)
    if selector.labels is not None:
        view["labels"] = {name: list(values) for name, values in selector.labels}
    if selector.exclude:
        view["exclude"] = list(selector.exclude)
    if selector.when is not None:
        view["when"] = selector.when.text
    return view


def grant_view(grant: Grant) -> dict[str, Any]:
    """Return who may charge, without the keys that the author left out."""
    view: dict[str, Any] = {"class": grant.vehicle_class}
    if grant.agreements is not None:
        view["agreements"] = list(grant.agreements)
    if grant.exclude_agreements:
        view["exclude_agreements"] = list(grant.exclude_agreements)
    if grant.when is not None:
        view["when"] = grant.when.text
    if grant.during:
        view["during"] = [reference.schedule for reference in grant.during]
    return view


def override_view(override: MadeOverride, now: int) -> dict[str, Any]:
    """Return the public view of an override made over HTTP."""
    return {
        "id": override.id,
        "state": override.state(now),
        "selector": selector_view(override.chargers),
        "mode": override.mode,
        "from": format_instant(override.start),
        "until": format_instant(override.end),
        "allow": None if override.allow is None else [grant_view(grant) for grant in override.allow],
        "force": override.force,
        "reason": override.reason,
        "message": _message(override.message),
        "created_at": format_instant(override.created_at),
        "created_by": override.created_by,
        "ended_at": _instant(override.ended_at),
        "ended_by": override.ended_by,
    }


def import_view(run: ImportRun) -> dict[str, Any]:
    """Return the public view of an import on record."""
    return {
        "id": run.id,
        "kind": run.kind,
        "source": run.source,
        "mode": run.mode,
        "atomic": run.atomic,
        "state": run.state,
        "started_at": format_instant(run.started_at),
        "updated_at": format_instant(run.updated_at),
        "ended_at": _instant(run.ended_at),
        "lines": run.lines,
        "accepted": run.accepted,
        "rejected": run.rejected,
        "dropped": run.dropped,
        "conflicts": run.conflicts,
        "caller": run.caller,
    }


def feed_view(feed: Feed, records: int, now: int) -> dict[str, Any]:
    """Return the public view of a feed."""
    return {
        "kind": feed.kind,
        "source": feed.source,
        "records": records,
        "expected_every": None if feed.expected_every is None else format_span(feed.expected_every),
        "due_at": _instant(feed.due_at),
        "overdue": feed.overdue(now),
        "last_import": None if feed.last_import is None else import_view(feed.last_import),
        "last_attempt": None if feed.last_attempt is None else import_view(feed.last_attempt.seen_at(now)),
    }


def _message(texts: Texts | None) -> str | dict[str, str] | None:
    """Return a message as it was written: one text for all, or texts by language."""
    if texts is None:
        return None
    by_language = dict(texts)
    return by_language[""] if list(by_language) == [""] else by_language


def _instant(epoch: int | None) -> str | None:
    return None if epoch is None else format_instant(epoch)


def _since(epoch_ms: int | None) -> str | None:
    return None if epoch_ms is None else format_instant_ms(epoch_ms)
