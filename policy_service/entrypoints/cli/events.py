"""``events``: access events listed, counted, shown and followed; persons in them forgotten, the key rotated."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from policy_service.application.ports import EventGrouping
from policy_service.entrypoints.cli.console import can_draw, note, out, out_json, out_json_items, out_raw
from policy_service.entrypoints.cli.event_filters import EventFilters, EventSpan
from policy_service.entrypoints.cli.event_following import Following, Stream, print_each
from policy_service.entrypoints.cli.event_outline import as_one, event_outline, explained_event
from policy_service.entrypoints.cli.event_pages import List, csv_pages, list_pages
from policy_service.entrypoints.cli.event_text import EventLines, listed_text, summary_lines, summary_total
from policy_service.entrypoints.cli.failure import CommandError, demand_one
from policy_service.entrypoints.cli.findings import plural
from policy_service.entrypoints.cli.instants import read_zone
from policy_service.entrypoints.cli.labels import label_remark
from policy_service.entrypoints.cli.option_groups import grouped
from policy_service.entrypoints.cli.service_calls import Connection
from policy_service.entrypoints.cli.zones import zones_by_policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from policy_service.entrypoints.cli.event_pages import Content, EventPage
    from policy_service.entrypoints.cli.service_calls import ServiceCalls

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="List, count, show and follow access events of the running service; erase what they hold of persons.",
    epilog="\b\nExamples:\n  policy-service events list --outcome access_denied --charger NTH-07"
    "\n  policy-service events summary --group-by charger --from '2026-11-24 22:00'"
    "\n  policy-service events follow --label depot:north --outcome access_denied"
    "\n  policy-service events forget < identifier.txt",
)

_LIMIT = 20
_LIST = List("/v1/events", "events")
_STREAM = Stream("/v1/events/stream", "access events")
JsonOption = Annotated[bool, typer.Option("--json", help="Write the service's answer as JSON.")]
JsonLinesOption = Annotated[bool, typer.Option("--json", help="Write each event as a line of JSON.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Write CSV, with all that the events hold.")]
LimitOption = Annotated[int | None, typer.Option(min=1, metavar="NUMBER", help=f"So many at most; left out: {_LIMIT}.")]
AllOption = Annotated[bool, typer.Option("--all", help="All of them.")]
GroupOption = Annotated[EventGrouping, typer.Option(metavar="WHAT", help=f"{', '.join(EventGrouping)}.")]
ZoneOption = Annotated[
    str,
    typer.Option(
        metavar="ZONE",
        show_default=False,
        help="By which clock hours and days are cut, such as Australia/Melbourne; left out: UTC.",
    ),
]
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of the decision, as `events list` shows it.")]


@app.command(
    "list",
    epilog="\b\nExamples:\n  policy-service events list --outcome access_denied --label depot:north"
    "\n  policy-service events list --from '2026-11-24 22:00' --all --csv > night.csv",
)
@grouped
def list_(
    *,
    which: EventFilters,
    span: EventSpan,
    limit: LimitOption = None,
    all_: AllOption = False,
    connection: Connection,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """List access events, the latest first; times by the clock of the policy that decided, with its offset."""
    demand_one("--limit and --all both say how many", limit is not None, all_)
    demand_one("--json and --csv both say how to write", as_json, as_csv)
    calls = connection.calls()
    wanted = _wanted(calls, which, span)
    counted = _Counted(note_all=not (as_json or as_csv))
    most = None if all_ else limit or _LIMIT
    if as_csv:
        for text in counted.contents(csv_pages(calls, wanted, most)):
            out_raw(text)
    else:
        pages = counted.contents(list_pages(calls, _LIST, wanted, most))
        if as_json:
            out_json_items("events", (event for page in pages for event in page))
        else:
            _list_lines(calls, pages)
    counted.tell(label_remark(calls, wanted.get("label")) if not counted.count else ())


@app.command(
    "summary", epilog="\b\nExample:\n  policy-service events summary --group-by charger --outcome access_denied"
)
@grouped
def summary(
    *,
    group_by: GroupOption = EventGrouping.REASON,
    timezone: ZoneOption = "UTC",
    which: EventFilters,
    span: EventSpan,
    connection: Connection,
    as_json: JsonOption = False,
) -> None:
    """Count access events by reason, charger, depot, hour, day or else; without --from those of 24 hours."""
    zone = read_zone(timezone)
    calls = connection.calls()
    wanted = _wanted(calls, which, span)
    found = calls.get("/v1/events/summary", group_by=group_by, timezone=zone.name, **wanted)
    if as_json:
        out_json(found)
        return
    if found["groups"]:
        for line in summary_lines(found, zone, "█" if can_draw(sys.stdout.encoding) else "#"):
            out(line)
    note(summary_total(found, zone))
    for remark in label_remark(calls, wanted.get("label")) if not found["groups"] else ():
        note(remark)


@app.command("show", epilog="\b\nExample:\n  policy-service events show 01a20660-16e1-7b29-b7cb-c1ca63137f0c")
@grouped
def show(decision_id: IdArgument, *, connection: Connection, as_json: JsonOption = False) -> None:
    """Show one access event, with why it was decided so by the policies and the registry of that moment."""
    calls = connection.calls()
    found = explained_event(calls, decision_id)
    if as_json:
        out_json(as_one(found))
        return
    for line in event_outline(calls, found):
        out(line)


@app.command(
    "follow",
    epilog="\b\nExamples:\n  policy-service events follow --outcome access_denied --label depot:north"
    "\n  policy-service events follow --json | jq -r .charger",
)
@grouped
def follow(*, which: EventFilters, connection: Connection, as_json: JsonLinesOption = False) -> None:
    """Print each access event as it comes, until Ctrl-C; when the service restarts, go on behind the last one."""
    calls, wanted = connection.calls(), which.wanted()
    lines = None if as_json else EventLines(zones_by_policy(calls))
    for remark in label_remark(calls, wanted.get("label")):
        note(remark)
    print_each(Following(calls, _STREAM, wanted), lines)


@app.command("forget", epilog="\b\nExample:\n  policy-service events forget --dry-run < identifier.txt")
@grouped
def forget(
    *,
    kind: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="A hint, as in decide: rfid, mac, pin, ….")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    connection: Connection,
    as_json: JsonOption = False,
) -> None:
    """Erase an identifier's traces from all events: masked form, fingerprint, vehicle, evidence.

    The identifier is read from standard input, as arguments are seen by everybody on the machine. The decisions stay,
    and count; the registry's record is another matter.
    """
    body: dict[str, object] = {"identifier": _identifier(), "dry_run": dry_run}
    if kind is not None:
        body["identifier_type"] = kind
    gone = connection.calls().send("POST", "/v1/events/forget", body)
    if as_json:
        out_json(gone)
        return
    are = "would be" if dry_run else "is" if gone["events"] == 1 else "are"
    out(f"{plural(gone['events'], 'event')} {are} without traces of it")
    if gone["record_exists"]:
        out("the registry still knows it: DELETE /v1/identifiers/{id} forgets the record")


@app.command("rotate-key", epilog="\b\nExample:\n  policy-service events rotate-key --key-file admin.key")
@grouped
def rotate_key(
    *,
    connection: Connection,
    as_json: JsonOption = False,
) -> None:
    """Begin a new key of fingerprints: events from now on cannot be linked to those of before by their fingerprints."""
    begun = connection.calls().send("POST", "/v1/fingerprint-keys")
    if as_json:
        out_json(begun)
    else:
        out(f"fingerprints are made with key {begun['generation']} from now on")


class _Counted:
    """Counts what is listed page by page, and tells it in the end."""

    def __init__(self, *, note_all: bool) -> None:
        self._note_all = note_all
        self.count = 0
        self._more = False

    def contents(self, pages: Iterator[EventPage[Content]]) -> Iterator[Content]:
        for page in pages:
            self.count += page.count
            self._more = page.next_cursor is not None
            yield page.content

    def tell(self, remarks: Sequence[str]) -> None:
        if self._note_all or self._more or not self.count:
            note(listed_text(self.count, more=self._more))
        for remark in remarks:
            note(remark)


def _list_lines(calls: ServiceCalls, pages: Iterator[list[dict[str, object]]]) -> None:
    lines: EventLines | None = None
    for page in pages:
        if page:
            lines = lines or EventLines(zones_by_policy(calls))
            out(Text("\n").join(lines.of(page)))


def _wanted(calls: ServiceCalls, which: EventFilters, span: EventSpan) -> Mapping[str, str]:
    remarks: list[str] = []
    wanted = which.wanted() | span.wanted(which, calls, remarks)
    for remark in remarks:
        note(remark)
    return wanted


def _identifier() -> str:
    if sys.stdin.isatty():
        told: str = typer.prompt("identifier (not shown)", hide_input=True, err=True)
        return told
    read = sys.stdin.readline().strip()
    if not read:
        message = "no identifier came on standard input"
        raise CommandError(message)
    return read
