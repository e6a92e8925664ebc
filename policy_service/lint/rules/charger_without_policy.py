"""PS205: a charger of the inventory that no policy governs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.lint.found import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.lint.linted import Linted

_TOLD = 50
"""Chargers that are told one by one: with more, a whole depot has no policy."""


def find(linted: Linted) -> Iterator[Found]:
    """Yield chargers of the files that answer by the setting UNGOVERNED, and how many more there are."""
    ungoverned = [entry.charger for entry in linted.plan.chargers.values() if entry.governance is None]
    hidden = len(ungoverned) - _TOLD
    for charger in ungoverned[:_TOLD]:
        more = f", nor {hidden} more chargers" if hidden > 0 and charger is ungoverned[_TOLD - 1] else ""
        message = f"no policy governs charger `{charger.id}`{more}"
        yield Found(charger.place, message, "widen a policy's selector, or write a policy for it")
