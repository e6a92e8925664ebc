"""PS214: a charger that its policy opens to everybody, of a model that cannot be switched to freevend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.domain.access import AccessMode
from policy_service.lint.found import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.engine.plan import ChargerPlan, Governance
    from policy_service.lint.linted import Linted

_TOLD = 50
"""Chargers that are told one by one."""


def find(linted: Linted) -> Iterator[Found]:
    """Yield chargers whose profile has no `freevend` and whose mode is freevend at some time in the coming year."""
    opens: dict[int, bool] = {}
    told = 0
    for entry in linted.plan.chargers.values():
        governance = entry.governance
        if governance is None or told == _TOLD or _switches(entry):
            continue
        if id(governance) not in opens:
            opens[id(governance)] = _opens(linted, governance)
        if opens[id(governance)]:
            told += 1
            message = (
                f"charger `{entry.charger.id}` is in freevend at times, "
                f"and its profile `{entry.charger.profile}` tells no way to switch it"
            )
            help_text = "tell under `freevend` of the profile how, or keep the charger managed by a policy of its own"
            yield Found(entry.charger.place, message, help_text)


def _switches(entry: ChargerPlan) -> bool:
    """Tell whether the model that the charger names can be switched; of one that names none nothing is known.

    A profile of other protocols is told as PS115.
    """
    profile, protocol = entry.profile, entry.charger.protocol
    if entry.charger.profile is None or profile is None:
        return True
    if protocol is None or (profile.protocols and protocol not in profile.protocols):
        return bool(profile.switches)
    return profile.switch(protocol) is not None


def _opens(linted: Linted, governance: Governance) -> bool:
    ranks = set(linted.drawn(governance.timeline.layers).ranks)
    return any(governance.rules[rank].layer.mode is AccessMode.FREEVEND for rank in ranks)
