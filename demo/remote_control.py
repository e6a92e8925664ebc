# ruff: noqa: INP001 - lies beside scripts, not in a package
"""What a CSMS may order a simulated charger to do: configuration, lists, caches, restarts, the end of a session.

Orders and answers go through the library, which checks both against the official schemas.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from chargers import ACCEPTED, ANSWER_WITHIN_S, Charger16, Charger21, Charger201, Timed
from firmware import REJECTED, UNKNOWN
from ocpp import v16, v201
from ocpp.exceptions import NotImplementedError as ActionNotImplemented
from ocpp.messages import Call
from ocpp.routing import after, on
from sessions import at

if TYPE_CHECKING:
    from clock import Clock
    from firmware import Firmware
    from websockets.asyncio.client import ClientConnection

WIRE = logging.getLogger("charger.wire")
WIRE.disabled = True  # the library logs whole messages, and with them tokens and PINs


class Body(Protocol):
    """The charger around a connection."""

    firmware: Firmware
    clock: Clock

    def look(self) -> None:
        """Write down its mode, if that has changed."""
        ...

    def restart(self) -> None:
        """Start anew."""
        ...

    async def stop_remotely(self) -> None:
        """End the session that runs."""
        ...


class _Controlled(Timed):
    """What all versions share. ``transaction_id`` is the running session's, and falsy while none runs."""

    transaction_id: Any

    def __init__(self, charger_id: str, websocket: ClientConnection, body: Body) -> None:
        super().__init__(charger_id, websocket, ANSWER_WITHIN_S, WIRE)
        self.websocket = websocket
        self.body = body
        self.firmware = body.firmware

    async def route_message(self, raw_msg: str | bytes) -> None:
        """Take a message, as late as the network brings it."""
        await self.body.clock.sleep(self.firmware.habits.latency_s)
        match json.loads(raw_msg):
            case [2, message_id, str(action), *_] if action not in self.route_map:  # to 2.1 the library is silent then
                refusal = Call(message_id, action, {}).create_call_error(ActionNotImplemented())
                await self.websocket.send(refusal.to_json())
            case _:
                await super().route_message(raw_msg)
        self.body.look()

    def now(self) -> datetime:
        """Return the current instant, by the charger's clock."""
        return datetime.fromtimestamp(self.body.clock.now(), UTC)

    @after("Reset")
    def restart(self, **_: object) -> None:
        """Restart, once the answer is out."""
        self.body.restart()

    def _stops(self, transaction_id: object) -> str:
        return ACCEPTED if self.transaction_id and str(transaction_id) == str(self.transaction_id) else REJECTED


class Controlled16(_Controlled, Charger16):
    """A charger of OCPP 1.6 that takes orders."""

    @on("GetConfiguration")
    def get_configuration(self, key: list[str] | None = None) -> object:
        """Tell the values of the keys that were named, or of all."""
        settings = self.firmware.settings
        fixed = {self.firmware.names.entries, self.firmware.names.chunk}
        wanted = list(settings) if key is None else key
        known = [
            {"key": name, "readonly": name in fixed, "value": settings[name]} for name in wanted if name in settings
        ]
        return v16.call_result.GetConfiguration(known, [name for name in wanted if name not in settings])

    @on("ChangeConfiguration")
    def change_configuration(self, key: str, value: str) -> object:
        """Change one key."""
        status = self.firmware.write(key, value)
        return v16.call_result.ChangeConfiguration("NotSupported" if status == UNKNOWN else status)

    @on("ClearCache")
    def clear_cache(self) -> object:
        """Forget whom it remembers."""
        return v16.call_result.ClearCache(self.firmware.clear_cache())

    @on("SendLocalList")
    def send_local_list(
        self, list_version: int, update_type: str, local_authorization_list: list[dict[str, Any]] | None = None
    ) -> object:
        """Take in a list, or changes to it."""
        entries = [
            (each["id_tag"].casefold(), at(each, "id_tag_info", "status")) for each in local_authorization_list or []
        ]
        return v16.call_result.SendLocalList(self.firmware.take_list(list_version, update_type, entries))

    @on("GetLocalListVersion")
    def get_local_list_version(self) -> object:
        """Tell the version of the list."""
        return v16.call_result.GetLocalListVersion(self.firmware.list_version)

    @on("Reset")
    def reset(self, **_: object) -> object:
        """Say that it will start anew."""
        return v16.call_result.Reset(ACCEPTED)

    @on("RemoteStopTransaction")
    def remote_stop(self, transaction_id: int) -> object:
        """Say whether it ends that session."""
        return v16.call_result.RemoteStopTransaction(self._stops(transaction_id))

    @after("RemoteStopTransaction")
    async def stop_remotely(self, transaction_id: int) -> None:
        """End the session."""
        if self._stops(transaction_id) == ACCEPTED:
            await self.body.stop_remotely()


class _Controlled2(_Controlled):
    """What chargers of 2.0.1 and 2.1 share; these messages look the same in both."""

    @on("SetVariables")
    def set_variables(self, set_variable_data: list[dict[str, Any]], **_: object) -> object:
        """Change variables, one after another."""
        results = [
            {
                **_named(each),
                "attribute_status": self._spelt(each, self.firmware.write(_name(each), value)),
            }
            for each in set_variable_data
            for value in (each["attribute_value"],)
        ]
        return v201.call_result.SetVariables(results)

    @on("GetVariables")
    def get_variables(self, get_variable_data: list[dict[str, Any]], **_: object) -> object:
        """Tell the values of variables."""
        settings = self.firmware.settings
        results = [
            {**_named(each), "attribute_status": ACCEPTED, "attribute_value": settings[_name(each)]}
            if _name(each) in settings
            else {**_named(each), "attribute_status": self._spelt(each, UNKNOWN)}
            for each in get_variable_data
        ]
        return v201.call_result.GetVariables(results)

    @on("GetBaseReport")
    def get_base_report(self, **_: object) -> object:
        """Say that a report follows."""
        return v201.call_result.GetBaseReport(ACCEPTED)

    @after("GetBaseReport")
    async def report(self, request_id: int, **_: object) -> None:
        """Report all variables in one message."""
        data = [
            {**_parts(name), "variable_attribute": [{"type": "Actual", "value": value}]}
            for name, value in self.firmware.settings.items()
        ]
        notice = self._call.NotifyReport(request_id=request_id, generated_at=self.stamp(), seq_no=0, report_data=data)
        await self.call(notice, suppress=False)

    @on("ClearCache")
    def clear_cache(self, **_: object) -> object:
        """Forget whom it remembers."""
        return v201.call_result.ClearCache(self.firmware.clear_cache())

    @on("SendLocalList")
    def send_local_list(
        self,
        version_number: int,
        update_type: str,
        local_authorization_list: list[dict[str, Any]] | None = None,
        **_: object,
    ) -> object:
        """Take in a list, or changes to it."""
        entries = [
            (each["id_token"]["id_token"].casefold(), at(each, "id_token_info", "status"))
            for each in local_authorization_list or []
        ]
        return v201.call_result.SendLocalList(self.firmware.take_list(version_number, update_type, entries))

    @on("GetLocalListVersion")
    def get_local_list_version(self, **_: object) -> object:
        """Tell the version of the list."""
        return v201.call_result.GetLocalListVersion(self.firmware.list_version)

    @on("Reset")
    def reset(self, **_: object) -> object:
        """Say that it will start anew."""
        return v201.call_result.Reset(ACCEPTED)

    @on("RequestStopTransaction")
    def request_stop(self, transaction_id: str, **_: object) -> object:
        """Say whether it ends that session."""
        return v201.call_result.RequestStopTransaction(self._stops(transaction_id))

    @after("RequestStopTransaction")
    async def stop_remotely(self, transaction_id: str, **_: object) -> None:
        """End the session."""
        if self._stops(transaction_id) == ACCEPTED:
            await self.body.stop_remotely()

    def _spelt(self, asked: dict[str, Any], status: str) -> str:
        """Spell a status as attribute statuses are."""
        if status != UNKNOWN:
            return status
        component = f"{asked['component']['name']}."
        known = any(name.startswith(component) for name in self.firmware.settings)
        return "UnknownVariable" if known else "UnknownComponent"


class Controlled201(_Controlled2, Charger201):
    """A charger of OCPP 2.0.1 that takes orders."""


class Controlled21(_Controlled2, Charger21):
    """A charger of OCPP 2.1 that takes orders."""


CONTROLLED: dict[str, Any] = {"1.6": Controlled16, "2.0.1": Controlled201, "2.1": Controlled21}


def _name(asked: dict[str, Any]) -> str:
    return f"{asked['component']['name']}.{asked['variable']['name']}"


def _named(asked: dict[str, Any]) -> dict[str, Any]:
    return {"component": asked["component"], "variable": asked["variable"]}


def _parts(name: str) -> dict[str, Any]:
    component, _, variable = name.partition(".")
    return {"component": {"name": component}, "variable": {"name": variable}}
