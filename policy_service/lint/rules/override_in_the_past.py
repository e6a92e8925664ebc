"""PS203: an override that is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.engine.timeline import NEVER
from policy_service.engine.zone import Zone, wall_seconds
from policy_service.lint.durations import local_text
from policy_service.lint.found import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.domain.policy import WallInstant
    from policy_service.lint.linted import Linted


def find(linted: Linted) -> Iterator[Found]:
    """Yield overrides whose end lies behind in every zone that it may be meant in.

    Where neither the override nor a policy names a zone, nothing is known and nothing is told.
    """
    governing = {policy.timezone for policy in linted.tree.policies}
    for override in linted.tree.overrides:
        zones = map(Zone.of, governing if override.timezone is None else {override.timezone})
        ends = [(_instant(override.end, zone), zone.name) for zone in zones]
        end, zone = max(ends, default=(NEVER, ""))
        if end <= linted.now:
            message = f"override `{override.name}` is over since {local_text(end, Zone.of(zone))}"
            yield Found(override.place, message, "remove it: the history keeps what it was", len(override.name))


def _instant(at: WallInstant | int, zone: Zone) -> int:
    return at if isinstance(at, int) else zone.to_utc(wall_seconds(at.day.toordinal(), at.second))
