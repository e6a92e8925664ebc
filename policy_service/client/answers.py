"""What a CSMS gets to hear: payloads to pass on, decisions, and where they come from."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

import msgspec


class Source(StrEnum):
    """Who answered; what is not of the service is degraded."""

    SERVICE = "service"
    CACHE = "cache"
    """A decision of the service, remembered."""
    BUNDLE = "bundle"
    """The depot's bundle, decided here."""
    ON_UNREACHABLE = "on_unreachable"
    """The policy's ``onUnreachable``; a denial where that is not known."""


class Told(NamedTuple):
    """What the header ``Policy-Decision`` tells of a decision, beside the payload."""

    decision_id: str
    outcome: str
    reason: str
    signal: str | None
    """How a refused driver can be told: ``text``, ``status_only`` or ``none``; None where nobody was refused."""
    late: bool = False
    """It happened while the charger was offline."""
    clock_suspect: bool = False
    """The charger's clock was not believed."""
    stop: bool = False
    """The session that the message begins has to be ended: the charger let it begin without asking."""


class OcppAnswer(NamedTuple):
    """The payload to pass on to the charger as it is, and what is behind it."""

    payload: dict[str, Any]
    """To a StartTransaction the CSMS adds its ``transactionId``."""
    decision: Told | None
    """None where nothing was decided: an event of a session that runs."""
    source: Source

    @property
    def stop(self) -> bool:
        """Tell whether to end the session that the message begins, by RemoteStopTransaction or RequestStopTransaction.

        The charger let it begin in managed mode without asking, and the policy or its profile says ``onBreach: stop``.
        """
        return self.decision is not None and self.decision.stop


class WouldBe(msgspec.Struct, frozen=True):
    """What enforcement would have answered, under ``enforcement: observe``."""

    outcome: str
    reason: str


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """A decision as ``POST /v1/decide`` answers it; instants are RFC 3339 texts. Newer services may know more words."""

    decision_id: str
    outcome: str
    reason: str
    mode: str | None
    vehicle_class: str | None
    charger: str
    time: str
    valid_until: str | None
    policy: str | None
    window: str | None
    revision: str
    message: str | None = None
    next_allowed_at: str | None = None
    would_be: WouldBe | None = None
    stop: bool = False
    """The charger let the session begin in managed mode without asking: it has to be ended."""
    source: Source = Source.SERVICE

    @property
    def allowed(self) -> bool:
        """Tell whether the vehicle may charge; whatever is not plainly that is a denial."""
        return self.outcome == "allowed"


class InvalidPayload(ValueError):  # noqa: N818 - says what it is about, as the payload's sender is at fault, not we
    """The service, or without it the client, cannot read the payload: answer the charger with a valid denial.

    Its text is the problem's; no identifier is in it.
    """
