"""PS225: a time zone of the tz database that is an abbreviation or an offset, and no place's."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import TYPE_CHECKING

from policy_service.engine.zone import Zone
from policy_service.lint.found import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.domain.place import Place
    from policy_service.lint.linted import Linted

_UTC = frozenset({"UTC", "UCT", "Universal", "Zulu"})
_MEANT = {
    "EST": "America/New_York",
    "EST5EDT": "America/New_York",
    "CST6CDT": "America/Chicago",
    "MST": "America/Denver",
    "MST7MDT": "America/Denver",
    "PST8PDT": "America/Los_Angeles",
    "HST": "Pacific/Honolulu",
    "WET": "Europe/Lisbon",
    "CET": "Europe/Berlin",
    "MET": "Europe/Berlin",
    "EET": "Europe/Athens",
    **dict.fromkeys(("GMT", "GMT0", "GMT+0", "GMT-0", "Greenwich"), "Europe/London"),
}
"""The place that most people mean who write the abbreviation."""
_HELP = "write the zone of the place where the chargers stand, such as `Australia/Melbourne`"


def find(linted: Linted) -> Iterator[Found]:
    """Yield zones that follow no place's clock; UTC is meant by whoever writes it."""
    for name, place in _written(linted):
        short = name.removeprefix("Etc/")
        if short in _MEANT or (name.startswith("Etc/") and short not in _UTC):
            help_text = f"did you mean `{_MEANT[short]}`?" if short in _MEANT else _HELP
            yield Found(place, _message(linted, name), help_text, len(name))


def _written(linted: Linted) -> Iterator[tuple[str, Place]]:
    tree = linted.tree
    for policy in tree.policies:
        yield policy.timezone, policy.places.get("timezone", policy.place)
    for schedule in tree.schedules.values():
        zone = schedule.times[0].timezone
        if zone is not None:
            yield zone, schedule.places.get("timezone", schedule.place)
    for override in tree.overrides:
        if override.timezone is not None:
            yield override.timezone, override.places.get("timezone", override.place)


def _message(linted: Linted, name: str) -> str:
    zone = Zone.of(name)
    if zone.changes(*linted.year):
        return f"`{name}` names no place: it does not follow one that changes its clock otherwise"
    offset = timezone(timedelta(seconds=zone.to_wall(linted.now) - linted.now))
    return f"`{name}` names no place: its clock is {offset} all year, summer and winter"
