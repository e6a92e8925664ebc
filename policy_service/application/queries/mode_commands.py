"""The OCPP requests that bring a charger into the mode of its schedule, from the mode that it was last seen in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policy_service.application.plan_holder import standing
from policy_service.application.queries.chargers import UnknownChargerError
from policy_service.domain.charger import OCPP_1_6
from policy_service.domain.charger_command import CommandSequence
from policy_service.domain.charger_profile import UNKNOWN_MODEL, ChargerProfile
from policy_service.domain.policy import KEEP
from policy_service.engine.switching import commands_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.application.plan_holder import PlanHolder
    from policy_service.domain.access import AccessMode
    from policy_service.domain.charger import Charger
    from policy_service.domain.policy import RunningSessions
    from policy_service.engine.plan import ChargerPlan

_NAMELESS = ChargerProfile(UNKNOWN_MODEL)


@dataclass(frozen=True, slots=True)
class CommandsAt:
    """How a charger gets into the mode that its schedule wants at an instant."""

    charger: str
    protocol: str
    profile: str
    mode: AccessMode | None
    """The wanted one; None where no policy governs the charger, which is then left alone."""
    reported: AccessMode | None
    running_sessions: RunningSessions
    synthetic_ids: tuple[str, ...]
    """Normal forms of what it sends by itself in freevend."""
    sequence: CommandSequence
    notes: tuple[str, ...]


class ModeCommands:
    """Reads the plan in force."""

    def __init__(self, plans: PlanHolder) -> None:
        """Read what this holder holds."""
        self._plans = plans

    def of(self, charger_id: str, at: int, reported: AccessMode | None) -> CommandsAt:
        """Return the commands at an instant, given the mode reported last; None: not known.

        Raises UnknownChargerError.
        """
        entry = standing(self._plans).chargers.get(charger_id)
        if entry is None:
            raise UnknownChargerError
        charger, profile = entry.charger, entry.profile or _NAMELESS
        protocol = charger.protocol or next(iter(profile.protocols), OCPP_1_6)
        mode, running = _wanted(entry, at)
        if mode is None:
            sequence = CommandSequence(supported=profile.switch(protocol) is not None)
        else:
            sequence = commands_to(profile, protocol, mode, reported, charger.synthetic_ids)
        return CommandsAt(
            charger=charger_id,
            protocol=protocol,
            profile=profile.name,
            mode=mode,
            reported=reported,
            running_sessions=running,
            synthetic_ids=tuple(dict.fromkeys((*charger.synthetic_ids, *profile.synthetic_ids))),
            sequence=sequence,
            notes=(*_remarks(charger, profile, protocol, mode, sequence), *profile.notes),
        )


def _wanted(entry: ChargerPlan, at: int) -> tuple[AccessMode | None, RunningSessions]:
    if entry.governance is None:
        return None, KEEP
    layer = entry.governance.rule_at(at)[0].layer
    return layer.mode, layer.running_sessions


def _remarks(
    charger: Charger, profile: ChargerProfile, protocol: str, mode: AccessMode | None, sequence: CommandSequence
) -> Iterator[str]:
    """Yield what this charger's commands rest on, beside what its profile notes of the model."""
    if charger.profile is None:
        yield f"The charger names no profile and counts as {profile.name}."
    elif charger.profile != profile.name:
        yield f"There is no profile {charger.profile}; the charger counts as {profile.name}."
    if charger.protocol is None:
        yield f"The charger's protocol is not known; {protocol} is assumed."
    elif profile.protocols and protocol not in profile.protocols:
        yield f"The profile {profile.name} is not for {protocol}."
    if mode is None:
        yield "No policy governs the charger: nothing is switched."
    elif not sequence.supported:
        yield "It cannot be switched: keep it in managed mode; while the schedule says freevend, everybody is accepted."
    elif not sequence.readable:
        yield "What was switched cannot be read back: that it was accepted has to do."
