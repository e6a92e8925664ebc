"""Synthetic fleets of any size, as the uploads that a fleet office would send."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_A_CHUNK = 500
_FLEETS = 40


def ndjson(count: int, *, changed: int = 0) -> Iterator[bytes]:
    """Yield so many identifiers, some hundred lines at a time; no two are one.

    ``changed`` says that one in so many has another vehicle than in a list without.
    """
    for start in range(0, count, _A_CHUNK):
        numbers = range(start, min(start + _A_CHUNK, count))
        yield b"".join(_line(number, "new-" if changed and number % changed == 0 else "") for number in numbers)


def identifier(number: int) -> str:
    """Return the identifier of a vehicle as it is printed on its card; they come in no order."""
    plain = f"{number * 2_654_435_761 % (1 << 32):08X}{number:06X}"
    return ":".join(plain[at : at + 2] for at in range(0, 14, 2))


def owner(number: int) -> str:
    """Return the fleet of a vehicle."""
    return f"fleet-{number % _FLEETS}"


def _line(number: int, prefix: str) -> bytes:
    fleet = owner(number)
    return (
        f'{{"identifier": "{identifier(number)}", "type": "rfid", "class": "own", '
        f'"vehicle": "{prefix}{fleet}-{number:07}", "fleet": "{fleet}", '
        f'"attributes": {{"kind": "bus", "height_m": 3.1}}, "valid_to": "2027-07-01T00:00:00Z"}}\n'
    ).encode()
