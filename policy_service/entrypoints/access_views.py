"""Changes of access as data: the JSON of the command line and of the HTTP API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.domain.instant import format_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policy_service.domain.access_change import Access, Difference


def change_views(differences: Iterable[Difference]) -> Iterator[dict[str, Any]]:
    """Yield every change of every charger, by charger, kind of vehicle and time."""
    by_charger = {id_: difference for difference in differences for id_ in difference.chargers}
    written: dict[int, list[dict[str, Any]]] = {}
    for charger, difference in sorted(by_charger.items()):
        views = written.get(id(difference))
        if views is None:
            views = written[id(difference)] = list(_views(difference))
        yield from ({"charger": charger, **view} for view in views)


def _views(difference: Difference) -> Iterator[dict[str, Any]]:
    """Yield the changes that chargers have in common, without the charger."""
    for subject, changes in difference.changes:
        for change in changes:
            yield {
                "vehicle_class": str(subject.vehicle_class),
                "agreement": subject.agreement,
                "start": format_instant(change.start),
                "end": format_instant(change.end),
                "before": access_view(change.before),
                "after": access_view(change.after),
            }


def access_view(access: Access | None) -> dict[str, Any] | None:
    """Return mode and outcome, with the conditions of a conditional one; None for a charger that is not there."""
    if access is None:
        return None
    view: dict[str, Any] = {"mode": None if access.mode is None else str(access.mode), "outcome": str(access.outcome)}
    when = [{"condition": each.condition, "given": dict(each.given)} for each in access.when]
    return {**view, "when": when} if when else view
