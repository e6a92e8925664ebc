# ruff: noqa: INP001 - lies beside scripts, not in a package
"""Chargers as a CSMS sees them: who asks for access is answered by policy-service, all else by the CSMS itself.

`Delegating.route_message` is what to copy. It takes the messages that ask for access before the OCPP library looks at
them: the library answers a payload that does not fit its schema with a CALLERROR, and a CALLERROR denies nothing. Some
chargers let the vehicle in then.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, cast
from uuid import uuid4

from ocpp import v16, v21, v201
from ocpp.charge_point import ChargePoint
from ocpp.exceptions import NotImplementedError as ActionNotImplemented
from ocpp.messages import Call
from ocpp.routing import after, on
from orders import ACCEPTED, GONE, NO_ANSWER, OrderFailedError
from sessions import at, readings_wh
from websockets.exceptions import ConnectionClosed

from policy_service.client import InvalidPayload

if TYPE_CHECKING:
    from csms import Csms
    from websockets.asyncio.server import ServerConnection

LOG = logging.getLogger("csms")
WIRE = logging.getLogger("csms.wire")
WIRE.disabled = True  # the libraries log whole messages, and with them tokens and PINs

HEARTBEAT_S = 300
TRANSACTION_ID = re.compile(r"[!-~]{1,36}")
REASON = re.compile(r"[A-Za-z]{1,20}")
CODE = re.compile(r"[A-Za-z]{1,40}")
ORDER_WITHIN_S = 30


class Told(NamedTuple):
    """What a charger is answered, and whether the session has to be ended that it let begin without asking."""

    payload: dict[str, Any]
    stop: bool = False


class Delegating(ChargePoint):
    """What all versions share: who asks for access is answered by the service."""

    version: ClassVar[str]
    delegated: ClassVar[frozenset[str]]
    denial: ClassVar[dict[str, Any]]
    """The answer to a payload that nobody can read."""

    def __init__(self, charger_id: str, websocket: ServerConnection, csms: Csms) -> None:
        """Speak with a charger that has connected."""
        super().__init__(charger_id, websocket, logger=WIRE)
        self.websocket = websocket
        self.csms = csms
        self.booted = False
        self.reported: dict[str, str] = {}
        """Variables of OCPP 2.x, as the charger has reported them."""
        self._ordering = asyncio.Lock()
        self._orders: dict[str, asyncio.Future[Any]] = {}

    async def order(self, action: str, payload: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
        """Tell the charger to do something, and return its answer; the next order waits for it (OCPP-J 4.1.1).

        Raises OrderFailedError.
        """
        async with self._ordering:
            message_id, answered = uuid4().hex, asyncio.get_running_loop().create_future()
            self._orders[message_id] = answered
            try:
                await self.websocket.send(json.dumps([2, message_id, action, payload], separators=(",", ":")))
                return await asyncio.wait_for(answered, ORDER_WITHIN_S)
            except TimeoutError:
                raise OrderFailedError(NO_ANSWER) from None
            except ConnectionClosed:
                raise OrderFailedError(GONE) from None
            finally:
                del self._orders[message_id]
                if answered.done() and not answered.cancelled():
                    answered.exception()  # the charger may have gone while the order was being sent

    def gone(self) -> None:
        """Give up orders that nobody will answer any more."""
        for answered in self._orders.values():
            if not answered.done():
                answered.set_exception(OrderFailedError(GONE))

    @abstractmethod
    def stopping(self, transaction_id: str) -> tuple[str, dict[str, Any]]:
        """Return action and payload of the order that ends a transaction."""

    async def route_message(self, raw_msg: str | bytes) -> None:
        """Answer a message. What asks for access gets an answer always, and never a CALLERROR, which denies nothing."""
        match _json(raw_msg):
            case [2, message_id, str(action), *payload] if action in self.delegated:
                asked = _object(payload)
                told = await self.ask(action, asked, str(message_id))
                transaction_id = await self.note(action, asked, told.payload)
                await self.websocket.send(json.dumps([3, message_id, told.payload], separators=(",", ":")))
                if told.stop and transaction_id is not None:
                    self.csms.switching.breached(self.id, transaction_id)
            case [2, message_id, str(action), *_] if action not in self.route_map:
                refusal = Call(message_id, action, {}).create_call_error(ActionNotImplemented())
                await self.websocket.send(refusal.to_json())
            case [3, str(message_id), answer] if message_id in self._orders:
                self._answered(message_id, answer, None)
            case [4, str(message_id), *rest] if message_id in self._orders:
                self._answered(message_id, None, OrderFailedError(_code(rest)))
            case [*_]:
                await super().route_message(raw_msg)
            case _:
                LOG.warning("%s: sent what is no message", self.id)

    def _answered(self, message_id: str, answer: object, error: OrderFailedError | None) -> None:
        answered = self._orders[message_id]
        if answered.done():
            return
        if error is None:
            answered.set_result(answer)
        else:
            answered.set_exception(error)

    @after("BootNotification")
    def has_booted(self, **_: object) -> None:
        """Bring it into its mode, now that it may be ordered about."""
        self.booted = True
        self.csms.switching.booted(self)

    @abstractmethod
    async def note(self, action: str, payload: object, told: dict[str, Any]) -> str | None:
        """Keep what the message says of a session, and return its id where it begins."""

    async def ask(self, action: str, payload: dict[str, Any], message_id: str) -> Told:
        """Return the answer."""
        try:
            answer = await self.csms.policy.ocpp(self.version, self.id, action, payload, message_id=message_id)
        except InvalidPayload:
            LOG.warning("%s: %s is malformed, denied", self.id, action)
            return Told(self.denial if action != "TransactionEvent" or _begins(payload) else {})
        if answer.decision is not None:
            LOG.info(
                "%s: %s %s, %s (decision %s, by %s)",
                self.id,
                action,
                answer.decision.outcome,
                answer.decision.reason,
                answer.decision.decision_id,
                answer.source,
            )
        return Told(answer.payload, answer.stop)


class Charger16(Delegating, v16.ChargePoint):
    """A charger that speaks OCPP 1.6."""

    version = "1.6"
    delegated = frozenset({"Authorize", "StartTransaction"})
    denial: ClassVar = {"idTagInfo": {"status": "Invalid"}}

    def stopping(self, transaction_id: str) -> tuple[str, dict[str, Any]]:
        """Return action and payload of the order that ends a transaction."""
        return "RemoteStopTransaction", {"transactionId": int(transaction_id)}

    async def ask(self, action: str, payload: dict[str, Any], message_id: str) -> Told:
        """Return the answer, with what only the CSMS knows: a denied transaction has an id as well."""
        told = await super().ask(action, payload, message_id)
        if action != "StartTransaction":
            return told
        return Told({"transactionId": next(self.csms.transaction_ids), **told.payload}, told.stop)

    async def note(self, action: str, payload: object, told: dict[str, Any]) -> str | None:
        """Keep the session that begins."""
        if action != "StartTransaction":
            return None
        session = self.csms.sessions.session(self.id, str(told["transactionId"]))
        session.denied = told["idTagInfo"]["status"] != ACCEPTED
        if isinstance(start_wh := at(payload, "meterStart"), int):
            session.read(start_wh)
        return session.transaction_id

    @on("BootNotification")
    def boot(self, **_: object) -> object:
        """Let every charger in."""
        return v16.call_result.BootNotification(self.csms.now(), HEARTBEAT_S, ACCEPTED)

    @on("Heartbeat")
    def heartbeat(self) -> object:
        """Tell the time."""
        return v16.call_result.Heartbeat(self.csms.now())

    @on("StatusNotification")
    def status(self, connector_id: int, status: str, error_code: str, **_: object) -> object:
        """Book faults, which a denial never is."""
        if status == "Faulted":
            self.csms.fault(self.id, f"connector {connector_id}: {error_code}")
        return v16.call_result.StatusNotification()

    @on("MeterValues")
    def meter_values(self, **_: object) -> object:
        """Take meter values; sessions need those of start and stop alone."""
        return v16.call_result.MeterValues()

    @on("DataTransfer")
    def data_transfer(self, **_: object) -> object:
        """Know no vendor."""
        return v16.call_result.DataTransfer("UnknownVendorId")

    @on("StopTransaction")
    async def stop(
        self, transaction_id: int, meter_stop: int, reason: str = "Local", id_tag: str | None = None, **_: object
    ) -> object:
        """Accept every stop: whoever charges may always leave."""
        self.csms.sessions.session(self.id, str(transaction_id)).read(meter_stop)
        await self.csms.end(self.id, str(transaction_id), reason)
        return v16.call_result.StopTransaction({"status": ACCEPTED} if id_tag else None)


class Charger2(Delegating):
    """A charger that speaks OCPP 2.0.1 or 2.1: what this CSMS answers is the same in both."""

    delegated = frozenset({"Authorize", "TransactionEvent"})
    denial: ClassVar = {"idTokenInfo": {"status": "Invalid"}}

    def stopping(self, transaction_id: str) -> tuple[str, dict[str, Any]]:
        """Return action and payload of the order that ends a transaction."""
        return "RequestStopTransaction", {"transactionId": transaction_id}

    async def note(self, action: str, payload: object, told: dict[str, Any]) -> str | None:
        """Keep the session as its events tell it."""
        transaction_id = at(payload, "transactionInfo", "transactionId")
        if action != "TransactionEvent" or not (
            isinstance(transaction_id, str) and TRANSACTION_ID.fullmatch(transaction_id)
        ):
            return None
        session = self.csms.sessions.session(self.id, transaction_id)
        session.read(*readings_wh(at(payload, "meterValue")))
        if "idTokenInfo" in told and _begins(payload):
            session.denied = told["idTokenInfo"]["status"] != ACCEPTED
        if at(payload, "eventType") == "Ended":
            await self.csms.end(self.id, transaction_id, _reason(payload))
        return transaction_id

    @on("BootNotification")
    def boot(self, **_: object) -> object:
        """Let every charger in."""
        return v201.call_result.BootNotification(self.csms.now(), HEARTBEAT_S, ACCEPTED)

    @on("NotifyReport")
    def notify_report(self, report_data: list[dict[str, Any]] | None = None, **_: object) -> object:
        """Take in what the charger reports of its variables."""
        for each in report_data or []:
            for attribute in each["variable_attribute"]:
                if attribute.get("type", "Actual") == "Actual" and "value" in attribute:
                    self.reported[f"{each['component']['name']}.{each['variable']['name']}"] = attribute["value"]
        return v201.call_result.NotifyReport()

    @on("Heartbeat")
    def heartbeat(self, **_: object) -> object:
        """Tell the time."""
        return v201.call_result.Heartbeat(self.csms.now())

    @on("StatusNotification")
    def status(self, evse_id: int, connector_status: str, **_: object) -> object:
        """Book faults, which a denial never is."""
        if connector_status == "Faulted":
            self.csms.fault(self.id, f"evse {evse_id} is faulted")
        return v201.call_result.StatusNotification()

    @on("MeterValues")
    def meter_values(self, **_: object) -> object:
        """Take meter values; sessions need those of their own events alone."""
        return v201.call_result.MeterValues()

    @on("DataTransfer")
    def data_transfer(self, **_: object) -> object:
        """Know no vendor."""
        return v201.call_result.DataTransfer("UnknownVendorId")


class Charger201(Charger2, v201.ChargePoint):
    """A charger that speaks OCPP 2.0.1."""

    version = "2.0.1"


class Charger21(Charger2, v21.ChargePoint):
    """A charger that speaks OCPP 2.1."""

    version = "2.1"


CHARGERS = {"ocpp2.1": Charger21, "ocpp2.0.1": Charger201, "ocpp1.6": Charger16}
"""By subprotocol; of those that a charger offers, the first one here is spoken."""


def _begins(payload: object) -> bool:
    """Tell whether a TransactionEvent is one that is decided; all others belong to a session that runs or is over."""
    kind, trigger = at(payload, "eventType"), at(payload, "triggerReason")
    return bool(kind != "Ended" and (kind != "Updated" or trigger == "Authorized"))


def _reason(payload: object) -> str:
    """Return why a session ended: what a charger writes is no reason until it looks like one."""
    told = str(at(payload, "transactionInfo", "stoppedReason") or "Local")
    return told if REASON.fullmatch(told) else "Other"


def _code(rest: list[Any]) -> str:
    """Return the code of a CALLERROR; its description may quote anything."""
    code = str(rest[0]) if rest else ""
    return code if CODE.fullmatch(code) else "CALLERROR"


def _json(raw: str | bytes) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def _object(payload: list[Any]) -> dict[str, Any]:
    """Return the payload of a message, which may be missing or no object at all; an empty one is malformed as well."""
    return cast("dict[str, Any]", payload[0]) if payload and isinstance(payload[0], dict) else {}
