"""Webhooks and dead letters as rows, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from policy_service.application.views import choice_view
from policy_service.domain.access import Outcome, Reason, VehicleClass
from policy_service.domain.events import EventType
from policy_service.domain.mode_events import ModeEventType
from policy_service.domain.outward import FeedName
from policy_service.domain.webhook import AccessChoice, DeadLetter, ModeChoice, Progress, Stop, Webhook

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import StrEnum

    from policy_service.domain.webhook import EventChoice

Word = TypeVar("Word", bound="StrEnum")


def row_of(webhook: Webhook) -> dict[str, Any]:
    """Return the row of a webhook."""
    return {
        "id": webhook.id,
        "url": webhook.url,
        "description": webhook.description,
        "feed": str(webhook.feed),
        "choice": choice_view(webhook.choice),
        "secret": webhook.secret,
        "previous_secret": webhook.previous_secret,
        "previous_until": webhook.previous_until,
        "stopped": webhook.stopped,
        "created_at": webhook.created_at,
        "created_by": webhook.created_by,
        **progress_row(webhook.progress),
    }


def progress_row(progress: Progress) -> dict[str, Any]:
    """Return the columns of a row that tell how far a webhook has got."""
    return {
        "position": progress.position,
        "failing_since": progress.failing_since,
        "failures": progress.failures,
        "next_try_at": progress.next_try_at,
        "last_error": progress.last_error,
    }


def webhook_of(row: Mapping[Any, Any]) -> Webhook:
    """Return the webhook of a row."""
    return Webhook(
        id=row["id"],
        url=row["url"],
        description=row["description"],
        choice=_choice(FeedName(row["feed"]), row["choice"]),
        secret=row["secret"],
        created_at=row["created_at"],
        created_by=row["created_by"],
        progress=Progress(**{name: row[name] for name in Progress.__dataclass_fields__}),
        stopped=None if row["stopped"] is None else Stop(row["stopped"]),
        previous_secret=row["previous_secret"],
        previous_until=row["previous_until"],
    )


def letter_row(letter: DeadLetter) -> dict[str, Any]:
    """Return the row of a dead letter."""
    return {name: getattr(letter, name) for name in DeadLetter.__dataclass_fields__}


def letter_of(row: Mapping[Any, Any]) -> DeadLetter:
    """Return the dead letter of a row."""
    kind = EventType if row["type"] in set(EventType) else ModeEventType
    values: dict[str, Any] = {**row, "type": kind(row["type"])}
    return DeadLetter(**values)


def _choice(feed: FeedName, listed: Mapping[str, Any]) -> EventChoice:
    chargers = tuple(listed.get("charger", ()))
    labels = tuple(sorted((name, tuple(values)) for name, values in listed.get("labels", {}).items()))
    if feed is FeedName.MODES:
        return ModeChoice(_words(ModeEventType, listed.get("type")), chargers, labels)
    return AccessChoice(
        type=_words(EventType, listed.get("type")),
        outcome=_words(Outcome, listed.get("outcome")),
        reason=_words(Reason, listed.get("reason")),
        vehicle_class=_words(VehicleClass, listed.get("vehicle_class")),
        charger=chargers,
        fleet=tuple(listed.get("fleet", ())),
        labels=labels,
    )


def _words(kind: type[Word], listed: list[str] | None) -> tuple[Word, ...]:
    return tuple(kind(word) for word in listed or ())
