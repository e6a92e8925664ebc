"""What ``override open`` and ``override lock`` ask the service for: which chargers, until when, who may charge."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from policy_service.domain.instant import format_instant
from policy_service.domain.selector import Expression, Selector, matches_any
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.labels import read_labels
from policy_service.entrypoints.cli.lengths import read_length
from policy_service.entrypoints.cli.zones import instant_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from policy_service.engine.zone import Zone


class Only(StrEnum):
    """Who may charge at locked chargers, instead of whom the policy lets."""

    OWN = "own"
    AGREEMENT = "agreement"
    NOBODY = "nobody"


_ALLOW: dict[Only, list[dict[str, str]]] = {
    Only.OWN: [{"class": "own"}],
    Only.AGREEMENT: [{"class": "agreement"}],
    Only.NOBODY: [],
}


@dataclass(frozen=True, slots=True)
class Picked:
    """Which chargers, as typed."""

    chargers: Sequence[str]
    labels: Sequence[str]
    exclude: Sequence[str]
    when: str | None

    def selector(self) -> Selector:
        """Return it as the domain knows it. Raises CommandError."""
        if not self.chargers and not self.labels and self.when is None:
            message = "no charger is named"
            raise CommandError(message, "give --charger NTH-01, --charger 'NTH-*', --label depot:north or --when")
        return Selector(
            ids=tuple(self.chargers) or None,
            labels=read_labels(self.labels) or None,
            exclude=tuple(self.exclude),
            when=None if self.when is None else Expression(self.when),
        )

    def idle(self, taken: Sequence[str]) -> Iterator[str]:
        """Yield the ids and globs, also those that leave out, that meet none of the chargers that are taken."""
        for named in (*self.chargers, *self.exclude):
            if not any(matches_any((named,), charger) for charger in taken):
                yield named


@dataclass(frozen=True, slots=True)
class Span:
    """From when until when, as typed."""

    start: str | None
    until: str | None
    length: str | None

    def instants(self, zones: Callable[[], Sequence[Zone]]) -> tuple[int | None, int, list[str]]:
        """Return beginning (None: now) and end in epoch seconds, with remarks on both. Raises CommandError.

        ``zones`` tells whose wall clock is meant by a text without an offset; it is asked only where there is one.
        """
        if (self.until is None) is (self.length is None):
            what = "an override needs an end" if self.until is None else "--for and --until both say when it ends"
            raise CommandError(what, "give one of --for 2h and --until '2026-11-24 06:00'")
        remarks: list[str] = []
        start = None if self.start is None else instant_by(self.start, zones, remarks)
        if self.until is not None:
            return start, instant_by(self.until, zones, remarks), remarks
        length = read_length(self.length or "")
        return start, (int(time.time()) if start is None else start) + length, remarks


def body_of(picked: Picked, start: int | None, until: int) -> dict[str, Any]:
    """Return of the request's body which chargers and when."""
    chargers: dict[str, Any] = {"ids": list(picked.chargers)} if picked.chargers else {}
    if picked.labels:
        chargers["labels"] = {name: list(values) for name, values in read_labels(picked.labels)}
    if picked.exclude:
        chargers["exclude"] = list(picked.exclude)
    if picked.when is not None:
        chargers["when"] = picked.when
    body = {"chargers": chargers, "until": format_instant(until)}
    return body if start is None else {**body, "from": format_instant(start)}


def allow_of(only: Only | None) -> dict[str, Any]:
    """Return who may charge, nothing where the policy says."""
    return {} if only is None else {"allow": _ALLOW[only]}
