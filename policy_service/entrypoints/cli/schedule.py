"""``schedule``: the week of a charger as a text timeline."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from policy_service.domain.access import Ungoverned
from policy_service.domain.selector import Selector
from policy_service.engine.zone import Zone
from policy_service.entrypoints.answers import schedule_view
from policy_service.entrypoints.cli.console import can_draw, note, out, out_json, out_raw
from policy_service.entrypoints.cli.drawn import Drawn
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.instants import as_date, read_date
from policy_service.entrypoints.cli.labels import missing_label, read_labels
from policy_service.entrypoints.cli.likely_chargers import did_you_mean
from policy_service.entrypoints.cli.option_groups import grouped
from policy_service.entrypoints.cli.policy_tree import FixedClock, default_directory, standing
from policy_service.entrypoints.cli.question import PoliciesOption
from policy_service.entrypoints.cli.timeline_bands import ASCII, UNICODE
from policy_service.entrypoints.cli.timeline_ics import calendar
from policy_service.entrypoints.cli.timeline_svg import picture
from policy_service.entrypoints.cli.timeline_text import timeline_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from policy_service.engine.plan import ChargerPlan, Plan

app = typer.Typer(rich_markup_mode=None, add_completion=False)


_FIRST_YEAR, _LAST_YEAR = 1971, 2198


@dataclass(frozen=True, slots=True)
class Writing:
    """How the timeline is written: one of these, else as text for people."""

    ascii_only: Annotated[bool, typer.Option("--ascii", help="Draw with ASCII alone.")] = False
    as_json: Annotated[bool, typer.Option("--json", help="Answer in the JSON of the HTTP API.")] = False
    as_ics: Annotated[bool, typer.Option("--ics", help="Write an iCalendar object.")] = False
    as_svg: Annotated[bool, typer.Option("--svg", help="Write a picture.")] = False


@app.command(
    epilog="\b\nExamples:\n  policy-service schedule NTH-01 --from 2026-11-23"
    "\n  policy-service schedule --label depot:north --days 2"
    "\n  policy-service schedule --label depot:north --from 2027-03-29 --svg > week.svg"
)
@grouped
def schedule(
    charger: Annotated[str | None, typer.Argument(metavar="CHARGER", help="Its id; or give --label.")] = None,
    *,
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME:VALUE", help="Every charger with this label, such as depot:north; may be repeated."),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First local day; left out: today.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=400, metavar="NUMBER", help="Number of days.")] = 7,
    policies: PoliciesOption = None,
    writing: Writing,
) -> None:
    """Draw a charger's days as a text timeline: a band a day by the depot's clock, days with a clock change marked.

    Under the bands stand the legend, with who may charge, and every change to the second.
    """
    clock = FixedClock()
    _, plan, _ = standing(policies or default_directory(), clock, Ungoverned.DENY)
    if sum((writing.ascii_only, writing.as_json, writing.as_ics, writing.as_svg)) > 1:
        message = "--ascii, --json, --ics and --svg exclude each other"
        raise CommandError(message, "leave all but one of them out")
    entries = _entries(plan, charger, label or ())
    first = None if start is None else read_date(start)
    if first is not None and not _FIRST_YEAR <= first.year < _LAST_YEAR:
        message = f"`{start}` is outside {_FIRST_YEAR} to {_LAST_YEAR}"
        raise CommandError(message, "give a date nearer to today")
    drawings = [Drawn(entry, (first or _today(entry, clock), days)) for entry in entries]
    if writing.as_json:
        views: list[dict[str, Any]] = [schedule_view(d.chargers[0], d.timezone, d.range, d.segments) for d in drawings]
        out_json({"schedules": views} if label else views[0])
        return
    groups = _grouped(drawings)
    if writing.as_ics:
        out_raw(calendar(groups, clock.now()))
        return
    if writing.as_svg:
        out_raw(picture(groups))
        return
    glyphs = ASCII if writing.ascii_only or not can_draw(sys.stdout.encoding) else UNICODE
    for number, drawn in enumerate(groups):
        if number:
            out()
        for line in timeline_lines(drawn, glyphs):
            out(line)


def _entries(plan: Plan, charger: str | None, labels: Sequence[str]) -> list[ChargerPlan]:
    if (charger is None) is (not labels):
        message = "name a charger or a label" + (", not both" if labels else "")
        raise CommandError(message, "write `schedule NTH-01` or `schedule --label depot:north`")
    if charger is not None:
        if charger not in plan.chargers:
            message = f"the inventory has no charger `{charger}`"
            raise CommandError(message, did_you_mean(charger, plan.chargers))
        return [plan.chargers[charger]]
    wanted = Selector(labels=read_labels(labels))
    found = [entry for _, entry in sorted(plan.chargers.items()) if wanted.matches(entry.charger)]
    missing = missing_label(labels, [entry.charger.labels for entry in plan.chargers.values()])
    if not found:
        raise CommandError(*missing or ("no charger has all of these labels", "leave some of them out"))
    if missing is not None:
        note(f"note: {'; '.join(missing)}")
    return found


def _today(entry: ChargerPlan, clock: FixedClock) -> date:
    zone = Zone.of(entry.policy.timezone if entry.policy else "UTC")
    return as_date(zone.to_wall(clock.now()))


def _grouped(drawings: Iterable[Drawn]) -> list[Drawn]:
    groups: dict[object, Drawn] = {}
    for drawn in drawings:
        key = (drawn.timezone, drawn.first, tuple(drawn.segments))
        first = groups.setdefault(key, drawn)
        if first is not drawn:
            first.chargers += drawn.chargers
    return list(groups.values())
