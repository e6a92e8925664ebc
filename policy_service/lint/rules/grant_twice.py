"""PS223: a grant that stands twice in one list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.lint.found import Found
from policy_service.lint.linted import parts_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.domain.policy import Grant, Grants
    from policy_service.lint.linted import Linted


def find(linted: Linted) -> Iterator[Found]:
    """Yield grants that say what one above them in the same list says already."""
    for allow in _lists(linted):
        seen: dict[tuple[object, ...], Grant] = {}
        for grant in allow:
            first = seen.setdefault(_said(grant), grant)
            if first is not grant:
                message = f"the same grant stands on line {first.place.line} already"
                yield Found(grant.place, message, "remove it, or write what it was meant to say")


def _lists(linted: Linted) -> Iterator[Grants]:
    for policy in linted.tree.policies:
        yield policy.allow
        for part in parts_of(policy):
            yield part.allow or ()
    for override in linted.tree.overrides:
        yield override.allow or ()


def _said(grant: Grant) -> tuple[object, ...]:
    when = None if grant.when is None else grant.when.text
    hours = tuple(reference.schedule for reference in grant.during)
    return grant.vehicle_class, grant.agreements, grant.exclude_agreements, when, hours
