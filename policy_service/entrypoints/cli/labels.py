"""Labels of chargers as operators type them: NAME:VALUE."""

from __future__ import annotations

from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING

from policy_service.entrypoints.cli.failure import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from policy_service.entrypoints.cli.service_calls import ServiceCalls

_SHOWN = 20
_ASKED = 10_000
"""Chargers that the service is asked for at most: a hint may not take longer than the answer."""


def read_labels(written: Sequence[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return each label with its values, in order, each once. Raises CommandError."""
    labels: dict[str, dict[str, None]] = {}
    for text in written:
        name, _, value = text.partition(":")
        if not (name and value and text.isprintable()):
            message = f"--label {text}: no label"
            raise CommandError(message, "write it like --label depot:north")
        labels.setdefault(name, {})[value] = None
    return tuple(sorted((name, tuple(values)) for name, values in labels.items()))


def read_label(written: Sequence[str] | None) -> str | None:
    """Return the one label that the service takes; None where none is given. Raises CommandError."""
    if not written:
        return None
    read_labels(written)
    if len(set(written)) > 1:
        message = f"--label {' --label '.join(written)}: here one label can be given"
        raise CommandError(message, "ask for one after the other")
    return written[0]


def missing_label(written: Iterable[str], chargers: Iterable[Mapping[str, str]]) -> tuple[str, str] | None:
    """Return the first label that none of the chargers has, and what may be meant; None where each is on some."""
    known = sorted({f"{name}:{value}" for labels in chargers for name, value in labels.items()})
    missing = next((label for label in written if label not in known), None)
    return None if missing is None else (f"no charger has the label `{missing}`", _meant(missing, known))


def label_remark(calls: ServiceCalls, label: str | None) -> Sequence[str]:
    """Return, where no charger of the service has the label, a sentence that says so; none where it does not tell."""
    if label is None:
        return ()
    try:
        if next(calls.each("chargers", label=label, limit=1), None) is not None:
            return ()
        chargers = [each["labels"] for each in islice(calls.each("chargers"), _ASKED)]
    except CommandError:
        return ()
    missing = missing_label([label], chargers)
    return () if missing is None else (f"note: {'; '.join(missing)}",)


def _meant(label: str, known: Sequence[str]) -> str:
    meant = get_close_matches(label, known, n=1)
    return f"did you mean `{meant[0]}`?" if meant else f"there are {', '.join(known[:_SHOWN]) or 'no labels'}"
