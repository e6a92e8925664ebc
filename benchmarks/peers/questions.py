"""The questions that all are asked, with the local time that peers without time zones cannot work out."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from peers.depots import AGREEMENT, OWN, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peers.depots import Depot, Yard

NOW = datetime(2026, 11, 23, tzinfo=UTC)
"""When the policies are compiled; questions are about the 300 days after."""

VEHICLES = {OWN: 1_000, AGREEMENT: 1_000, UNKNOWN: 200}
"""How many identifiers there are of each class."""

_DENIED, _FREEVEND = 0.1, 0.3
_SPAN_S = 300 * 86_400
_PREFIX = {OWN: "04A2", AGREEMENT: "04B2", UNKNOWN: "04C2"}


class Question(NamedTuple):
    """What is asked: may this vehicle charge at this charger at this time.

    ``at`` in epoch seconds, ``weekday`` (0: Monday) and ``minute`` of the day in the depot's local time, ``allowed`` by
    the plainest reading of the windows.
    """

    charger: str
    depot: str
    identifier: str
    vehicle_class: str
    at: int
    weekday: int
    minute: int
    allowed: bool

    @property
    def time(self) -> str:
        """The instant as it is written in JSON."""
        return datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def identifiers(vehicle_class: str) -> list[str]:
    """Return the identifiers of a class."""
    return [f"{_PREFIX[vehicle_class]}{number:010X}" for number in range(VEHICLES[vehicle_class])]


def registrations() -> tuple[str, str]:
    """Return the agreements and the vehicles as policy-service imports them: lines of JSON."""
    plain = {"type": "rfid", "fleet": "north", "class": OWN}
    partner = {"type": "rfid", "fleet": "metro", "class": AGREEMENT, "agreement": "metro"}
    records = [{**plain, "identifier": each, "vehicle": f"bus-{each}"} for each in identifiers(OWN)]
    records += [{**partner, "identifier": each, "vehicle": f"metro-{each}"} for each in identifiers(AGREEMENT)]
    agreements = [{"agreement": "metro", "fleet": "metro"}]
    return "".join(json.dumps(each) + "\n" for each in agreements), "".join(json.dumps(each) + "\n" for each in records)


def questions(yard: Yard, count: int, seed: int = 20261123) -> list[Question]:
    """Return so many questions: a tenth is denied, three tenths fall outside every window, the rest is allowed inside.

    Nothing is asked about days on which clocks change: a local time says less than an instant then, and peers that are
    told the local time cannot know better.
    """
    rng = random.Random(seed)  # noqa: S311 - questions, not secrets
    drawn = _drawn(yard, rng)
    wanted = {"denied": round(count * _DENIED), "freevend": round(count * _FREEVEND)}
    wanted["allowed"] = count - sum(wanted.values())
    found: list[Question] = []
    while len(found) < count:
        kind, question = next(drawn)
        if wanted[kind]:
            wanted[kind] -= 1
            found.append(question)
    rng.shuffle(found)
    return found


def _drawn(yard: Yard, rng: random.Random) -> Iterator[tuple[str, Question]]:
    depots = {depot.name: depot for depot in yard.depots}
    of_class = {vehicle_class: identifiers(vehicle_class) for vehicle_class in VEHICLES}
    chargers, classes = list(yard.depot_of), list(of_class)
    while True:
        charger, vehicle_class = rng.choice(chargers), rng.choice(classes)
        depot = depots[yard.depot_of[charger]]
        at = NOW + timedelta(seconds=rng.randrange(_SPAN_S))
        if _clocks_change(depot, at):
            continue
        local = at.astimezone(ZoneInfo(depot.zone))
        weekday, minute = local.weekday(), local.hour * 60 + local.minute
        allowed = depot.allows(vehicle_class, weekday, minute)
        inside = any(window.holds(weekday, minute) for window in depot.windows)
        kind = "freevend" if not inside else "allowed" if allowed else "denied"
        identifier = rng.choice(of_class[vehicle_class])
        second = int(at.timestamp())
        yield kind, Question(charger, depot.name, identifier, vehicle_class, second, weekday, minute, allowed)


def _clocks_change(depot: Depot, at: datetime) -> bool:
    zone, day = ZoneInfo(depot.zone), timedelta(days=1)
    return (at - day).astimezone(zone).utcoffset() != (at + day).astimezone(zone).utcoffset()
