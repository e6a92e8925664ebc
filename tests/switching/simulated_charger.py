"""A charger that keeps what it is told, as its model's keys say, for the time that a test lasts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from policy_service.domain.charger_command import Command


@dataclass
class SimulatedCharger:
    """Its settings by ``Key`` or ``Component.Variable``, and what was done to it in order."""

    settings: dict[str, str] = field(default_factory=dict[str, str])
    cached: bool = True
    history: list[str] = field(default_factory=list[str])

    def take(self, command: Command) -> None:
        """Do as told; read back what is expected of it."""
        self.history.append(command.action)
        getattr(self, f"_{command.action}")(command.payload)
        for name, value in (command.expect or {}).items():
            assert self.settings[name].casefold() == value.casefold(), (name, self.settings)

    def _ChangeConfiguration(self, payload: dict[str, Any]) -> None:  # noqa: N802 - OCPP's own name
        self.settings[payload["key"]] = payload["value"]

    def _SetVariables(self, payload: dict[str, Any]) -> None:  # noqa: N802 - OCPP's own name
        for data in payload["setVariableData"]:
            self.settings[_name(data)] = data["attributeValue"]

    def _GetConfiguration(self, payload: dict[str, Any]) -> None:  # noqa: N802 - OCPP's own name
        assert all(key in self.settings for key in payload["key"])

    def _GetVariables(self, payload: dict[str, Any]) -> None:  # noqa: N802 - OCPP's own name
        assert all(_name(data) in self.settings for data in payload["getVariableData"])

    def _ClearCache(self, payload: dict[str, Any]) -> None:  # noqa: N802 - OCPP's own name
        assert payload == {}
        self.cached = False

    def _Reset(self, payload: dict[str, Any]) -> None:  # noqa: N802 - OCPP's own name
        assert payload["type"] in {"Soft", "OnIdle"}


def _name(data: dict[str, Any]) -> str:
    return f"{data['component']['name']}.{data['variable']['name']}"
