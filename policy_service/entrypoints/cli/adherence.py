"""``adherence``: how punctually chargers came into the modes that their policies want, and which did not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from policy_service.domain.instant import parse_instant
from policy_service.entrypoints.cli.columns import Columns
from policy_service.entrypoints.cli.console import note, out, out_json
from policy_service.entrypoints.cli.event_filters import EventFilters, EventSpan, LabelOption
from policy_service.entrypoints.cli.instants import offset_text
from policy_service.entrypoints.cli.labels import label_remark
from policy_service.entrypoints.cli.option_groups import grouped
from policy_service.entrypoints.cli.service_calls import MOST_A_PAGE, Connection
from policy_service.entrypoints.cli.zones import Clocks, shared_zone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.engine.zone import Zone
    from policy_service.entrypoints.cli.service_calls import ServiceCalls

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_PATH = "/v1/adherence"
FromOption = Annotated[
    str | None,
    typer.Option("--from", metavar="INSTANT", help="Due then or later; left out: a day before --to."),
]
ToOption = Annotated[str | None, typer.Option("--to", metavar="INSTANT", help="Due before then; left out: now.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Write the service's answer as JSON.")]


@app.command(epilog="\b\nExample:\n  policy-service adherence --from 2026-11-23T00:00Z --label depot:north")
@grouped
def adherence(
    *,
    from_: FromOption = None,
    to: ToOption = None,
    label: LabelOption = None,
    connection: Connection,
    as_json: JsonOption = False,
) -> None:
    """Tell which share of the switches in a span was seen on time, by how many seconds late, and every miss."""
    calls, remarks, which = connection.calls(), list[str](), EventFilters(label=label)
    wanted = which.wanted() | EventSpan(from_, to).wanted(which, calls, remarks)
    for remark in remarks:
        note(remark)
    found = _whole(calls, wanted)
    if as_json:
        out_json(found)
        return
    for line in _summary(found, shared_zone(which.zones(calls))):
        out(line)
    for remark in label_remark(calls, wanted.get("label")) if not found["switches"] else ():
        note(remark)
    if not found["misses"]:
        return
    out("")
    clocks = Clocks(calls)
    rows = [_cells(miss, clocks.at(miss["charger"])) for miss in found["misses"]]
    for row in Columns("charger", "due", "mode", "late by", "why").lines(rows):
        out(row)


def _whole(calls: ServiceCalls, wanted: Mapping[str, str]) -> dict[str, Any]:
    """Return the answer with the misses of all pages."""
    found = calls.get(_PATH, **wanted, limit=MOST_A_PAGE)
    span = {"from": str(found["from"]), "to": str(found["to"])}  # without it the next page would be of another
    misses: list[Any] = found["misses"]
    cursor: str | None = found["next_cursor"]
    while cursor is not None:
        page = calls.get(_PATH, **{**wanted, **span, "cursor": cursor}, limit=MOST_A_PAGE)
        misses, cursor = [*misses, *page["misses"]], page["next_cursor"]
    return {**found, "misses": misses, "next_cursor": None}


def _summary(found: Mapping[str, Any], zone: Zone) -> Sequence[str]:
    share, late = found["share_on_time"], found["late_s"]
    apart = {name: found[name] for name in ("superseded", "unsupported", "pending") if found[name]}
    lines = [" to ".join(offset_text(parse_instant(found[end]), zone) for end in ("from", "to"))]
    if share is None:
        lines.append("no switches")
    else:
        on_time = f"{found['on_time']:,} of {found['switches']:,} on time ({share:.1%})"
        lines.append(f"{on_time}, that is within {found['within_s']:g} s")
    if late["max"] is not None:
        lines.append(f"late by {late['p50']:g} s (half of them), {late['p95']:g} s (95 %), {late['max']:g} s at most")
    if apart:
        lines.append("apart from these: " + ", ".join(f"{count:,} {name}" for name, count in apart.items()))
    return lines


def _cells(miss: Mapping[str, Any], zone: Zone) -> Sequence[str]:
    late = "-" if miss["seconds_late"] is None else f"{miss['seconds_late']:g} s"
    return (
        miss["charger"],
        offset_text(parse_instant(miss["at"]), zone),
        miss["mode"],
        late,
        str(miss["reason"]).replace("_", " "),
    )
