"""The shapes in which clients tell of decisions that they made without the service."""

from typing import Annotated

from pydantic import Field, StringConstraints

from policy_service.domain.access import AccessMode, Outcome, Reason, VehicleClass
from policy_service.domain.events import DegradedBy, DriverSignal
from policy_service.entrypoints.http.wire import Count, IdentifierText, Instant, Name, Reply, Request, Trace

_HEX = "[0-9a-f]"
Uuid7 = Annotated[
    str,
    StringConstraints(strict=True, pattern=rf"^{_HEX}{{8}}-{_HEX}{{4}}-7{_HEX}{{3}}-[89ab]{_HEX}{{3}}-{_HEX}{{12}}$"),
]
Revision = Annotated[str, StringConstraints(strict=True, pattern=r"^(sha256:[0-9a-f]{64})?$")]
Masked = Annotated[str, StringConstraints(strict=True, pattern=r"^…[^\u0000-\u001f\u007f-\u009f]{0,4}$")]


class DegradedDecisionBody(Request):
    """One decision; its id is made by the client, and names it once and for all."""

    decision_id: Uuid7 = Field(description="UUID of version 7.")
    degraded: DegradedBy = Field(description="Who decided.")
    time: Instant = Field(description="What was decided for: in the last 31 days.")
    charger: Name
    outcome: Outcome
    reason: Reason
    would_be: Outcome | None = None
    mode: AccessMode | None = None
    vehicle_class: VehicleClass | None = None
    policy: Name | None = None
    window: Name | None = None
    revision: Revision | None = Field(None, description="Of the bundle that decided.")
    vehicle: Name | None = None
    fleet: Name | None = None
    agreement: Name | None = None
    identifier: IdentifierText | None = Field(
        None, description="Recorded masked, with a fingerprint, as all are. Leave PINs out."
    )
    identifier_masked: Masked | None = Field(None, description="Where the identifier itself was not kept.")
    identifier_type: Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9_-]{1,40}$")] | None = None
    driver_signal: DriverSignal | None = None
    ocpp_action: Trace | None = None
    message_id: Trace | None = None
    transaction_id: Trace | None = None
    evse: Count | None = None
    connector: Count | None = None


class DegradedBatch(Request):
    """Decisions in the order in which they were made."""

    decisions: list[DegradedDecisionBody] = Field(min_length=1, max_length=1000)


class DegradedReply(Reply):
    """How many were taken; what had been told before is taken, and changes nothing."""

    taken: int
