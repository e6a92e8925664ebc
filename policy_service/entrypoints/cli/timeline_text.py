"""A drawn timeline as lines: head, bands, legend, and every change to the second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from policy_service.domain.access import AccessMode
from policy_service.domain.instant import format_instant
from policy_service.entrypoints.cli.findings import plural
from policy_service.entrypoints.cli.instants import local_text
from policy_service.entrypoints.cli.timeline_bands import bands, key_of, signs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policy_service.domain.policy import Grant, Grants
    from policy_service.entrypoints.cli.drawn import Drawn
    from policy_service.entrypoints.cli.timeline_bands import Band, Glyphs, Key

_MARGIN = " " * 15
_NAMED = 6
_PALETTE = ("red", "magenta", "blue", "yellow", "cyan")


def timeline_lines(drawn: Drawn, glyphs: Glyphs) -> Iterator[Text]:
    """Yield everything about one timeline."""
    yield Text(_head(drawn), "bold")
    if drawn.policy is None:
        yield Text("no policy governs: the setting UNGOVERNED decides")
        return
    legend = signs(drawn.segments, glyphs)
    styles = _styles(legend)
    yield Text(_MARGIN + "".join(f"{hour:02}".ljust(6) for hour in range(0, 24, 3)) + "24", "dim")
    for band in bands(drawn.segments, drawn.zone, drawn.first, drawn.days, glyphs):
        yield _band_line(band, legend, styles)
    yield Text()
    yield from _legend(legend, styles)
    yield Text()
    yield from _changes(drawn, legend, styles, glyphs)


def _head(drawn: Drawn) -> str:
    names = drawn.chargers
    shown = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    number = f" ({plural(len(names), 'charger')})" if len(names) > 1 else ""
    policy = f", policy {drawn.policy.name}, {drawn.zone.name}" if drawn.policy else ""
    return f"{shown}{number}{policy}"


def _styles(legend: Mapping[Key, str]) -> dict[Key, str]:
    styles: dict[Key, str] = {}
    for key in legend:
        managed = sum(style != "green" for style in styles.values())
        styles[key] = "green" if key.mode is AccessMode.FREEVEND else _PALETTE[managed % len(_PALETTE)]
    return styles


def _band_line(band: Band, legend: Mapping[Key, str], styles: Mapping[Key, str]) -> Text:
    line = Text(f"{band.day:%a %Y-%m-%d} ")
    for cell in band.cells:
        line.append(" " if cell is None else legend[cell], None if cell is None else styles[cell])
    if band.remark:
        line.append(f"  {band.remark}", "bold yellow")
    return line


def _legend(legend: Mapping[Key, str], styles: Mapping[Key, str]) -> Iterator[Text]:
    """Yield each window with who may charge in it; equal grants are told once."""
    told: dict[Grants, str] = {}
    for key, sign in legend.items():
        line = Text.assemble("  ", (sign, styles[key]), f"  {key.mode!s:8}  {key.window or 'default'}")
        if key.mode is AccessMode.FREEVEND:
            yield line.append(": open to everyone")
        elif not key.allow:
            yield line.append(": nobody may charge")
        elif key.allow in told:
            yield line.append(f": the same as {told[key.allow]}")
        else:
            told[key.allow] = sign
            yield line
            for grant in key.allow:
                yield Text(f"               {grant_text(grant)}", "dim")


def grant_text(grant: Grant) -> str:
    """Write whom a grant admits, in a line."""
    text = str(grant.vehicle_class)
    if grant.agreements is not None:
        text += f" {', '.join(grant.agreements)}"
    if grant.exclude_agreements:
        text += f" but {', '.join(grant.exclude_agreements)}"
    if grant.when is not None:
        text += f" when {grant.when.text}"
    if grant.during:
        text += f" during {', '.join(reference.schedule for reference in grant.during)}"
    return text


def _changes(drawn: Drawn, legend: Mapping[Key, str], styles: Mapping[Key, str], glyphs: Glyphs) -> Iterator[Text]:
    for segment in drawn.segments:
        key = key_of(segment)
        span = f"{local_text(segment.start, drawn.zone)} {glyphs.dash} {local_text(segment.end, drawn.zone)}"
        utc = f"{format_instant(segment.start)} {glyphs.dash} {format_instant(segment.end)}"
        what = f"{segment.mode} {segment.window or 'default'}"
        yield Text.assemble("  ", (legend[key], styles[key]), f"  {span}  {what}  ", (utc, "dim"))
