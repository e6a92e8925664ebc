# ruff: noqa: INP001 - a script, not a package
"""Make the demo's identifiers and agreements: synthetic, the same on every run, no person's and no real vehicle's.

RFID numbers begin with ``08``, which ISO/IEC 14443-3 sets aside for random numbers, or with ``04`` on seven bytes; MAC
addresses are locally administered (``02``) or from the documentation range ``00:00:5E:00:53``; the eMAID provider
``DEM`` is made up. Run ``python demo/make_identifiers.py`` to write both files again.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

SEED = 20261124
HERE = Path(__file__).parent

Record: TypeAlias = dict[str, Any]
Spelling: TypeAlias = Callable[[str], str]

AGREEMENTS: list[Record] = [
    {"agreement": "metro-east", "fleet": "metro-east", "valid_from": "2026-01-01T00:00:00+11:00"},
    {"agreement": "metro-west", "fleet": "metro-west", "valid_from": "2026-07-01T00:00:00+10:00"},
    {"agreement": "metro-trial", "fleet": "metro-east", "valid_to": "2027-03-01T00:00:00+11:00"},
    # not yet begun
    {
        "agreement": "festival-shuttles",
        "fleet": "festival",
        "valid_from": "2027-02-12T00:00:00+11:00",
        "valid_to": "2027-02-16T00:00:00+11:00",
    },
    # lapsed at the end of June
    {"agreement": "metro-coaches", "fleet": "old-line-coaches", "valid_to": "2026-07-01T00:00:00+10:00"},
    {"agreement": "kiwi-freight", "fleet": "kiwi-freight", "valid_from": "2026-02-01T00:00:00+13:00"},
    {"agreement": "southern-haul-north", "fleet": "southern-haul"},
    {"agreement": "southern-haul-trial", "fleet": "southern-haul"},
    # dock only, whatever a policy would grant
    {
        "agreement": "coastal-couriers",
        "fleet": "coastal-couriers",
        "chargers": {"labels": {"depot": "auckland", "zone": "dock"}},
    },
    {"agreement": "harvest-coop", "fleet": "harvest-coop", "valid_from": "2027-01-15T00:00:00+13:00"},
    {"agreement": "southern-haul-tankers", "fleet": "tasman-tankers", "status": "suspended"},
    {"agreement": "expo-partners", "fleet": "expo-partners", "chargers": {"ids": ["LDN-*"], "exclude": ["LDN-01"]}},
    {"agreement": "blue-light-east", "fleet": "blue-light"},
]

BUS: Record = {"kind": "bus", "height_m": 3.1, "electric": True}
DECKER: Record = {"kind": "bus", "height_m": 4.3, "electric": True}
VAN: Record = {"kind": "van", "height_m": 2.2, "electric": True}
CAR: Record = {"kind": "car", "height_m": 1.5, "electric": False}
TRUCK: Record = {"kind": "truck", "height_m": 4.2, "electric": True}
TALL_TRUCK: Record = {"kind": "truck", "height_m": 4.4, "electric": True}
AMBULANCE: Record = {"kind": "ambulance", "height_m": 2.6, "electric": True}

KNOWN: list[Record] = [
    # the vehicles that documentation and `make demo` call by name
    {
        "identifier": "08:5E:00:01",
        "type": "rfid",
        "class": "own",
        "vehicle": "north-bus-001",
        "fleet": "north-buses",
        "attributes": BUS,
    },
    {
        "identifier": "VID:00005E005301",
        "type": "mac",
        "class": "own",
        "vehicle": "north-van-001",
        "fleet": "north-service",
        "attributes": VAN,
    },
    {
        "identifier": "00-00-5E-00-53-02",
        "type": "mac",
        "class": "agreement",
        "agreement": "metro-east",
        "vehicle": "metro-east-001",
        "fleet": "metro-east",
        "attributes": BUS,
    },
    {
        "identifier": "08:5E:00:03",
        "type": "rfid",
        "class": "agreement",
        "agreement": "metro-coaches",
        "vehicle": "old-line-coaches-001",
        "fleet": "old-line-coaches",
        "attributes": BUS,
    },
    {
        "identifier": "08:5E:00:04",
        "type": "rfid",
        "class": "own",
        "vehicle": "north-bus-blocked",
        "fleet": "north-buses",
        "attributes": BUS,
        "status": "blocked",
    },
    {
        "identifier": "402718",
        "type": "pin",
        "class": "agreement",
        "agreement": "coastal-couriers",
        "vehicle": "coastal-couriers-001",
        "fleet": "coastal-couriers",
        "attributes": VAN,
    },
    {
        "identifier": "08:5E:00:05",
        "type": "rfid",
        "class": "agreement",
        "agreement": "kiwi-freight",
        "vehicle": "kiwi-freight-001",
        "fleet": "kiwi-freight",
        "attributes": TRUCK,
    },
    {  # its agreement was never imported
        "identifier": "08:5E:00:06",
        "type": "rfid",
        "class": "agreement",
        "agreement": "metro-north",
        "vehicle": "metro-north-001",
        "fleet": "metro-north",
        "attributes": BUS,
    },
    {
        "identifier": "NZ-DEM-C00000001-1",
        "type": "emaid",
        "class": "own",
        "vehicle": "harbour-truck-001",
        "fleet": "harbour-trucks",
        "attributes": TRUCK,
    },
]

FLEETS: list[tuple[str, str, str | None, int, list[Record], list[str]]] = [
    # vehicles are named, fleet, agreement (None: own), how many, attributes, types of identifier
    ("north-bus", "north-buses", None, 90, [BUS, BUS, DECKER], ["rfid", "mac"]),
    ("north-van", "north-service", None, 30, [VAN, CAR], ["rfid", "mac"]),
    ("metro-east", "metro-east", "metro-east", 45, [BUS, DECKER], ["mac", "rfid"]),
    ("metro-west", "metro-west", "metro-west", 30, [BUS], ["mac"]),
    ("metro-trial", "metro-east", "metro-trial", 6, [BUS], ["rfid"]),
    ("old-line-coaches", "old-line-coaches", "metro-coaches", 14, [BUS], ["rfid"]),
    ("festival", "festival", "festival-shuttles", 12, [BUS], ["rfid"]),
    ("harbour-truck", "harbour-trucks", None, 60, [TRUCK, TRUCK, VAN], ["rfid", "mac", "emaid"]),
    ("kiwi-freight", "kiwi-freight", "kiwi-freight", 40, [TRUCK], ["rfid", "emaid"]),
    ("southern-haul", "southern-haul", "southern-haul-north", 35, [TRUCK, TALL_TRUCK], ["mac", "rfid"]),
    ("southern-trial", "southern-haul", "southern-haul-trial", 5, [TRUCK], ["rfid"]),
    ("tasman-tankers", "tasman-tankers", "southern-haul-tankers", 10, [TRUCK], ["rfid"]),
    ("coastal-couriers", "coastal-couriers", "coastal-couriers", 40, [VAN], ["pin"]),
    ("harvest-coop", "harvest-coop", "harvest-coop", 20, [TRUCK], ["rfid"]),
    ("council", "council-vans", None, 35, [VAN, CAR], ["rfid", "emaid"]),
    ("expo", "expo-partners", "expo-partners", 16, [VAN], ["emaid"]),
    ("blue-light", "blue-light", "blue-light-east", 8, [AMBULANCE], ["rfid", "mac"]),
]

MAC_SPELLINGS: list[Spelling] = [
    lambda digits: ":".join(_pairs(digits)),
    lambda digits: "-".join(_pairs(digits)),
    lambda digits: digits,
    lambda digits: digits.lower(),
    lambda digits: "VID:" + digits,
    lambda digits: "vid:" + ":".join(_pairs(digits)).lower(),
]
RFID_SPELLINGS: list[Spelling] = [
    lambda digits: digits,
    lambda digits: ":".join(_pairs(digits)),
    lambda digits: digits.lower(),
]


def _pairs(digits: str) -> list[str]:
    return [digits[i : i + 2] for i in range(0, len(digits), 2)]


def _hyphenated(emaid: str) -> str:
    return f"{emaid[:2]}-{emaid[2:5]}-{emaid[5:14]}-{emaid[14]}"


class Maker:
    """Makes identifiers that no other record has, whatever the spelling."""

    def __init__(self, seed: int) -> None:
        """Start the generator of random numbers; the same seed makes the same file."""
        self._random = random.Random(seed)  # noqa: S311 - demo data, and repeatable
        self._taken = {"".join(c for c in known["identifier"].upper() if c.isalnum()) for known in KNOWN}

    def identifier(self, kind: str) -> str:
        """Make one of a type, in one of the spellings that chargers and lists use."""
        while True:
            bare, spelling = self._draft(kind)
            if bare not in self._taken:
                self._taken.add(bare)
                return spelling(bare)

    def pick(self, choices: list[Any]) -> Any:  # noqa: ANN401 - one of what it is given
        """Pick one."""
        return self._random.choice(choices)

    def _draft(self, kind: str) -> tuple[str, Spelling]:
        if kind == "mac":
            return f"02{self._random.getrandbits(40):010X}", self.pick(MAC_SPELLINGS)
        if kind == "pin":
            return f"{self._random.randrange(100_000, 1_000_000)}", str
        if kind == "emaid":
            country = self.pick(["AU", "NZ", "GB"])
            bare = f"{country}DEMC{self._random.randrange(10_000_000, 100_000_000)}{self._random.randrange(10)}"
            return bare, self.pick([str, _hyphenated])
        length, prefix = self.pick([(8, "08"), (14, "04")])
        return f"{prefix}{self._random.getrandbits(4 * (length - 2)):0{length - 2}X}", self.pick(RFID_SPELLINGS)


def standing(number: int) -> Record:
    """Return what keeps every so-many-th vehicle out: blocked, not yet valid, expired; for the others nothing."""
    if number % 23 == 0:
        return {"status": "blocked"}
    if number % 29 == 0:
        return {"valid_from": "2027-01-01T00:00:00Z"}
    if number % 19 == 0:
        return {"valid_from": "2025-01-01T00:00:00Z", "valid_to": "2026-10-01T00:00:00Z"}
    return {}


def records() -> Iterator[Record]:
    """Return every record, the well-known ones first."""
    yield from KNOWN
    make = Maker(SEED)
    number = 0
    for name, fleet, agreement, count, attributes, kinds in FLEETS:
        for index in range(2, count + 2):
            number += 1
            held: Record = {"class": "own"} if agreement is None else {"class": "agreement", "agreement": agreement}
            about: Record = {"vehicle": f"{name}-{index:03d}", "fleet": fleet}
            if number % 31:  # some were never measured
                about["attributes"] = make.pick(attributes)
            kind = kinds[index % len(kinds)]
            yield {"identifier": make.identifier(kind), "type": kind, **held, **about, **standing(number)}
            if kind == "mac" and index % 5 == 0:  # a card in the cabin beside Autocharge
                yield {"identifier": make.identifier("rfid"), "type": "rfid", **held, **about}


def write(path: Path, lines: list[Record]) -> None:
    """Write records as NDJSON."""
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    path.write_text(text, encoding="utf-8", newline="\n")


def main() -> None:
    """Write both files beside this one."""
    write(HERE / "agreements.ndjson", AGREEMENTS)
    write(HERE / "identifiers.ndjson", list(records()))


if __name__ == "__main__":
    main()
