"""A question to the decision point and its answer, as the service's doors hand them in and out."""

from __future__ import annotations

import msgspec

from policy_service.domain.decision import Decision


class Question(msgspec.Struct, gc=False):
    """Whether the vehicle behind this identifier may charge at this charger at this time.

    Nothing changes one. It is built for each request, which takes a struct a fifth of the time of a dataclass.
    """

    charger: str
    identifier: str
    identifier_type: str | None = None
    """A hint, such as ``rfid`` or OCPP's ``KeyCode``."""
    time: int | None = None
    """Epoch seconds; None asks for now."""
    evse: int | None = None
    connector: int | None = None
    ocpp_action: str | None = None
    message_id: str | None = None
    transaction_id: str | None = None
    late: bool | None = None
    """Whether the time is of a charger that was offline; None where no charger's clock was judged."""
    clock_suspect: bool | None = None
    """Whether a charger told another time, which is not believed."""
    language: str | None = None
    record: bool = True
    grace_s: int = 0
    """For so many seconds a switch of mode or window is not held against who asks: a start follows its Authorize."""
    caller: str | None = None
    request_id: str | None = None

    def __repr__(self) -> str:
        """Tell where it is asked, and not about whom."""
        return f"Question(charger={self.charger!r}, time={self.time!r})"


class Answered(msgspec.Struct):
    """A decision with its name and the revision of the plan that made it; nothing changes one either."""

    decision_id: str
    decision: Decision
    revision: str
    language: str | None
    fleet: str | None = None
    """The vehicle's, where it is known."""
    record_id: str | None = None
    """Opaque id of the vehicle's record, where it is known."""
    stop: bool = False
    """The session has to be ended: the charger let it begin in managed mode without asking, and `onBreach` says so."""
    request_id: str | None = None
    """Of the request that asked."""
