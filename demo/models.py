# ruff: noqa: INP001 - lies beside scripts, not in a package
"""Charger models to simulate: which configuration switches freevend, and what the model sends while it is on.

The keys are those of the service's charger profiles of the same names, written down here once more on purpose: a
simulated charger that took them from the service would agree with its mistakes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Model:
    """A model. Configuration is named ``Key`` in OCPP 1.6, and ``Component.Variable`` in 2.x."""

    profile: str
    version: str = "1.6"
    switch: str | None = None
    """What switches freevend; None: nothing does."""
    on: str = "true"
    """Its value in freevend, as the model spells it; with ``any_is_on`` whatever is not empty is."""
    off: str = "false"
    any_is_on: bool = False
    needs: Mapping[str, str] = field(default_factory=dict[str, str])
    """What else must be set for freevend to work."""
    id_tag: str | None = None
    """Where the token stands that it sends in freevend."""
    sends: str | None = None
    """The token that it sends unless ``id_tag`` says another; None: its serial number."""
    list_entries: int = 100
    list_chunk: int = 50


MODELS = {
    f"{model.profile} {model.version}": model
    for model in (
        Model("micro-ocpp", switch="Cst_FreeVendActive", id_tag="Cst_FreeVendIdTag", sends="A0000000",
              list_entries=48, list_chunk=48),
        Model("abb-terra-ac", switch="FreevendEnabled", id_tag="FreevendIdTag", list_entries=16, list_chunk=16),
        Model("easee", switch="freecharging", on="True", off="False", id_tag="rfidtagfreecharging", sends="EASEEFREE"),
        Model("zaptec-go", switch="FreeCharging", id_tag="FreeChargingIdTag", sends="ZAPFREE"),
        Model("bender-ebee", switch="FreeCharging", on="On", off="Off", id_tag="RfidTagFreeCharging",
              sends="freecharging"),
        Model("vestel-evc04", switch="FreeModeActive", on="TRUE", off="FALSE", id_tag="FreeModeRFID",
              sends="VestelFreeMode"),
        Model("wallbox", switch="AuthEnabled", on="false", off="true", id_tag="AuthDisabledIdTag",
              sends="NoAuthorization"),
        Model("hager-witty", switch="HagerOcppFreeAccessEnabled", id_tag="HagerOcppFreeAccessIdTag",
              sends="HAGERFREE"),
        Model("phoenix-charx", switch="FreeMode"),
        Model("grizzl-e", switch="StartChargingAfterConnect"),
        Model("open-ocpp", switch="PlugAndChargeId", on="FREEVEND", off="", any_is_on=True),
        Model("alfen-eve", "2.0.1", switch="AlfenStation.AuthorizationMethod", on="Plug&Charge", off="RFID",
              id_tag="AlfenStation.PlugAndChargeIdentifier", sends="A0000000"),
        Model("ocpp-2x", "2.0.1", switch="AuthCtrlr.Enabled", on="false", off="true",
              needs={"TxCtrlr.TxStartPoint": "EVConnected"}),
        Model("ocpp-2x", "2.1", switch="AuthCtrlr.Enabled", on="false", off="true",
              needs={"TxCtrlr.TxStartPoint": "EVConnected"}),
        Model("keba"),
    )
}  # fmt: skip
"""By profile and version."""
