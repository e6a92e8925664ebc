"""PS224: a policy that picks chargers and governs none of them, because others of higher priority do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.lint.found import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.lint.linted import Linted

_NAMED = 3


def find(linted: Linted) -> Iterator[Found]:
    """Yield policies of which no charger is left; one that picks none at all is PS204's to tell."""
    governing = {id(governance.policy) for governance in set(linted.plan.governances.values())}
    for compiled in linted.plan.policies:
        policy = compiled.policy
        picked = [] if id(policy) in governing else linted.index.matched(policy.chargers, compiled.selector)
        if picked:
            over = sorted({linted.plan.governances[id_].policy.name for id_ in picked})
            named = ", ".join(f"`{name}`" for name in over[:_NAMED]) + (" and others" if len(over) > _NAMED else "")
            message = (
                f"policy `{policy.name}` governs no charger: all that it picks are under {named}, of higher priority"
            )
            help_text = "give it a higher `priority`, narrow the others, or remove it"
            yield Found(policy.place, message, help_text, len(policy.name))
