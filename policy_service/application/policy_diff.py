"""Two policy trees compared: read, narrowed to what may differ, compiled, and swept over a stretch of time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from policy_service.application.tree_digest import digest_of
from policy_service.domain.access import Ungoverned
from policy_service.engine.compile import CompileContext, compile_plan
from policy_service.engine.diff import diff
from policy_service.engine.narrow import governing, narrowed
from policy_service.engine.subjects import subjects
from policy_service.engine.zone import zone_data_from
from policy_service.language.load import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.domain.access_change import Difference
    from policy_service.domain.charger import Charger
    from policy_service.domain.charger_profile import BuiltInProfiles
    from policy_service.domain.diagnostic import Diagnostic
    from policy_service.domain.policy import Override
    from policy_service.domain.policy_tree import PolicyTree
    from policy_service.engine.holiday_days import HolidayDates
    from policy_service.engine.narrow import Governing
    from policy_service.engine.plan import Plan
    from policy_service.language.load import Cache


@dataclass(frozen=True, slots=True)
class Side:
    """What one side is made of. Imported chargers and overrides are those of a running service; offline, none."""

    files: Mapping[str, bytes] = field(repr=False)
    holidays: HolidayDates
    profiles: BuiltInProfiles
    now: int
    ungoverned: Ungoverned = Ungoverned.DENY
    chargers: Mapping[str, Charger] = field(default_factory=dict[str, "Charger"], repr=False)
    overrides: tuple[Override, ...] = ()
    zone_data: str | None = None
    """A directory of compiled time zone files in place of the pinned ones."""

    def context(self, previous: Plan | None = None) -> CompileContext:
        """Return what its plan depends on beside the tree; chargers stand in the tree already."""
        content = digest_of(self.files)
        overrides = self.overrides
        return CompileContext(self.now, self.holidays, content, self.ungoverned, {}, overrides, previous, at_hand=False)


class RefusedTreeError(Exception):
    """One side cannot be put in force: what it would answer is not defined."""

    def __init__(self, side: int, diagnostics: tuple[Diagnostic, ...]) -> None:
        """Name the side, 0 the old and 1 the new one, and what is wrong with it."""
        super().__init__(f"{len(diagnostics)} findings")
        self.side = side
        self.diagnostics = diagnostics


@dataclass(frozen=True, slots=True)
class Compared:
    """The differences of two trees, and the trees."""

    differences: tuple[Difference, ...]
    trees: tuple[PolicyTree, PolicyTree] = field(repr=False)
    span: tuple[int, int]
    """``[from, to)`` in epoch seconds."""


def compare(old: Side, new: Side, span: tuple[int, int]) -> Compared:
    """Compare two sides over ``[lo, hi)``. A file that stands in both is read once. Raises RefusedTreeError."""
    trees = _trees(old, new)
    plans = _plans(old, new, trees)
    return Compared(tuple(diff(*plans, span, subjects(trees))), trees, span)


def timezones(number: int, side: Side) -> set[str]:
    """Return the zones that a side's policies keep, by name. Raises RefusedTreeError."""
    return {policy.timezone for policy in _tree(number, side, {}).policies}


def _plans(old: Side, new: Side, trees: tuple[PolicyTree, PolicyTree]) -> tuple[Plan, Plan]:
    """Compile both; where nothing but trees differs, only what differs between these."""
    if old.holidays is not new.holidays or old.zone_data != new.zone_data:
        return plan_of(0, trees[0], old), plan_of(1, trees[1], new)
    one, other = narrowed(_outlined(0, trees[0], old), _outlined(1, trees[1], new), new.context())
    before = plan_of(0, one, old)
    return before, plan_of(1, other, new, before)


def _outlined(number: int, tree: PolicyTree, side: Side) -> tuple[PolicyTree, Governing]:
    found = governing(tree, side.context())
    if isinstance(found, tuple):
        raise RefusedTreeError(number, found)
    return tree, found


def plan_of(number: int, tree: PolicyTree, side: Side, previous: Plan | None = None) -> Plan:
    """Compile a side. Raises RefusedTreeError."""
    with zone_data_from(side.zone_data):
        compiled = compile_plan(tree, side.context(previous))
    if compiled.plan is None:
        raise RefusedTreeError(number, compiled.diagnostics)
    return compiled.plan


def _trees(old: Side, new: Side) -> tuple[PolicyTree, PolicyTree]:
    cache: Cache = {}
    return _tree(0, old, cache), _tree(1, new, cache)


def _tree(number: int, side: Side, cache: Cache) -> PolicyTree:
    checked = load(side.files, cache, side.profiles)
    if checked.tree is None:
        raise RefusedTreeError(number, checked.diagnostics)
    return replace(checked.tree, chargers={**side.chargers, **checked.tree.chargers})
