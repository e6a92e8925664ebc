"""Charger selectors out of stored JSON; they are stored as clients see them, in the shape of the policy format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.domain.selector import Selector

if TYPE_CHECKING:
    from collections.abc import Mapping


def from_json(written: Mapping[str, Any] | None) -> Selector | None:
    """Read a stored selector, where there is one."""
    return None if written is None else of_json(written)


def of_json(written: Mapping[str, Any]) -> Selector:
    """Read a stored selector, a condition aside; equal texts give equal selectors."""
    ids, labels = written.get("ids"), written.get("labels")
    return Selector(
        ids=None if ids is None else tuple(ids),
        labels=None if labels is None else tuple(sorted((name, tuple(values)) for name, values in labels.items())),
        exclude=tuple(written.get("exclude", ())),
    )
