"""Charger profiles and commands as JSON: one shape, whichever door they leave by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.domain.charger_profile import on_breach

if TYPE_CHECKING:
    from policy_service.application.queries.mode_commands import CommandsAt
    from policy_service.domain.charger_command import Command
    from policy_service.domain.charger_profile import (
        ChargerProfile,
        DenialSignal,
        FreevendSwitch,
        LocalListTraits,
        ModelPattern,
        Setting,
    )

VERIFIED = "simulators"
"""What every profile has been tried on: no charger in the field."""


def profile_view(profile: ChargerProfile, chargers: int) -> dict[str, Any]:
    """Return a profile with all its facts, and how many chargers are of it."""
    return {
        "name": profile.name,
        "title": profile.title,
        "origin": "built_in" if profile.built_in else "own",
        "file": profile.place.file or None,
        "protocols": list(profile.protocols),
        "switches": [_switch_view(switch) for switch in profile.switches],
        "fallback": profile.fallback,
        "synthetic_ids": list(profile.synthetic_ids),
        "denial": _denial_view(profile.denial),
        "local_list": _list_view(profile.local_list),
        "offline": [_setting_view(setting) for setting in profile.offline],
        "statuses": dict(profile.statuses),
        "on_breach": on_breach(None, profile),
        "identify": _pattern_view(profile.identify),
        "notes": list(profile.notes),
        "source": profile.source,
        "confidence": profile.confidence,
        "verified": VERIFIED,
        "chargers": chargers,
    }


def _list_view(traits: LocalListTraits) -> dict[str, Any]:
    return {
        "max_entries": traits.max_entries,
        "max_chunk": traits.max_chunk,
        "max_bytes": traits.max_bytes,
        "spelling": traits.spelling,
    }


def commands_view(found: CommandsAt) -> dict[str, Any]:
    """Return the commands that bring a charger into its mode, as ``GET /v1/chargers/{id}/commands`` does."""
    sequence, running = found.sequence, found.running_sessions
    return {
        "charger": found.charger,
        "protocol": found.protocol,
        "profile": found.profile,
        "mode": found.mode,
        "reported": found.reported,
        "supported": sequence.supported,
        "fallback": sequence.fallback,
        "reboot": sequence.reboot,
        "reset": None if sequence.reset is None else _command_view(sequence.reset),
        "running_sessions": {"action": running.action, "after_s": running.after},
        "synthetic_ids": list(found.synthetic_ids),
        "commands": [_command_view(command) for command in sequence.commands],
        "notes": list(found.notes),
    }


def _command_view(command: Command) -> dict[str, Any]:
    view: dict[str, Any] = {"action": command.action, "payload": command.payload}
    return view if command.expect is None else {**view, "expect": {"variables": dict(command.expect)}}


def _switch_view(switch: FreevendSwitch) -> dict[str, Any]:
    return {
        "component": switch.component,
        "key": switch.key,
        "on": switch.on,
        "off": switch.off,
        "id_tag_key": switch.id_tag_key,
        "id_tag": switch.id_tag,
        "synthetic_id": switch.synthetic_id,
        "requires": [_setting_view(setting) for setting in switch.requires],
        "read_back": switch.read_back,
        "clear_cache": switch.clear_cache,
        "reboot": switch.reboot,
    }


def _setting_view(setting: Setting) -> dict[str, Any]:
    return {"component": setting.component, "key": setting.key, "value": setting.value}


def _denial_view(denial: DenialSignal) -> dict[str, Any]:
    return {
        "display_text": denial.display_text,
        "max_chars": denial.max_chars,
        "formats": list(denial.formats),
        "languages": list(denial.languages),
        "led": denial.led,
        "buzzer": denial.buzzer,
        "undocumented": denial.undocumented,
        "shows": denial.shows,
    }


def _pattern_view(pattern: ModelPattern) -> dict[str, Any]:
    return {
        "keys": list(pattern.keys),
        "vendor": pattern.vendor,
        "model": pattern.model,
        "otherwise": pattern.otherwise,
    }
