"""Selectors to chargers by an index: many policies over many chargers cost what they match."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from typing import TYPE_CHECKING

from policy_service.domain.selector import is_literal
from policy_service.engine.conditions import charger_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from policy_service.domain.charger import Charger
    from policy_service.domain.selector import Selector
    from policy_service.engine.conditions import Condition

_WILDCARDS = "*?["
_LAST = "\U0010ffff"


class ChargerIndex:
    """Chargers by id prefix and by label."""

    def __init__(self, chargers: Mapping[str, Charger]) -> None:
        """Index the inventory once; labels are indexed when a selector first names them."""
        self._chargers = chargers
        self._ids = sorted(chargers)
        self._labels: dict[str, dict[str, set[str]]] = {}

    def matched(self, selector: Selector, condition: Condition | None) -> list[str]:
        """Return the ids of the chargers that the selector picks; ``condition`` is its compiled ``when``."""
        chargers = self._chargers
        found = list(self._candidates(selector))
        if not _candidates_suffice(selector):
            found = [id_ for id_ in found if selector.matches(chargers[id_])]
        if condition is None:
            return found
        holds = _remembering(condition)
        return [id_ for id_ in found if holds(chargers[id_])]

    def _candidates(self, selector: Selector) -> Iterable[str]:
        """Return at least every charger that ids and labels pick, cheaply."""
        by_label = None
        for name, values in selector.labels or ():
            found = set[str]().union(*(self._labelled(name).get(value, ()) for value in values))
            by_label = found if by_label is None else by_label & found
        if by_label is not None:
            return sorted(by_label)
        if selector.ids is None:
            return self._ids
        if len(selector.ids) == 1:
            return self._by_glob(selector.ids[0])
        return dict.fromkeys(id_ for glob in selector.ids for id_ in self._by_glob(glob))

    def _by_glob(self, glob: str) -> Iterable[str]:
        if is_literal(glob):
            return (glob,) if glob in self._chargers else ()
        prefix = glob[: min(glob.find(sign) for sign in _WILDCARDS if sign in glob)]
        return self._ids[bisect_left(self._ids, prefix) : bisect_left(self._ids, prefix + _LAST)]

    def _labelled(self, name: str) -> Mapping[str, set[str]]:
        if (known := self._labels.get(name)) is None:
            known = self._labels[name] = defaultdict(set)
            for id_, charger in self._chargers.items():
                if name in charger.labels:
                    known[charger.labels[name]].add(id_)
        return known


def _candidates_suffice(selector: Selector) -> bool:
    """Tell whether the index alone answers: labels only, or ids and their prefixes only."""
    if selector.exclude or (selector.ids is not None and selector.labels is not None):
        return False
    if selector.ids is None:
        return selector.labels is not None or selector.when is not None
    return all(is_literal(glob.removesuffix("*")) for glob in selector.ids)


def _remembering(condition: Condition) -> Callable[[Charger], bool]:
    """Evaluate the condition once per distinct set of the values that it names, and of their types.

    1.0 and True are equal in Python, but not to a condition.
    """
    seen: dict[tuple[object, ...], bool] = {}
    names = sorted(condition.names)

    def holds(charger: Charger) -> bool:
        values = charger_values(charger)
        named = [values.get(name) for name in names]
        key = (*named, *map(type, named))
        if (known := seen.get(key)) is None:
            known = seen[key] = condition.holds(values)
        return known

    return holds
