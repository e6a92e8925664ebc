"""Changes of mode in lines for people: a line for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from policy_service.domain.access import AccessMode
from policy_service.domain.instant import parse_instant
from policy_service.domain.mode_events import ModeEventType
from policy_service.entrypoints.cli.columns import Columns
from policy_service.entrypoints.cli.findings import plural
from policy_service.entrypoints.cli.instants import offset_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.text import Text

    from policy_service.entrypoints.cli.columns import Cell
    from policy_service.entrypoints.cli.zones import Clocks

_NONE = "-"
_PLANNED = {"time": 25, "charger": 8, "from": 8, "to": 8, "policy": 8, "window": 8}
_EMITTED = {"time": 25, "charger": 8, "event": 22, "mode": 8, "policy": 8, "window": 8, "why": 8}
"""Columns, so wide at least that events which come one by one stay in line."""


class _Cells(Protocol):
    def __call__(self, change: Mapping[str, Any]) -> Sequence[Cell]: ...


class _Lines:
    """A line for each change, when by the clock of its policy or its charger first, before all the columns' names."""

    def __init__(self, clocks: Clocks, widths: Mapping[str, int], cells: _Cells) -> None:
        self._clocks = clocks
        self._columns = Columns(*widths, least=tuple(widths.values()))
        self._cells = cells
        self._headed = False

    def of(self, changes: Sequence[Mapping[str, Any]]) -> Iterator[Text]:
        """Yield the lines."""
        heading, self._headed = not self._headed, True
        rows = [[self._time(change), *self._cells(change)] for change in changes]
        return self._columns.lines(rows, heading=heading)

    def _time(self, change: Mapping[str, Any]) -> str:
        return offset_text(parse_instant(change["at"]), self._clocks.by(change.get("policy"), change["charger"]))


class PlannedLines(_Lines):
    """Planned changes of mode."""

    def __init__(self, clocks: Clocks) -> None:
        """Tell times by these clocks."""
        super().__init__(clocks, _PLANNED, _planned)


class ModeEventLines(_Lines):
    """What was told and seen."""

    def __init__(self, clocks: Clocks) -> None:
        """Tell times by these clocks."""
        super().__init__(clocks, _EMITTED, _emitted)


def listed_text(count: int, *, more: bool) -> str:
    """Return how many were listed, and how to get more."""
    if not count:
        return "there is no change of mode that fits (ids are case-sensitive)"
    told = plural(count, "change")
    return f"{told}; for more give --limit {count * 10}, or --all" if more else told


def _planned(change: Mapping[str, Any]) -> Sequence[Cell]:
    texts = (change["charger"], change["from_mode"])
    return [*(str(text) for text in texts), _mode(change["to_mode"]), *_texts(change, "policy", "window")]


def _emitted(change: Mapping[str, Any]) -> Sequence[Cell]:
    kind = str(change["type"])
    told: Cell = (kind, "red") if kind == ModeEventType.DIVERGED else kind
    return [str(change["charger"]), told, _mode(change["mode"]), *_texts(change, "policy", "window"), _why(change)]


def _why(change: Mapping[str, Any]) -> str:
    """Return the cause of what is due; of what was seen: in which mode, how late, at which try."""
    told = [str(change[name]) for name in ("cause", "why") if change.get(name)]
    if "reported" in change:
        told.append(f"seen in {change['reported']}" if change["reported"] else "not seen in any mode")
    if "attempt" in change:
        told.append(f"try {change['attempt']}")
    if "seconds_late" in change:
        told.append(f"{change['seconds_late']:,.1f} s late")
    return ", ".join(told) or _NONE


def _mode(mode: str | None) -> Cell:
    return (mode, "yellow" if mode == AccessMode.MANAGED else "green") if mode else _NONE


def _texts(change: Mapping[str, Any], *names: str) -> Sequence[str]:
    return [str(change.get(name) or _NONE) for name in names]
