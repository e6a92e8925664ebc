"""Labels of chargers as operators type them: NAME:VALUE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.entrypoints.cli.failure import CommandError

if TYPE_CHECKING:
    from collections.abc import Sequence


def read_labels(written: Sequence[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return each label with its values, in order. Raises CommandError."""
    labels: dict[str, tuple[str, ...]] = {}
    for text in written:
        name, colon, value = text.partition(":")
        if not (name and colon and value):
            message = f"--label {text}: no label"
            raise CommandError(message, "write it like --label depot:north")
        labels[name] = (*labels.get(name, ()), value)
    return tuple(sorted(labels.items()))
