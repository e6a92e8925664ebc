"""Synthetic fleets of any size, as the uploads that a fleet office would send."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER = b"identifier,type,class,vehicle,fleet,attributes.kind,valid_to\n"
_A_CHUNK = 500
_FLEETS = 40


def ndjson(count: int) -> Iterator[bytes]:
    """Yield so many identifiers, some hundred lines at a time; no two are one."""
    for start in range(0, count, _A_CHUNK):
        yield b"".join(_line(number) for number in range(start, min(start + _A_CHUNK, count)))


def identifier(number: int) -> str:
    """Return the identifier of a vehicle as it is printed on its card."""
    plain = f"{number * 2_654_435_761 % (1 << 32):08X}{number:06X}"
    return ":".join(plain[at : at + 2] for at in range(0, 14, 2))


def _line(number: int) -> bytes:
    fleet = f"fleet-{number % _FLEETS}"
    return (
        f'{{"identifier": "{identifier(number)}", "type": "rfid", "class": "own", "vehicle": "{fleet}-{number:07}", '
        f'"fleet": "{fleet}", "attributes": {{"kind": "bus", "height_m": 3.1}}, "valid_to": "2027-07-01T00:00:00Z"}}\n'
    ).encode()
