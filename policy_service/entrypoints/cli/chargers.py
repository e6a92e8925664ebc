"""``chargers``: one as it stands, those that are not in their mode, and lists for when they are offline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from policy_service.domain.charger_sync import SyncState
from policy_service.domain.instant import parse_instant
from policy_service.entrypoints.cli.charger_lists import local_list
from policy_service.entrypoints.cli.charger_outline import show
from policy_service.entrypoints.cli.columns import Columns
from policy_service.entrypoints.cli.console import note, out, out_json_items
from policy_service.entrypoints.cli.event_filters import LabelOption
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.instants import offset_text
from policy_service.entrypoints.cli.labels import label_remark, read_label
from policy_service.entrypoints.cli.option_groups import grouped
from policy_service.entrypoints.cli.service_calls import Connection
from policy_service.entrypoints.cli.zones import shared_zone, zones_by_policy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.engine.zone import Zone

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="See how a charger stands, which are not in the mode that they should be in, and how a local list stands.",
    epilog="\b\nExamples:\n  policy-service chargers show NTH-01\n"
    "  policy-service chargers out-of-sync --label depot:north --state diverged\n"
    "  policy-service chargers local-list NTH-01",
)

_APART = [state for state in SyncState if state is not SyncState.IN_SYNC]
StateOption = Annotated[
    SyncState | None, typer.Option(metavar="STATE", help=f"Those in this state: {', '.join(_APART)}.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write the service's answer as JSON.")]
_OPEN = frozenset({SyncState.DIVERGED, SyncState.UNSUPPORTED})


app.command("show", epilog="\b\nExample:\n  policy-service chargers show NTH-01")(show)
app.command("local-list", epilog="\b\nExample:\n  policy-service chargers local-list NTH-01 --json")(local_list)


@app.command("out-of-sync", epilog="\b\nExample:\n  policy-service chargers out-of-sync --json")
@grouped
def out_of_sync(
    *, label: LabelOption = None, state: StateOption = None, connection: Connection, as_json: JsonOption = False
) -> None:
    """List chargers that are not, or not surely, in their mode: what they should be in, and what they were seen in.

    Those whose model has no known switch are counted, and listed by --state unsupported: they will never be in sync.
    """
    if state is SyncState.IN_SYNC:
        message = "a charger that is in_sync is in its mode, and never listed here"
        raise CommandError(message, "name another state; `policy-service chargers show` tells the state of one charger")
    given = {"label": read_label(label), "state": state}
    wanted = {name: str(value) for name, value in given.items() if value is not None}
    calls = connection.calls()
    found = calls.each("chargers", in_sync="false", **wanted)
    if as_json:
        out_json_items("chargers", (charger for charger in found if state is not None or _is_switchable(charger)))
        return
    everyone = list(found)
    listed = [charger for charger in everyone if state is not None or _is_switchable(charger)]
    zones: Mapping[str, Zone] = zones_by_policy(calls) if listed else {}
    columns = Columns("charger", "state", "should be", "since", "was seen in", "at", "tries")
    for line in columns.lines([_cells(charger, zones) for charger in listed]):
        out(line)
    note(f"{len(listed):,} out of sync")
    for remark in () if everyone else label_remark(calls, wanted.get("label")):
        note(remark)
    if unlisted := len(everyone) - len(listed):
        note(f"{unlisted:,} more cannot be switched: --state unsupported")


def _is_switchable(charger: Mapping[str, Any]) -> bool:
    return bool(charger["sync"]["state"] != SyncState.UNSUPPORTED)


def _cells(charger: Mapping[str, Any], zones: Mapping[str, Zone]) -> Sequence[tuple[str, str]]:
    """Return a charger's line; when by the clock of its policy."""
    zone, sync = zones.get(charger["policy"] or "") or shared_zone(zones.values()), charger["sync"]
    style = "bold red" if sync["state"] in _OPEN else ""
    since, at = (offset_text(parse_instant(sync[name]), zone) if sync[name] else "-" for name in ("since", "seen_at"))
    seen = sync["reported"] or "unknown"
    return [
        (cell, style)
        for cell in (charger["id"], sync["state"], sync["desired"], since, seen, at, str(sync["attempts"]))
    ]
