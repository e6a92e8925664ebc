"""The shapes of webhooks on the wire."""

from typing import Annotated, Any

from pydantic import Field, StrictBool, StringConstraints, WithJsonSchema

from policy_service.domain.access import Outcome, Reason, VehicleClass
from policy_service.domain.events import EventType
from policy_service.domain.mode_events import ModeEventType
from policy_service.domain.outward import FeedName
from policy_service.domain.webhook import AccessChoice, EventChoice, ModeChoice, Stop
from policy_service.entrypoints.http import forms
from policy_service.entrypoints.http.wire import InstantOut, Reply, Request
from policy_service.entrypoints.http.wire_records import TEXT_SCHEMA, Key, ListReply, Text

_MOST = 100
Labels = Annotated[
    dict[Key, Annotated[list[Text], Field(min_length=1, max_length=_MOST)]],
    Field(max_length=20),
    WithJsonSchema(
        {
            "type": "object",
            "propertyNames": TEXT_SCHEMA,
            "maxProperties": 20,
            "additionalProperties": {"type": "array", "items": TEXT_SCHEMA, "minItems": 1, "maxItems": _MOST},
        }
    ),
]
Url = Annotated[
    str,
    StringConstraints(strict=True, max_length=2000, pattern=forms.URL),
]


class FiltersBody(Request):
    """Which events: of each list one must fit; a list that is left out asks for any.

    Of mode events `type`, `charger` and `labels` choose.
    """

    type: list[EventType | ModeEventType] = Field(default=[], max_length=_MOST)
    outcome: list[Outcome] = Field(default=[], max_length=_MOST)
    reason: list[Reason] = Field(default=[], max_length=_MOST)
    vehicle_class: list[VehicleClass] = Field(default=[], max_length=_MOST)
    charger: list[Text] = Field(default=[], max_length=1000)
    fleet: list[Text] = Field(default=[], max_length=_MOST)
    labels: Labels = Field(default={}, description='Such as `{"depot": ["north", "south"]}`.')

    def choice(self, feed: FeedName) -> EventChoice | None:
        """Return it as the domain knows it; None where no event of the feed could ever be meant by it."""
        chargers = tuple(self.charger)
        labels = tuple(sorted((name, tuple(values)) for name, values in self.labels.items()))
        access = tuple(each for each in self.type if isinstance(each, EventType))
        modes = tuple(each for each in self.type if isinstance(each, ModeEventType))
        of_decisions = tuple(self.outcome), tuple(self.reason), tuple(self.vehicle_class)
        if feed is FeedName.ACCESS:
            return None if modes else AccessChoice(access, *of_decisions, chargers, tuple(self.fleet), labels)
        if access or self.fleet or any(of_decisions):
            return None
        return ModeChoice(modes, chargers, labels)


class WebhookBody(Request):
    """Somebody to tell of events."""

    url: Url = Field(description="Where to send them; https, at a public address.")
    feed: FeedName = Field(
        FeedName.ACCESS, description="`access`: decisions about vehicles; `modes`: changes of mode. It stays so."
    )
    filters: FiltersBody = FiltersBody()
    description: Text | None = Field(None, description="Whose it is, for those who read it later.")


class WebhookPatch(Request):
    """What is to change; what is left out stays."""

    url: Url = ""
    filters: FiltersBody = FiltersBody()
    description: Text | None = None
    enabled: StrictBool = Field(default=True, description="`false` pauses it; `true` goes on where it stopped.")

    def changes(self) -> dict[str, Any]:
        """Return what is to change beside the filters."""
        found = {"url": self.url, "description": self.description}
        return {name: value for name, value in found.items() if name in self.model_fields_set}


class WebhookReply(Reply):
    """A webhook, without its secret."""

    id: str
    url: str
    description: str | None
    feed: FeedName
    filters: dict[str, Any]
    enabled: bool
    stopped: Stop | None = Field(description="`paused` by an operator, or `gone`: its receiver answered 410.")
    failing_since: InstantOut | None = Field(description="Its first failure since the last success.")
    last_error: str | None
    next_try_at: InstantOut | None
    dead_letters: int = Field(description="Events that it did not take in time.")
    created_at: InstantOut
    created_by: str | None


class WebhookList(Reply):
    """All webhooks, the oldest first."""

    webhooks: list[WebhookReply]


class SecretReply(WebhookReply):
    """A webhook with its fresh secret, which is shown this once."""

    secret: str = Field(description="For a library of Standard Webhooks: `whsec_…`.")
    previous_until: InstantOut | None = Field(description="Until when the secret so far signs as well.")


class AttemptReply(Reply):
    """What became of a test."""

    delivered: bool
    status: int | None = Field(description="What the receiver answered.")
    error: str | None = Field(description="Why it answered nothing.")


class DeadLetterReply(Reply):
    """An event that its receiver did not take in time."""

    event_id: str = Field(description="As in the event's envelope.")
    decision_id: str | None = Field(description="The same for an access event; null for a mode event.")
    type: str
    charger: str
    recorded_at: InstantOut
    died_at: InstantOut
    last_error: str
    queued: bool = Field(description="It is about to be sent once more.")


class DeadLetterList(ListReply):
    """A page of dead letters, the oldest first."""

    dead_letters: list[DeadLetterReply]


class RetryReply(Reply):
    """How many dead letters are sent once more."""

    queued: int
