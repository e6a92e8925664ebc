"""The shapes of local authorization lists on the wire."""

from typing import Any, Literal

from pydantic import Field

from policy_service.domain.local_list import LeftOut
from policy_service.entrypoints.http.wire import InstantOut, Reply


class LeftOutReply(Reply):
    """How many are not on a list that they might be looked for on, and why."""

    reason: LeftOut
    count: int = Field(ge=1)


class ListCommandReply(Reply):
    """A request to the charger."""

    action: Literal["SendLocalList"]
    payload: dict[str, Any] = Field(description="As OCPP has it in the charger's version.")


class LocalAuthListReply(Reply):
    """A charger's local authorization list, and what brings the charger to it."""

    charger: str
    version: int = Field(ge=1, description="What the charger has when it has taken in the last command.")
    based_on: int | None = Field(description="The version that the commands presuppose; null: none.")
    update_type: Literal["Full", "Differential"]
    made_at: InstantOut
    valid_until: InstantOut = Field(description="Until when all on it may charge whenever the charger is managed.")
    entries: int = Field(ge=0, description="How many are on the list.")
    complete: bool = Field(description="Whether all are on it who may charge throughout; else the charger has to ask.")
    left_out: list[LeftOutReply]
    commands: list[ListCommandReply] = Field(
        description="To be sent in this order, each after the one before was accepted; none: the charger has the list."
    )
    notes: list[str]
