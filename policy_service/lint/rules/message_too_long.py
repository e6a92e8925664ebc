"""PS215: a message that is longer than a display it is meant for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.domain.charger import OCPP_1_6
from policy_service.lint.found import Found
from policy_service.lint.linted import parts_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policy_service.domain.charger_profile import ChargerProfile
    from policy_service.domain.place import Place
    from policy_service.domain.policy import AccessPolicy, Texts
    from policy_service.engine.plan import ChargerPlan
    from policy_service.lint.linted import Linted

_FILLED = "2026-12-24 06:00"
"""The longest that a placeholder becomes."""


def find(linted: Linted) -> Iterator[Found]:
    """Yield messages that some charger of the policy cannot show whole, placeholders at their longest."""
    smallest = _smallest_displays(linted)
    for policy in linted.tree.policies:
        profile = smallest.get(policy.name)
        if profile is not None:
            for place, texts in _messages(policy):
                yield from _too_long(linted, texts, place, profile)
    for override in linted.tree.overrides:
        shown = [linted.plan.chargers[id_] for id_ in linted.overridden(override) if override.message]
        profile = min(filter(None, map(_limited, shown)), key=_most, default=None)
        if profile is not None:
            yield from _too_long(linted, override.message or (), override.place, profile)


def _smallest_displays(linted: Linted) -> Mapping[str, ChargerProfile]:
    """Return, by policy, the profile of its chargers that shows the fewest characters."""
    smallest: dict[str, ChargerProfile] = {}
    for entry in linted.plan.chargers.values():
        profile = _limited(entry)
        if profile is not None and entry.policy is not None:
            known = smallest.setdefault(entry.policy.name, profile)
            if _most(profile) < _most(known):
                smallest[entry.policy.name] = profile
    return smallest


def _limited(entry: ChargerPlan) -> ChargerProfile | None:
    """Return the charger's profile where it limits a text that drivers are shown; OCPP 1.6 carries none."""
    profile = entry.profile
    if profile is None or profile.denial.max_chars is None or not profile.denial.display_text:
        return None
    return None if entry.charger.protocol == OCPP_1_6 else profile


def _most(profile: ChargerProfile) -> int:
    return profile.denial.max_chars or 0


def _messages(policy: AccessPolicy) -> Iterator[tuple[Place, Texts]]:
    for part in parts_of(policy):
        if part.message is not None:
            yield part.places.get("message", part.place), part.message
    for texts in policy.messages.values():
        yield policy.places.get("messages", policy.place), texts


def _too_long(linted: Linted, texts: Texts, place: Place, profile: ChargerProfile) -> Iterator[Found]:
    most = _most(profile)
    for _, text in texts:
        longest = len(text.replace("{until}", _FILLED).replace("{next_allowed}", _FILLED))
        if longest > most:
            message = (
                f"the message comes to {longest} characters, and a display of profile `{profile.name}` shows {most}"
            )
            at = linted.written(text, place)
            length = len(text) if linted.reads(text, at) else 1
            yield Found(at, message, f"say it in {most} characters or fewer", length)
