"""PS223: a grant that stands twice in one list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.lint.found import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.domain.policy import Grant
    from policy_service.lint.linted import Linted


def find(linted: Linted) -> Iterator[Found]:
    """Yield grants that say what one above them in the same list says already."""
    for allow in linted.grant_lists():
        seen: dict[tuple[object, ...], Grant] = {}
        for grant in allow:
            first = seen.setdefault(_said(grant), grant)
            if first is not grant:
                message = f"the same grant stands on line {first.place.line} already"
                yield Found(grant.place, message, "remove it, or write what it was meant to say")


def _said(grant: Grant) -> tuple[object, ...]:
    when = None if grant.when is None else grant.when.text
    hours = tuple(reference.schedule for reference in grant.during)
    return grant.vehicle_class, grant.agreements, grant.exclude_agreements, when, hours
