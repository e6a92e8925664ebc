"""``transitions``: changes of mode, as they are planned, and as who brings chargers there was told of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from policy_service.domain.mode_events import ModeEventType
from policy_service.entrypoints.cli.console import note, out, out_json_items
from policy_service.entrypoints.cli.event_filters import ChargerOption, EventSpan, LabelOption, as_asked, clocks_at
from policy_service.entrypoints.cli.event_following import Following, Stream, print_each
from policy_service.entrypoints.cli.event_pages import List, list_pages
from policy_service.entrypoints.cli.failure import CommandError, demand_one
from policy_service.entrypoints.cli.labels import label_remark, read_label
from policy_service.entrypoints.cli.option_groups import grouped
from policy_service.entrypoints.cli.service_calls import Connection
from policy_service.entrypoints.cli.transition_text import ModeEventLines, PlannedLines, listed_text
from policy_service.entrypoints.cli.zones import Clocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.engine.zone import Zone
    from policy_service.entrypoints.cli.service_calls import ServiceCalls

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="List changes of mode of the running service, planned or told, and follow them as they come.",
    epilog="\b\nExamples:\n  policy-service transitions list --label depot:north"
    "\n  policy-service transitions list --emitted --charger NTH-07"
    "\n  policy-service transitions follow --type mode.diverged",
)

_LIMIT = 20
_PLANNED = List("/v1/transitions", "transitions")
_EMITTED = List("/v1/transitions/events", "events")
_STREAM = Stream("/v1/transitions/stream", "mode events")
TypeOption = Annotated[
    ModeEventType | None, typer.Option("--type", metavar="TYPE", help=f"{', '.join(ModeEventType)}.")
]
EmittedOption = Annotated[bool, typer.Option("--emitted", help="What was told and seen, the latest first.")]
LimitOption = Annotated[int | None, typer.Option(min=1, metavar="NUMBER", help=f"So many at most; left out: {_LIMIT}.")]
AllOption = Annotated[bool, typer.Option("--all", help="All of them.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Write the service's answer as JSON.")]
JsonLinesOption = Annotated[bool, typer.Option("--json", help="Write each event as a line of JSON.")]


@dataclass(frozen=True, slots=True)
class ModeEventFilters:
    """Which mode events, as typed."""

    type: TypeOption = None
    charger: ChargerOption = None
    label: LabelOption = None

    def wanted(self) -> dict[str, str]:
        """Return them as the service takes them. Raises CommandError."""
        return as_asked(type=self.type, charger=self.charger, label=read_label(self.label))

    def zones(self, calls: ServiceCalls) -> Sequence[Zone]:
        """Return the clocks of the chargers that these filters leave."""
        return clocks_at(calls, self.charger, self.label)


@app.command(
    "list",
    epilog="\b\nExamples:\n  policy-service transitions list --label depot:north --to '2026-11-26 06:00'"
    "\n  policy-service transitions list --emitted --type mode.diverged --all --json",
)
@grouped
def list_(
    *,
    emitted: EmittedOption = False,
    which: ModeEventFilters,
    span: EventSpan,
    limit: LimitOption = None,
    all_: AllOption = False,
    connection: Connection,
    as_json: JsonOption = False,
) -> None:
    """List the changes of mode planned for the next seven days, or with --emitted what chargers' operators were told.

    Times are by the clock of the policy, with its offset, where it is known.
    """
    _demand_sense(emitted=emitted, which=which, limited=limit is not None, all_=all_)
    calls = connection.calls()
    remarks: list[str] = []
    wanted = which.wanted() | span.wanted(which, calls, remarks)
    for remark in remarks:
        note(remark)
    listed = _EMITTED if emitted else _PLANNED
    pages = list(list_pages(calls, listed, wanted, None if all_ else limit or _LIMIT))
    found = [each for page in pages for each in page.content]
    if as_json:
        out_json_items(listed.noun, iter(found))
        return
    if found:
        lines = (ModeEventLines if emitted else PlannedLines)(Clocks(calls))
        out(Text("\n").join(lines.of(found)))
    note(listed_text(len(found), more=pages[-1].next_cursor is not None))
    for remark in () if found else label_remark(calls, wanted.get("label")):
        note(remark)


@app.command(
    "follow",
    epilog="\b\nExamples:\n  policy-service transitions follow --label depot:north"
    "\n  policy-service transitions follow --json | jq -r .charger",
)
@grouped
def follow(*, which: ModeEventFilters, connection: Connection, as_json: JsonLinesOption = False) -> None:
    """Print each mode event as it comes, until Ctrl-C; when the service restarts, go on behind the last one."""
    calls, wanted = connection.calls(), which.wanted()
    lines = None if as_json else ModeEventLines(Clocks(calls))
    for remark in label_remark(calls, wanted.get("label")):
        note(remark)
    print_each(Following(calls, _STREAM, wanted), lines)


def _demand_sense(*, emitted: bool, which: ModeEventFilters, limited: bool, all_: bool) -> None:
    demand_one("--limit and --all both say how many", limited, all_)
    if not emitted and which.type is not None:
        message = "--type chooses among what was told"
        raise CommandError(message, "give --emitted, or choose planned changes by --charger or --label")
