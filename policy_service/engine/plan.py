"""The plan: every charger with its rules and its timeline, named by a revision."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from policy_service.domain.instant import DAY
from policy_service.domain.timeline import ModeTransition, Segment
from policy_service.engine.timeline import AHEAD, HORIZON, LOOK_BACK, NEVER, Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policy_service.domain.access import AccessMode, Ungoverned
    from policy_service.domain.charger import Charger
    from policy_service.domain.charger_profile import ChargerProfile
    from policy_service.domain.policy import AccessPolicy, Override
    from policy_service.engine.compile_policy import CompiledPolicy, Surroundings
    from policy_service.engine.rules import Rule
    from policy_service.engine.timeline import TimelineKey


class Digest(Protocol):
    """A hash under way, as hashlib makes them."""

    def copy(self) -> Digest:
        """Return one that goes its own way from here."""
        ...

    def update(self, data: bytes, /) -> None:
        """Add bytes."""
        ...

    def hexdigest(self) -> str:
        """Return what it comes to so far."""
        ...


def home_around(now: int) -> tuple[int, int]:
    """Return the horizon to keep at hand, in epoch seconds: whole UTC days around an instant."""
    today = now - now % DAY
    return today - LOOK_BACK, today + AHEAD


@dataclass(frozen=True, slots=True, eq=False)
class Governance:
    """How chargers of one policy, one set of overrides and equal attributes are governed."""

    policy: AccessPolicy
    rules: tuple[Rule, ...]
    """By rank: ``rules[0]`` is the default mode, the last one the strongest override."""
    timeline: Timeline
    twins: bool
    """Two rules share mode and window name: a boundary between them may change no answer."""
    at_once: tuple[Rule | None, ...] = field(init=False)
    """By rank, OUTSIDE among them: the rule where it alone decides; None where it takes a closer look."""

    def __post_init__(self) -> None:
        """Prepare what decisions look up first."""
        rules = (None,) * len(self.rules) if self.twins else self.rules
        object.__setattr__(self, "at_once", (*rules, None))

    def rule_at(self, at: int) -> tuple[Rule, int]:
        """Return the rule that sets the mode, and until when (NEVER: beyond the horizon)."""
        rank, until = self.timeline.locate(at)
        return self.rules[rank], until

    def first_in(self, mode: AccessMode, at: int) -> int | None:
        """Return the first instant from ``at`` on at which the mode holds; None if it does not within 400 days."""
        start = at
        while start - at <= HORIZON:
            rule, until = self.rule_at(start)
            if rule.layer.mode is mode:
                return start
            start = until
        return None


@dataclass(frozen=True, slots=True, eq=False)
class ChargerPlan:
    """One charger and how it is governed; ``governance`` None where no policy matches it."""

    charger: Charger
    governance: Governance | None
    profile: ChargerProfile | None = None

    def sends_by_itself(self, form: str) -> bool:
        """Tell whether an identifier's normal form is the charger's own freevend token, or one of its model."""
        if form in self.charger.synthetic_ids:
            return True
        return self.profile is not None and form in self.profile.synthetic_ids

    @property
    def policy(self) -> AccessPolicy | None:
        """Return the governing policy."""
        return self.governance.policy if self.governance else None

    def segments(self, lo: int, hi: int) -> list[Segment]:
        """Return what holds in ``[lo, hi)``: a new segment wherever mode, window or allow changes."""
        if self.governance is None or lo >= hi:
            return []
        rules, policy = self.governance.rules, self.governance.policy
        drawn = self.governance.timeline.draw(lo, hi)
        segments: list[Segment] = []
        for start, end, rank in drawn.stretches():
            layer = rules[rank].layer
            segment = Segment(start, end, layer.mode, layer.name, policy.name, layer.allow)
            if segments and segments[-1][2:] == segment[2:]:
                segment = segment._replace(start=segments.pop().start)
            segments.append(segment)
        return segments

    def transitions(self, lo: int, hi: int) -> Iterator[ModeTransition]:
        """Yield the changes of mode in ``[lo, hi)``, in time order."""
        if self.governance is None:
            return
        drawn = self.governance.timeline.draw(lo - 1, hi)
        before = self.governance.rules[drawn.ranks[0]].layer
        for at, rank in zip(drawn.bounds[1:], drawn.ranks[1:], strict=False):
            layer = self.governance.rules[rank].layer
            if layer.mode is not before.mode:
                yield ModeTransition(
                    self.charger.id,
                    at,
                    before.mode,
                    layer.mode,
                    self.governance.policy.name,
                    layer.name,
                    layer.running_sessions,
                )
            before = layer

    def mode_bounds(self, at: int) -> tuple[int | None, int | None]:
        """Return since when and until when the mode at an instant holds unchanged; None beyond 400 days."""
        if self.governance is None:
            return None, None
        drawn = self.governance.timeline.draw(at - HORIZON, at + HORIZON + 1)
        modes = [self.governance.rules[rank].layer.mode for rank in drawn.ranks]
        _, first, last = drawn.run(at, modes)
        until = drawn.bounds[last + 1]
        return drawn.bounds[first] if first else None, None if until == NEVER else until


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What is in force: immutable in its answers; only the part of time kept at hand moves, see :meth:`roll`."""

    revision: str
    """``sha256:…`` of the content, the time zone database's and the holiday data's versions."""
    tzdata: str
    holidays: str
    chargers: Mapping[str, ChargerPlan]
    governances: Mapping[str, Governance]
    """The governance of every governed charger: what the hot path asks first, one step nearer than ``chargers``."""
    ungoverned: Ungoverned
    policies: tuple[CompiledPolicy, ...]
    """In document order."""
    timelines: Mapping[TimelineKey, Timeline] = field(repr=False)
    """Equal timelines once, whatever policies and chargers they serve."""
    surroundings: Surroundings = field(repr=False)
    overrides: tuple[Override, ...]
    """Those made over HTTP."""
    digest: Digest = field(repr=False)
    """The revision before overrides: others can be added to a copy."""

    def roll(self, now: int) -> None:
        """Move the part of time kept at hand; no answer changes by it."""
        home = home_around(now)
        for timeline in self.timelines.values():
            timeline.roll(*home)
        for policy in self.policies:
            for hours in list(policy.hours.values()):
                hours.timeline.roll(*home)

    def mode_at(self, charger_id: str, at: int) -> AccessMode | None:
        """Return the charger's mode; None where no policy governs it. Raises KeyError for an unknown charger."""
        governance = self.chargers[charger_id].governance
        return governance.rule_at(at)[0].layer.mode if governance else None
