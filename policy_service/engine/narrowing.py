"""Whether another plan takes rights away at a charger: then it must forget whom it has let in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.domain.access import Enforcement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policy_service.engine.plan import Governance
    from policy_service.engine.rules import Rule


def narrows(before: Governance, after: Governance | None, lo: int, hi: int) -> bool:
    """Tell whether anybody who was let in before may not be any more, anywhere in ``[lo, hi]`` (epoch seconds).

    In doubt it does. Where no policy comes after, nothing is promised any more.
    """
    if before is after:
        return False
    if after is None:
        return True
    at = [lo, *_bounds(before, lo, hi), *_bounds(after, lo, hi)]
    return any(_narrower(before.rule_at(each)[0], after.rule_at(each)[0]) for each in at)


def _bounds(governance: Governance, lo: int, hi: int) -> Iterable[int]:
    _, until = governance.rule_at(lo)
    while until <= hi:
        yield until
        _, until = governance.rule_at(until)


def _narrower(before: Rule, after: Rule) -> bool:
    if after.open is not None or after.policy.enforcement is Enforcement.OBSERVE:
        return False
    if before.open is not None or before.policy.enforcement is Enforcement.OBSERVE:
        return True
    kept = {(each.grant, each.during) for each in after.layer.grants}
    if any((each.grant, each.during) not in kept for each in before.layer.grants):
        return True
    judged = any(each.condition is not None for each in before.layer.grants)
    return judged and before.charger_values != after.charger_values
