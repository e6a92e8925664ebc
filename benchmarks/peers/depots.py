"""The policies that all are given: three depots, each with so many windows, over 100,000 chargers.

A window names days, a start, an end and the classes of vehicles that may charge inside it; outside every window
anybody may. Windows of one depot never overlap, lie within one day and begin and end at a full minute: what every peer
can express.
"""

from __future__ import annotations

import json
from math import ceil
from typing import NamedTuple

CHARGERS = 100_000
OWN, AGREEMENT, UNKNOWN = "own", "agreement", "unknown"
CLASSES = (OWN, AGREEMENT, UNKNOWN)

_ZONES = {"north": "Australia/Melbourne", "harbour": "Pacific/Auckland", "wharf": "Europe/London"}
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_OFFICE_DAYS = (0, 1, 2, 3, 4)
_SHARED_OUT = ((0, 1), (2, 3), (4, 5), (6,))
_ALLOWS = ((OWN, AGREEMENT), (OWN,), ())
_MANAGED_SHARE = 0.6
_MINUTES = 1440
_PER_FILE = 20_000


class Window(NamedTuple):
    """A managed window: ``days`` from 0 for Monday, ``[start, end)`` in local minutes of the day."""

    name: str
    days: tuple[int, ...]
    start: int
    end: int
    allow: tuple[str, ...]

    def holds(self, weekday: int, minute: int) -> bool:
        """Tell whether a local time lies inside."""
        return weekday in self.days and self.start <= minute < self.end

    @property
    def refused(self) -> tuple[str, ...]:
        """The classes that may not charge inside."""
        return tuple(each for each in CLASSES if each not in self.allow)


class Depot(NamedTuple):
    """A depot with its windows."""

    name: str
    zone: str
    windows: tuple[Window, ...]

    def allows(self, vehicle_class: str, weekday: int, minute: int) -> bool:
        """Tell by the plainest of all ways whether a vehicle of that class may charge."""
        inside = next((window for window in self.windows if window.holds(weekday, minute)), None)
        return inside is None or vehicle_class in inside.allow


class Yard(NamedTuple):
    """Three depots, and the depot of each charger."""

    depots: tuple[Depot, ...]
    depot_of: dict[str, str]


def yard(windows: int, chargers: int = CHARGERS) -> Yard:
    """Return three depots of so many windows each, with so many chargers in all."""
    depots = tuple(
        Depot(name, zone, tuple(_window(number, index, windows) for index in range(windows)))
        for number, (name, zone) in enumerate(_ZONES.items())
    )
    names = list(_ZONES)
    return Yard(depots, {f"{names[n % 3].upper()}-{n:06}": names[n % 3] for n in range(chargers)})


def _window(depot: int, index: int, count: int) -> Window:
    """Share the week out among the windows of a depot; six tenths of it are managed."""
    if count == 1:
        return Window("w0", _OFFICE_DAYS, 8 * 60, 18 * 60, _ALLOWS[0])
    width = _MINUTES / ceil(count / len(_SHARED_OUT))
    start = int(index // len(_SHARED_OUT) * width)
    end = start + max(1, int(width * _MANAGED_SHARE))
    return Window(f"w{index}", _SHARED_OUT[index % len(_SHARED_OUT)], start, end, _ALLOWS[(index + depot) % 3])


def policy_files(yard_: Yard) -> dict[str, str]:
    """Return the policies and the inventory as policy-service reads them: content by path."""
    files = {f"{depot.name}.yaml": _policy(depot) for depot in yard_.depots}
    records = [{"id": id_, "labels": {"depot": depot}} for id_, depot in yard_.depot_of.items()]
    for start in range(0, len(records), _PER_FILE):
        document = {
            "apiVersion": "policy-service/v1",
            "kind": "ChargerInventory",
            "metadata": {"name": f"chargers-{start}"},
            "spec": {"chargers": records[start : start + _PER_FILE]},
        }
        files[f"chargers-{start}.json"] = json.dumps(document)
    return files


def _policy(depot: Depot) -> str:
    lines = [
        "apiVersion: policy-service/v1",
        "kind: AccessPolicy",
        f"metadata: {{name: {depot.name}}}",
        "spec:",
        f"  timezone: {depot.zone}",
        f"  chargers: {{labels: {{depot: {depot.name}}}}}",
        "  defaultMode: freevend",
        "  windows:",
        *(f"    - {_written(window, rank)}" for rank, window in enumerate(depot.windows)),
    ]
    return "\n".join(lines) + "\n"


def _written(window: Window, rank: int) -> str:
    """Write a window; its rank settles the hour in spring that is left out, in which neighbours meet."""
    days = ",".join(_DAYS[day] for day in window.days)
    allow = ", ".join(f"{{class: {each}}}" for each in window.allow)
    return (
        f"{{name: {window.name}, mode: managed, rrule: 'FREQ=WEEKLY;BYDAY={days}', from: 2026-01-05, "
        f"start: '{_clock(window.start)}', end: '{_clock(window.end)}', allow: [{allow}], priority: {rank}}}"
    )


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
