"""``sources``: when each source of imports came last, how much of it is on record, and what is overdue."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from policy_service.domain.import_run import ImportKind
from policy_service.domain.instant import parse_instant
from policy_service.domain.span import format_span, parse_span
from policy_service.entrypoints.cli.columns import Columns
from policy_service.entrypoints.cli.console import note, out, out_json
from policy_service.entrypoints.cli.instants import offset_text
from policy_service.entrypoints.cli.lengths import length_text, read_length
from policy_service.entrypoints.cli.service_calls import (
    DEFAULT_URL,
    CaFileOption,
    CertFileOption,
    KeyFileOption,
    ServiceCalls,
    UrlOption,
)
from policy_service.entrypoints.cli.zones import shared_zone, told_at, zones_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.text import Text

    from policy_service.engine.zone import Zone

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    epilog="\b\nExamples:\n  policy-service sources --json\n  policy-service sources expect identifiers fleet 26h",
)

_NEVER = "never"
JsonOption = Annotated[bool, typer.Option("--json", help="Write the service's answer as JSON.")]


@app.callback(invoke_without_command=True)
def sources(
    context: typer.Context,
    *,
    url: UrlOption = DEFAULT_URL,
    key_file: KeyFileOption = None,
    ca_file: CaFileOption = None,
    cert_file: CertFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell how the sources of imports stand: the last import, records, and what is overdue."""
    if context.invoked_subcommand is not None:
        return
    calls = ServiceCalls(url, key_file, ca_file=ca_file, cert_file=cert_file)
    found = list(calls.each("sources"))
    if as_json:
        out_json({"sources": found})
    elif found:
        for line in _lines(found, shared_zone(zones_of(calls))):
            out(line)
    else:
        out("nothing has been imported yet, and nothing is expected")


@app.command("expect", epilog="\b\nExample:\n  policy-service sources expect identifiers fleet 26h")
def expect(
    kind: Annotated[ImportKind, typer.Argument(metavar="KIND", help=f"{', '.join(ImportKind)}.")],
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Name of the source.")],
    every: Annotated[str, typer.Argument(metavar="LENGTH|never", help="Within how long it comes again: 26h, 1d12h.")],
    *,
    url: UrlOption = DEFAULT_URL,
    key_file: KeyFileOption = None,
    ca_file: CaFileOption = None,
    cert_file: CertFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say within how long a source has to come again; later than that it is told as overdue. `never`: it is not."""
    wanted = None if every == _NEVER else format_span(read_length(every))
    path = f"/v1/sources/{kind}/{quote(source, safe='')}"
    calls = ServiceCalls(url, key_file, ca_file=ca_file, cert_file=cert_file)
    found = calls.send("PUT", path, {"expected_every": wanted})
    if found["last_import"] is None and found["last_attempt"] is None and wanted is not None:
        note(f"note: nothing was ever imported from `{source}`{_may_be(calls, kind, source)}")
    if as_json:
        out_json(found)
    elif found["due_at"] is None:
        out(f"{kind} of {source}: expected at no time")
    else:
        due = told_at(parse_instant(found["due_at"]), zones_of(calls))
        out(f"{kind} of {source}: expected every {_every(found)}, next by {due}{_overdue(found)}")


def _may_be(calls: ServiceCalls, kind: ImportKind, source: str) -> str:
    known = [feed["source"] for feed in calls.each("sources") if feed["kind"] == kind and feed["last_import"]]
    meant = get_close_matches(source, known, n=1)
    back = f"`policy-service sources expect {kind} {source} never` takes this back"
    return f"; did you mean `{meant[0]}`? {back}" if meant else ""


def _lines(found: Sequence[Mapping[str, Any]], zone: Zone) -> Iterator[Text]:
    """Yield a heading and a line each."""
    columns = Columns("kind", "source", "records", "every", "due", "last import")
    return columns.lines([_cells(feed, zone) for feed in found])


def _cells(feed: Mapping[str, Any], zone: Zone) -> list[tuple[str, str]]:
    style = "bold red" if feed["overdue"] else ""
    due = (_when(feed["due_at"], zone) if feed["due_at"] else "-") + _overdue(feed)
    cells = (feed["kind"], feed["source"], f"{feed['records']:,}", _every(feed), due, _last(feed, zone))
    return [(cell, style) for cell in cells]


def _last(feed: Mapping[str, Any], zone: Zone) -> str:
    last, attempt = feed["last_import"], feed["last_attempt"]
    told = "none"
    if last is not None:
        told = f"{_when(last['ended_at'], zone)} ({last['accepted']:,} taken, {last['rejected']:,} rejected)"
    if attempt is None or (last is not None and attempt["id"] == last["id"]):
        return told
    return f"{told}, then {attempt['state']} {_when(attempt['started_at'], zone)}"


def _when(written: str, zone: Zone) -> str:
    return offset_text(parse_instant(written), zone)


def _every(feed: Mapping[str, Any]) -> str:
    return "-" if feed["expected_every"] is None else length_text(parse_span(feed["expected_every"]))


def _overdue(feed: Mapping[str, Any]) -> str:
    return "  OVERDUE" if feed["overdue"] else ""
