"""From a model's profile to the requests that bring a charger into a mode: pure, and the same for every charger of it.

Required settings come first, then the switch, what reads it back, the settings for being offline, and ClearCache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.domain.access import AccessMode
from policy_service.domain.charger import OCPP_1_6
from policy_service.domain.charger_command import Command, CommandSequence
from policy_service.domain.charger_profile import Reboot, Setting
from policy_service.domain.ocpp_answers import LENGTHS_2_0_1, LONGEST_TAG_1_6

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policy_service.domain.charger_profile import ChargerProfile, FreevendSwitch


def commands_to(
    profile: ChargerProfile,
    protocol: str,
    wanted: AccessMode,
    reported: AccessMode | None = None,
    own_tokens: Iterable[str] = (),
) -> CommandSequence:
    """Return what leads from the reported mode to the wanted one; None is not known, so nothing is taken for granted.

    A charger that reports the wanted mode is asked to prove it and nothing is written. Of its own freevend tokens the
    first that fits goes before the profile's. A model that cannot be switched is kept in managed mode.
    """
    switch = profile.switch(protocol)
    if switch is None:
        shut = wanted is AccessMode.MANAGED and reported is not AccessMode.MANAGED
        return CommandSequence(
            supported=False, commands=tuple(_shutting(profile, protocol, clear=True)) if shut else ()
        )
    target = switch.setting(wanted)
    proof = (_read(target, protocol),) if switch.read_back else ()
    reset = None if switch.reboot is Reboot.NEVER else _reset(protocol)
    if reported is wanted:
        commands = proof
    else:
        first = [_write(each, protocol) for each in (*_first(switch, protocol, wanted, own_tokens), target)]
        managed = wanted is AccessMode.MANAGED
        last = list(_shutting(profile, protocol, clear=switch.clear_cache)) if managed else []
        if switch.reboot is Reboot.ALWAYS and reset is not None:  # before it starts anew there is nothing to prove
            commands = (*first, *last, reset, *proof)
        else:
            commands = (*first, *proof, *last)
    return CommandSequence(
        supported=True, commands=commands, reboot=switch.reboot, reset=reset, readable=switch.read_back
    )


def _first(switch: FreevendSwitch, protocol: str, wanted: AccessMode, own_tokens: Iterable[str]) -> Iterator[Setting]:
    """Yield what must be set before freevend works; managed mode needs nothing."""
    if wanted is not AccessMode.FREEVEND:
        return
    yield from switch.requires
    if switch.id_tag_key is not None and switch.id_tag is not None:
        room = LONGEST_TAG_1_6 if protocol == OCPP_1_6 else LENGTHS_2_0_1.token  # for which 2.1 has room as well
        token = next((each for each in own_tokens if len(each) <= room), switch.id_tag)
        yield Setting(switch.id_tag_key, token, switch.component)


def _shutting(profile: ChargerProfile, protocol: str, *, clear: bool) -> Iterator[Command]:
    """Yield what keeps out, offline and online, whom freevend let in."""
    yield from (_write(each, protocol) for each in profile.offline if each.speaks(protocol))
    if clear:
        yield Command("ClearCache", {})


def _write(setting: Setting, protocol: str) -> Command:
    if protocol == OCPP_1_6:
        return Command("ChangeConfiguration", {"key": setting.key, "value": setting.value})
    data = {**_variable(setting), "attributeValue": setting.value}
    return Command("SetVariables", {"setVariableData": [data]})


def _read(setting: Setting, protocol: str) -> Command:
    expect = {setting.name: setting.value}
    if protocol == OCPP_1_6:
        return Command("GetConfiguration", {"key": [setting.key]}, expect)
    return Command("GetVariables", {"getVariableData": [_variable(setting)]}, expect)


def _variable(setting: Setting) -> dict[str, dict[str, str]]:
    return {"component": {"name": setting.component or ""}, "variable": {"name": setting.key}}


def _reset(protocol: str) -> Command:
    """Return the mildest way to start anew; OnIdle waits for running sessions, Soft ends them in order."""
    return Command("Reset", {"type": "Soft" if protocol == OCPP_1_6 else "OnIdle"})
