"""Who may charge throughout, charger by charger: the engine is asked once for all that are governed alike."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from policy_service.application.local_lists.candidates import MODULUS, Group
from policy_service.engine.offline_access import managed_from, standing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policy_service.application.local_lists.candidates import Candidates
    from policy_service.domain.local_list import Member
    from policy_service.engine.offline_access import Standing
    from policy_service.engine.plan import ChargerPlan, Governance, Plan

    _Alike: TypeAlias = tuple[Governance | None, tuple[bool, ...]]


class _Judged:
    """How all groups fare at chargers that are governed alike: who holds out longest comes first."""

    def __init__(self, begins: int | None, fares: Iterable[tuple[Standing, Group]]) -> None:
        self.begins = begins
        """From when on the chargers are managed; None: they never are."""
        self.fares = sorted(fares, key=lambda fare: -fare[0].refused_from)
        self.places = {group: place for place, (_, group) in enumerate(self.fares)}
        self.lasting = [-fares.refused_from for fares, _ in self.fares]
        self.digests = [0]
        for _, group in self.fares:
            self.digests.append((self.digests[-1] + group.digest) % MODULUS)


class Roll(NamedTuple):
    """Who may charge at some chargers whenever they are managed, until an instant: the first of the judged groups."""

    judged: _Judged
    ends: int
    many: int

    @property
    def digest(self) -> int:
        """Return the sum of all members' digests."""
        return self.judged.digests[self.many]

    @property
    def groups(self) -> list[Group]:
        """Return the groups of those who may."""
        return [group for _, group in self.judged.fares[: self.many]]

    @property
    def partly(self) -> int:
        """Return how many may do so for a part of that time only."""
        others = self.judged.fares[self.many :]
        return sum(len(group.members) for fares, group in others if fares.allowed_from < self.ends)

    def has(self, group: Group) -> bool:
        """Tell whether the members of a group are on it."""
        return self.judged.places.get(group, self.many) < self.many


class Rolls:
    """The rolls of one plan and one version of the registry, as seen at one instant."""

    def __init__(self, plan: Plan, candidates: Candidates, now: int, lifetime_s: int) -> None:
        """Judge from ``now`` on, for lists that last ``lifetime_s`` at most."""
        self.plan = plan
        self.now = now
        self._candidates = candidates
        self._lifetime_s = lifetime_s
        self._judged: dict[_Alike, _Judged] = {}

    def roll(self, entry: ChargerPlan, until: int) -> Roll:
        """Return who may charge at the charger whenever it is managed in ``[now, until)``.

        Where it is not managed by then, the stretch of equal length counts that begins when it next is; where it never
        is, nobody stands on the roll.
        """
        alike = entry.governance, tuple(each.matches(entry.charger) for each in self._candidates.selectors)
        judged = self._judged.get(alike)
        if judged is None:
            judged = self._judged[alike] = self._judge(entry)
        begins = judged.begins
        ends = until if begins is None or begins < until else begins + until - self.now
        return Roll(judged, ends, bisect_right(judged.lasting, -ends))

    def own_tokens(self, entry: ChargerPlan, roll: Roll) -> list[tuple[Group, Member]]:
        """Return those of the roll whose identifier is the charger's own token in freevend: it is refused there."""
        forms = {*entry.charger.synthetic_ids, *(entry.profile.synthetic_ids if entry.profile else ())}
        known = (self._candidates.of[form] for form in forms if form in self._candidates.of)
        return [(group, member) for group, member in known if roll.has(group)]

    def _judge(self, entry: ChargerPlan) -> _Judged:
        begins = managed_from(self.plan, entry, self.now)
        if begins is None:
            return _Judged(None, ())
        charger, ends = entry.charger.id, begins + self._lifetime_s
        return _Judged(
            begins,
            ((standing(self.plan, charger, group.sample, self.now, ends), group) for group in self._candidates.groups),
        )
