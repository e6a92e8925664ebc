"""A timeline as a picture (SVG 1.1): a band a day by the wall clock, told in words as well, without scripts."""

from __future__ import annotations

from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from policy_service.domain.access import AccessMode
from policy_service.entrypoints.cli.charger_ranges import chargers_text
from policy_service.entrypoints.cli.instants import local_text
from policy_service.entrypoints.cli.timeline_bands import CELLS, UNICODE, bands, signs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from policy_service.entrypoints.cli.drawn import Drawn
    from policy_service.entrypoints.cli.timeline_bands import Band, Key

_CELL, _ROW, _BAR = 14, 26, 20
"""Widths and heights in user units: a half hour, a day with its gap, and its bar."""
_LEFT, _TOP = 130, 46
_RIGHT = 170
"""Room for remarks on clock changes."""
_LEGEND_ROW = 22
_OPEN = "#d7efdc"
_MANAGED = ("#1f3a5f", "#7a1f3d", "#4b3b8f", "#6b4a00", "#0f5a5a")
"""Each carries white text at a contrast of 7:1 or more."""
_FONT = 'font-family="system-ui, sans-serif" font-size="12"'


def picture(drawings: Sequence[Drawn]) -> str:
    """Return one picture of all timelines below each other."""
    parts: list[str] = []
    top = 0
    for number, drawn in enumerate(drawings):
        found, height = _timeline(drawn, number)
        parts.append(f'<g transform="translate(0 {top})" role="group" aria-labelledby="t{number}">')
        parts += found
        parts.append("</g>")
        top += height
    width = _LEFT + CELLS * _CELL + _RIGHT
    names = "; ".join(chargers_text(drawn.chargers, 5) for drawn in drawings)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{top}" viewBox="0 0 {width} {top}" '
        f'role="img" aria-labelledby="title desc" {_FONT}>'
    )
    verb = "is" if sum(len(drawn.chargers) for drawn in drawings) == 1 else "are"
    title = f'<title id="title">{escape(f"When {names} {verb} open to everyone")}</title>'
    desc = f'<desc id="desc">{escape(" ".join(_words(drawings)))}</desc>'
    background = f'<rect width="{width}" height="{top}" fill="#ffffff"/>'
    return "\n".join([head, title, desc, background, *parts, "</svg>"]) + "\n"


def _words(drawings: Sequence[Drawn]) -> Iterator[str]:
    for drawn in drawings:
        yield f"{chargers_text(drawn.chargers, 5)}, {drawn.zone.name}:"
        for segment in drawn.segments:
            span = f"{local_text(segment.start, drawn.zone)} to {local_text(segment.end, drawn.zone)}"
            yield f"{span} {segment.mode} ({segment.window or 'default'})."


def _timeline(drawn: Drawn, number: int) -> tuple[list[str], int]:
    policy = f", policy {drawn.policy.name}, {drawn.zone.name}" if drawn.policy else ": no policy governs"
    head = f"{chargers_text(drawn.chargers, 5)}{policy}"
    parts = [f'<text id="t{number}" x="8" y="18" font-weight="bold">{escape(head)}</text>']
    if drawn.policy is None:
        return parts, _TOP
    legend = signs(drawn.segments, UNICODE)
    colours = _colours(legend)
    parts += [
        f'<text x="{_LEFT + hour * 2 * _CELL}" y="{_TOP - 8}" text-anchor="middle">{hour:02}</text>'
        for hour in range(0, 25, 3)
    ]
    shown = bands(drawn.segments, drawn.zone, drawn.first, drawn.days, UNICODE)
    for row, band in enumerate(shown):
        parts += _band(band, _TOP + row * _ROW, legend, colours)
    below = _TOP + len(shown) * _ROW + 8
    for row, (key, sign) in enumerate(legend.items()):
        y = below + row * _LEGEND_ROW
        parts.append(_rect(_LEFT, y, _CELL * 2, colours[key]))
        parts.append(_sign(_LEFT + _CELL, y, sign, key))
        told = f"{key.mode}: {key.window or 'default'}"
        parts.append(f'<text x="{_LEFT + _CELL * 2 + 8}" y="{y + 14}">{escape(told)}</text>')
    return parts, below + len(legend) * _LEGEND_ROW + 12


def _colours(legend: Mapping[Key, str]) -> dict[Key, str]:
    managed = [key for key in legend if key.mode is AccessMode.MANAGED]
    return {key: _MANAGED[managed.index(key) % len(_MANAGED)] if key in managed else _OPEN for key in legend}


def _band(band: Band, y: int, legend: Mapping[Key, str], colours: Mapping[Key, str]) -> Iterator[str]:
    yield f'<text x="8" y="{y + 14}">{band.day:%a %Y-%m-%d}</text>'
    at = 0
    for key, run in groupby(band.cells):
        cells = len(list(run))
        if key is not None:
            yield _rect(_LEFT + at * _CELL, y, cells * _CELL, colours[key])
            yield _sign(_LEFT + (at + cells / 2) * _CELL, y, legend[key], key)
        at += cells
    if band.remark:
        yield f'<text x="{_LEFT + CELLS * _CELL + 8}" y="{y + 14}" font-weight="bold">{escape(band.remark)}</text>'


def _rect(x: float, y: float, width: float, colour: str) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{_BAR}" fill="{colour}" stroke="#ffffff"/>'


def _sign(x: float, y: float, sign: str, key: Key) -> str:
    """Write the letter into the bar: colours alone tell not everybody."""
    if key.window is None:
        return ""
    colour = "#ffffff" if key.mode is AccessMode.MANAGED else "#16391f"
    return f'<text x="{x:g}" y="{y + 14:g}" text-anchor="middle" fill="{colour}">{escape(sign)}</text>'
