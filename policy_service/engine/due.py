"""What is due at a charger: the change of mode that it has to be told next, given what it was told last."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from policy_service.domain.mode_events import Cause
from policy_service.engine.rules import OVERRIDE
from policy_service.engine.timeline import NEVER

if TYPE_CHECKING:
    from policy_service.domain.access import AccessMode
    from policy_service.engine.plan import Governance
    from policy_service.engine.rules import Layer

NODE_SKEW_MS = 5_000
"""How far apart the clocks of two machines may be: what one told for its now, lies ahead of the other's."""
NOTICED_MS = 5_000
"""Within so long an edit is in force and noticed: what it changes at such an instant is due then, and not later."""


class Course(NamedTuple):
    """How the mode of some chargers runs around an instant. Instants in epoch milliseconds."""

    now: int
    layer: Layer
    """What sets the mode now."""
    since: int | None
    """When that mode began; None where that lies too far back."""
    began: Layer
    """What set it then."""
    was_override: bool
    """An override brought it, by its start or its end."""
    next_at: int
    """When the mode changes next; NEVER beyond 400 days."""
    next_layer: Layer
    next_is_override: bool

    @property
    def mode(self) -> AccessMode:
        """Return the mode that the policy wants now."""
        return self.layer.mode


class Told(NamedTuple):
    """What a charger was told last: a mode from an instant on (epoch milliseconds), and which it had before."""

    mode: AccessMode
    from_mode: AccessMode | None
    at: int


class Due(NamedTuple):
    """What it has to be told: ``to_mode`` from ``at`` (epoch milliseconds) on."""

    from_mode: AccessMode | None
    to_mode: AccessMode
    at: int
    cause: Cause
    layer: Layer
    """What sets the mode then."""


def course(governance: Governance, now: int) -> Course:
    """Return how the mode runs around an instant (epoch milliseconds)."""
    second = now // 1000
    drawn = governance.timeline.around(second)
    layers = [governance.rules[rank].layer for rank in drawn.ranks]
    here, first, last = drawn.run(second, [layer.mode for layer in layers])
    before, after = layers[max(first - 1, 0)], layers[min(last + 1, len(layers) - 1)]
    next_at = drawn.bounds[last + 1]
    return Course(
        now,
        layers[here],
        drawn.bounds[first] * 1000 if first else None,
        layers[first],
        OVERRIDE in (before.level, layers[first].level),
        next_at if next_at == NEVER else next_at * 1000,
        after,
        OVERRIDE in (layers[last].level, after.level),
    )


def due(course: Course, told: Told | None, *, horizon: int, known: int, changed: Cause = Cause.POLICY) -> Due | None:
    """Return what a charger has to be told next; None where it knows all up to the horizon (epoch milliseconds).

    It is told one change ahead at most: the last that it was told is what counts. Of what has passed only what still
    holds is due. ``known`` is until when it was seen to have been told all that was due: what the plan has changed
    longer ago, another plan did not have. Such a change is due now, because of ``changed``.
    """
    if told is None:
        return Due(None, course.mode, course.now, Cause.FIRST_SEEN, course.layer)
    there = told.at <= course.now or (told.mode is course.mode and told.at <= course.now + NODE_SKEW_MS)
    standing = told.mode if there else told.from_mode
    if standing is not course.mode:
        return _missed(course, standing, told.at if there else 0, known, changed)
    if course.next_at <= horizon:
        if not there and told.at == course.next_at:
            return None
        cause = Cause.OVERRIDE if course.next_is_override else Cause.SCHEDULE
        return Due(standing, course.next_layer.mode, course.next_at, cause, course.next_layer)
    if there or told.at == course.next_at:
        return None
    return Due(told.mode, course.mode, course.now, changed, course.layer)  # what was told ahead will not come


def _missed(course: Course, standing: AccessMode | None, told_at: int, known: int, changed: Cause) -> Due:
    since = course.since
    if since is not None and since > max(told_at, known - NOTICED_MS):
        cause = Cause.OVERRIDE if course.was_override else Cause.SCHEDULE
        return Due(standing, course.mode, since, cause, course.began)
    return Due(standing, course.mode, course.now, changed, course.layer)
