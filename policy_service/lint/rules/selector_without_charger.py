"""PS204: a selector, or a glob in one, that picks no charger of the inventory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.domain.selector import Selector
from policy_service.language.wording import suggestion
from policy_service.lint.found import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.lint.linted import Linted


def find(linted: Linted) -> Iterator[Found]:
    """Yield selectors that pick nothing; where a selector picks something, its globs that add or leave out nothing.

    A tree without an inventory has its chargers elsewhere: nothing is known of them.
    """
    if not linted.chargers:
        return
    for compiled in linted.plan.policies:
        policy = compiled.policy
        matched = linted.index.matched(policy.chargers, compiled.selector)
        yield from _judged(linted, policy.chargers, f"policy `{policy.name}`", matched=bool(matched))
    for override in linted.tree.overrides:
        matched = linted.overridden(override)
        yield from _judged(linted, override.chargers, f"override `{override.name}`", matched=bool(matched))


def _judged(linted: Linted, selector: Selector, owner: str, *, matched: bool) -> Iterator[Found]:
    globs = (*(selector.ids or ()), *selector.exclude)
    idle = [glob for glob in globs if not linted.index.matched(Selector(ids=(glob,)), None)]
    if not matched and not idle:
        message = f"{owner} picks no charger: no one of the inventory meets every part of its selector"
        yield Found(selector.place, message, "check `ids`, `labels`, `exclude` and `when` against the inventory")
    for glob in idle:
        help_text = suggestion(glob, linted.chargers if "*" not in glob else (), "correct it, or remove it")
        message = f"`{glob}` of {owner} matches no charger of the inventory"
        yield Found(linted.written(glob, selector.place), message, help_text or "", len(glob))
