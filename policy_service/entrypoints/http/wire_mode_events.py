"""The shapes of mode events on the wire."""

from typing import Annotated

from pydantic import ConfigDict, Field

from policy_service.domain.access import AccessMode
from policy_service.domain.mode_events import ModeEventType
from policy_service.entrypoints.http.wire import InstantOut, Reply, open_words
from policy_service.entrypoints.http.wire_records import ListReply

ModeEventTypeOut = Annotated[ModeEventType, open_words(ModeEventType, "pass over one that you do not know.")]


class ModeEventReply(Reply):
    """A mode event: something due at a charger, or done. Beside these members each type has some of its own."""

    model_config = ConfigDict(extra="allow")

    id: str = Field(description="One event, however often it comes.")
    type: ModeEventTypeOut
    at: InstantOut = Field(description="For what is due, when; for what was seen, since when.")
    recorded_at: InstantOut
    charger: str
    labels: dict[str, str]
    transition_id: str | None = Field(description="Which change of mode it belongs to.")
    mode: AccessMode | None = Field(description="The mode that the charger should be in.")


class ModeEventList(ListReply):
    """A page of mode events, newest first."""

    events: list[ModeEventReply]
