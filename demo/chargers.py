# ruff: noqa: INP001 - lies beside scripts, not in a package
"""Simulated chargers of OCPP 1.6, 2.0.1 and 2.1, on the charge points of PyPI `ocpp`: they check every answer's schema.

async with plugged_in("2.0.1", "ws://127.0.0.1:9000", "YARD-2") as charger:
verdict = await charger.authorize(Token("04A2B3C4D5E680"))
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ocpp import v16, v21, v201
from ocpp.charge_point import ChargePoint
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

ACCEPTED = "Accepted"
ANSWER_WITHIN_S = 30
WIRE = logging.getLogger("charger.wire")
WIRE.disabled = True  # the library logs whole messages, and a traceback for each order that is refused
_EVSE = {"id": 1, "connector_id": 1}


class Token(NamedTuple):
    """What a driver presents; 1.6 has no types."""

    text: str
    type: str = "ISO14443"


class Verdict(NamedTuple):
    """What a charger was answered: OCPP's status, the text for the driver's eyes, and how long it may be remembered."""

    status: str
    text: str | None = None
    until: str | None = None

    @property
    def accepted(self) -> bool:
        """Tell whether the driver may charge."""
        return self.status == ACCEPTED


class Charger(Protocol):
    """What every simulated charger does, whichever version it speaks. Each call raises OCPPError on a CALLERROR."""

    id: str

    async def boot(self) -> None:
        """Say who it is."""

    async def authorize(self, token: Token) -> Verdict:
        """Ask whether the driver may charge."""
        ...

    async def begin(self, token: Token, *, at: datetime | None = None, offline: bool = False) -> Verdict:
        """Begin a session, which is asked for once more; ``at``: when it began, if not now."""
        ...

    async def progress(self, energy_wh: int) -> Verdict:
        """Tell how much has flowed."""
        ...

    async def end(
        self, energy_wh: int, reason: str = "Local", *, at: datetime | None = None, offline: bool = False
    ) -> Verdict:
        """End the session; energy in Wh."""
        ...

    async def fault(self) -> None:
        """Report that the connector is broken."""


class Timed(ChargePoint):
    """What tells the time in its messages."""

    def now(self) -> datetime:
        """Return the current instant, in UTC."""
        return datetime.now(UTC)

    def stamp(self, moment: datetime | None = None) -> str:
        """Return an instant as OCPP spells it; now, if none is given."""
        return (moment or self.now()).strftime("%Y-%m-%dT%H:%M:%SZ")


class Charger16(Timed, v16.ChargePoint):
    """A charger that speaks OCPP 1.6."""

    transaction_id = 0

    async def boot(self) -> None:
        """Say who it is, and that it is free."""
        await self.call(
            v16.call.BootNotification(charge_point_model="Sim", charge_point_vendor="Example"), suppress=False
        )
        await self._status("Available")

    async def authorize(self, token: Token) -> Verdict:
        """Ask whether the driver may charge."""
        return _verdict(await self.call(v16.call.Authorize(id_tag=token.text), suppress=False))

    async def begin(self, token: Token, *, at: datetime | None = None, offline: bool = False) -> Verdict:
        """Begin a session; 1.6 has no word for ``offline``, the age of the time says it."""
        del offline
        start = v16.call.StartTransaction(connector_id=1, id_tag=token.text, meter_start=0, timestamp=self.stamp(at))
        answer = await self.call(start, suppress=False)
        self.transaction_id = answer.transaction_id
        return _verdict(answer)

    async def progress(self, energy_wh: int) -> Verdict:
        """Tell how much has flowed; there is no verdict in the answer, which stops nothing."""
        value = {"timestamp": self.stamp(), "sampled_value": [{"value": str(energy_wh)}]}
        values = v16.call.MeterValues(connector_id=1, transaction_id=self.transaction_id, meter_value=[value])
        await self.call(values, suppress=False)
        return Verdict(ACCEPTED)

    async def end(
        self, energy_wh: int, reason: str = "Local", *, at: datetime | None = None, offline: bool = False
    ) -> Verdict:
        """End the session."""
        del offline
        stop = v16.call.StopTransaction(
            meter_stop=energy_wh, timestamp=self.stamp(at), transaction_id=self.transaction_id, reason=reason
        )
        return _verdict(await self.call(stop, suppress=False))

    async def fault(self) -> None:
        """Report that the connector is broken."""
        await self._status("Faulted", "GroundFailure")

    async def _status(self, status: str, error_code: str = "NoError") -> None:
        await self.call(
            v16.call.StatusNotification(connector_id=1, error_code=error_code, status=status), suppress=False
        )


class _Charger2(Timed):
    """What chargers of 2.0.1 and 2.1 share; the messages used here look the same in both."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - the library's
        super().__init__(*args, **options)
        self._transactions, self._sequence = count(1), count()
        self.transaction_id = ""

    async def boot(self) -> None:
        """Say who it is, and that it is free."""
        station = {"model": "Sim", "vendor_name": "Example"}
        await self.call(self._call.BootNotification(charging_station=station, reason="PowerUp"), suppress=False)
        await self._status("Available")

    async def authorize(self, token: Token) -> Verdict:
        """Ask whether the driver may charge."""
        return _verdict(await self.call(self._call.Authorize(id_token=_id_token(token)), suppress=False))

    async def begin(self, token: Token, *, at: datetime | None = None, offline: bool = False) -> Verdict:
        """Begin a session."""
        self.transaction_id = f"{self.id}-{self.stamp()}-{next(self._transactions)}"
        return await self._tell("Started", "Authorized", 0, at, token=token, offline=offline or None)

    async def progress(self, energy_wh: int) -> Verdict:
        """Tell how much has flowed."""
        return await self._tell("Updated", "MeterValuePeriodic", energy_wh)

    async def end(
        self, energy_wh: int, reason: str = "Local", *, at: datetime | None = None, offline: bool = False
    ) -> Verdict:
        """End the session."""
        trigger = "Deauthorized" if reason == "DeAuthorized" else "StopAuthorized"
        return await self._tell("Ended", trigger, energy_wh, at, stopped=reason, offline=offline or None)

    async def fault(self) -> None:
        """Report that the connector is broken."""
        await self._status("Faulted")

    async def _tell(
        self,
        kind: str,
        trigger: str,
        energy_wh: int,
        at: datetime | None = None,
        *,
        token: Token | None = None,
        offline: bool | None = None,
        stopped: str | None = None,
    ) -> Verdict:
        event = self._call.TransactionEvent(
            event_type=kind,
            timestamp=self.stamp(at),
            trigger_reason=trigger,
            seq_no=next(self._sequence),
            transaction_info={"transaction_id": self.transaction_id, "stopped_reason": stopped},
            meter_value=[{"timestamp": self.stamp(at), "sampled_value": [{"value": energy_wh}]}],
            evse=_EVSE,
            id_token=token and _id_token(token),
            offline=offline,
        )
        return _verdict(await self.call(event, suppress=False))

    async def _status(self, status: str) -> None:
        notice = self._call.StatusNotification(
            timestamp=self.stamp(), connector_status=status, evse_id=_EVSE["id"], connector_id=_EVSE["connector_id"]
        )
        await self.call(notice, suppress=False)


class Charger201(_Charger2, v201.ChargePoint):
    """A charger that speaks OCPP 2.0.1."""


class Charger21(_Charger2, v21.ChargePoint):
    """A charger that speaks OCPP 2.1."""


CHARGERS: dict[str, Any] = {"1.6": Charger16, "2.0.1": Charger201, "2.1": Charger21}


@asynccontextmanager
async def plugged_in(version: str, url: str, charger_id: str) -> AsyncGenerator[Charger]:
    """Connect a charger to a CSMS at ``ws://…`` while the context is open. Raises OSError where nobody listens."""
    async with connect(f"{url}/{charger_id}", subprotocols=[Subprotocol(f"ocpp{version}")]) as websocket:
        charger = CHARGERS[version](charger_id, websocket, ANSWER_WITHIN_S, logger=WIRE)
        listening = asyncio.create_task(charger.start())
        try:
            yield charger
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening


def _verdict(answer: Any) -> Verdict:  # noqa: ANN401 - the library's answers have no types
    """Return the verdict of an answer; one without a status stops nothing."""
    info: dict[str, Any] = {"status": ACCEPTED}
    info |= getattr(answer, "id_tag_info", None) or getattr(answer, "id_token_info", None) or {}
    shown: dict[str, str] = info.get("personal_message", {})
    until = info.get("expiry_date") or info.get("cache_expiry_date_time")
    return Verdict(info["status"], shown.get("content"), until)


def _id_token(token: Token) -> dict[str, str]:
    return {"id_token": token.text, "type": token.type}
