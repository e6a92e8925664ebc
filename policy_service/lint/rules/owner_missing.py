"""PS219: a policy that names nobody to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.lint.found import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.lint.linted import Linted


def find(linted: Linted) -> Iterator[Found]:
    """Yield policies without `metadata.owner`."""
    for policy in linted.tree.policies:
        if policy.owner is None:
            message = f"policy `{policy.name}` has no owner"
            help_text = "write `owner: TEAM` below `metadata`: whoever is on call asks them"
            yield Found(policy.place, message, help_text, len(policy.name))
