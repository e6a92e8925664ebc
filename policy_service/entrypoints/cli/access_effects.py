"""What changes for whom at once: the changes of every kind of vehicle laid over each other, and told in words."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from policy_service.domain.access import AccessMode, VehicleClass
from policy_service.domain.access_change import Foreseen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from policy_service.domain.access_change import Access, AccessChange, Difference, Requirement, Subject
    from policy_service.domain.charger import AttributeValue

Effect: TypeAlias = "tuple[tuple[Subject, Access | None, Access | None], ...]"
"""The subjects that are concerned, each with the access before and after."""


class Concerned(NamedTuple):
    """Chargers with equal changes: each effect with the stretches in which it is so."""

    chargers: tuple[str, ...]
    timezone: str
    effects: tuple[tuple[Effect, tuple[tuple[int, int], ...]], ...]


def concerned(differences: Iterable[Difference]) -> list[Concerned]:
    """Lay the changes of all subjects over each other; chargers for which these are equal are told once."""
    together: dict[tuple[object, ...], list[str]] = defaultdict(list)
    for each in differences:
        together[each.timezone, _effects(each)] += each.chargers
    return [Concerned(tuple(sorted(ids)), zone, effects) for (zone, effects), ids in together.items()]  # type: ignore[arg-type]


def _effects(difference: Difference) -> tuple[tuple[Effect, tuple[tuple[int, int], ...]], ...]:
    bounds = sorted(
        {bound for _, changes in difference.changes for change in changes for bound in (change.start, change.end)}
    )
    cursors = [_Cursor(changes) for _, changes in difference.changes]
    found: dict[Effect, list[tuple[int, int]]] = defaultdict(list)
    for start, end in pairwise(bounds):
        here = zip(difference.changes, (cursor.at(start) for cursor in cursors), strict=True)
        effect = tuple((subject, change.before, change.after) for (subject, _), change in here if change)
        stretches = found[effect]
        if stretches and stretches[-1][1] == start:
            stretches[-1] = (stretches[-1][0], end)
        else:
            stretches.append((start, end))
    return tuple((effect, tuple(stretches)) for effect, stretches in found.items() if effect)


class _Cursor:
    """Walks along changes in time order."""

    def __init__(self, changes: Sequence[AccessChange]) -> None:
        self._changes = changes
        self._next = 0

    def at(self, start: int) -> AccessChange | None:
        while self._next < len(self._changes) and self._changes[self._next].end <= start:
            self._next += 1
        here = self._changes[self._next] if self._next < len(self._changes) else None
        return here if here is not None and here.start <= start else None


def before_and_after(effect: Effect) -> tuple[str, str]:
    """Return in words what was and what will be."""
    modes = {(before and before.mode, after and after.mode) for _, before, after in effect}
    same_mode = all(one == other for one, other in modes) and all(before and after for _, before, after in effect)
    one = [(subject, before) for subject, before, _ in effect]
    other = [(subject, after) for subject, _, after in effect]
    if same_mode:
        return _who(one), _who(other)
    return _state(one), _state(other)


def _state(accesses: Sequence[tuple[Subject, Access | None]]) -> str:
    access = accesses[0][1]
    if access is None:
        return "not in the inventory"
    if access.mode is AccessMode.FREEVEND:
        return "open to everyone"
    admitting = [each for each in accesses if each[1] and each[1].outcome is not Foreseen.ACCESS_DENIED]
    kind = "under no policy" if access.mode is None else "managed"
    if not admitting:
        return f"{kind}, nobody may charge"
    if all(each and each.outcome is Foreseen.ALLOWED for _, each in accesses):
        return f"{kind}, everyone allowed"
    return f"{kind}, {_who(admitting)}, others refused"


def _who(accesses: Sequence[tuple[Subject, Access | None]]) -> str:
    by_answer: dict[str, list[Subject]] = defaultdict(list)
    for subject, access in accesses:
        if access is not None:
            by_answer[_answer(access)].append(subject)
    return "; ".join(f"{_names(subjects)} {answer}" for answer, subjects in by_answer.items())


def _answer(access: Access) -> str:
    if access.outcome is Foreseen.CONDITIONAL:
        return f"allowed if {' or if '.join(_requirement(each) for each in access.when)}"
    return "allowed" if access.outcome is Foreseen.ALLOWED else "refused"


def _requirement(requirement: Requirement) -> str:
    given = ", ".join(f"{name} is {_plain(value)}" for name, value in requirement.given)
    return f"`{requirement.condition}`" + (f" ({given})" if given else "")


def _plain(value: AttributeValue) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _names(subjects: Sequence[Subject]) -> str:
    return " and ".join(_name(subject) for subject in subjects)


def _name(subject: Subject) -> str:
    if subject.vehicle_class is VehicleClass.OWN:
        return "own vehicles"
    if subject.vehicle_class is VehicleClass.UNKNOWN:
        return "unknown vehicles"
    if subject.agreement is None:
        return "any other agreement"
    return f"agreement {subject.agreement}" if subject.named else f"further agreements {subject.agreement}"
