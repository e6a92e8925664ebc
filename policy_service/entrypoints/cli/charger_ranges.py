"""Many charger ids in few words: numbers that follow each other are a range."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_NUMBERED = re.compile(r"(.*?)(\d+)", re.DOTALL | re.ASCII)
_LEAST = 3
"""Two that follow each other are written out."""


def charger_ranges(ids: Iterable[str]) -> list[str]:
    """Return ids and ranges such as ``NTH-01…NTH-20``, in order."""
    found: list[str] = []
    plain: list[str] = []
    numbered: list[tuple[str, int, int, str]] = []
    for id_ in ids:
        match = _NUMBERED.fullmatch(id_)
        if match is None:
            plain.append(id_)
        else:
            numbered.append((match[1], len(match[2]), int(match[2]), id_))
    numbered.sort()
    # of consecutive numbers, number and position grow together
    keyed = [(prefix, width, number - at, id_) for at, (prefix, width, number, id_) in enumerate(numbered)]
    for _, run in groupby(keyed, key=lambda each: each[:3]):
        names = [each[3] for each in run]
        found += names if len(names) < _LEAST else [f"{names[0]}…{names[-1]}"]
    return sorted([*plain, *found])


def chargers_text(ids: Iterable[str], most: int | None = None) -> str:
    """Return the ranges in a line, so many at most."""
    ranges = charger_ranges(ids)
    shown = ranges if most is None else ranges[:most]
    more = len(ranges) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
