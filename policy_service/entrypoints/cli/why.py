"""``why``: why a vehicle was refused at a charger, for whoever is on the phone with its driver."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

import typer

from policy_service.domain.charger_sync import SyncState
from policy_service.entrypoints.cli.console import out, out_json
from policy_service.entrypoints.cli.event_outline import as_one, event_outline, explained_event
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.service_calls import (
    DEFAULT_URL,
    CaFileOption,
    CertFileOption,
    KeyFileOption,
    ProblemAnswerError,
    ServiceCalls,
    UrlOption,
)

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_MAX = 100
_APART = frozenset({SyncState.SWITCHING, SyncState.PENDING_OFFLINE, SyncState.DIVERGED})


@app.command(
    epilog="\b\nExamples:\n  policy-service why NTH-07"
    "\n  policy-service why --event 01a20660-16e1-7b29-b7cb-c1ca63137f0c"
)
def why(
    charger: Annotated[
        str | None, typer.Argument(metavar="CHARGER", help="Id of the charger, case-sensitive.", show_default=False)
    ] = None,
    *,
    event: Annotated[
        str | None, typer.Option(metavar="DECISION_ID", help="This decision, in place of a charger's latest denials.")
    ] = None,
    last: Annotated[int, typer.Option(min=1, max=_MAX, metavar="NUMBER", help="So many of the latest denials.")] = 1,
    url: UrlOption = DEFAULT_URL,
    key_file: KeyFileOption = None,
    ca_file: CaFileOption = None,
    cert_file: CertFileOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the events as JSON.")] = False,
) -> None:
    """Say why a vehicle was refused at a charger: when, which vehicle (masked), by which rule, and what lets it in.

    All of it by the policies and the registry of that moment.
    """
    if (charger is None) == (event is None):
        message = "name a charger, or a decision with --event"
        raise CommandError(message, "see `policy-service why --help`")
    calls = ServiceCalls(url, key_file, ca_file=ca_file, cert_file=cert_file)
    ids = _denied(calls, charger, last) if event is None else [event]
    explained = [explained_event(calls, each) for each in ids]
    if as_json:
        out_json({"events": [as_one(each) for each in explained]})
        return
    if not explained:
        out(f"nobody was refused at {charger}, as far as events are on record (ids are case-sensitive)")
        _tell_how_it_stands(calls, str(charger))
        return
    for number, each in enumerate(explained):
        if number:
            out()
        for line in event_outline(calls, each):
            out(line)


def _denied(calls: ServiceCalls, charger: str | None, last: int) -> list[str]:
    found = calls.get("/v1/events", charger=str(charger), outcome="access_denied", limit=last)
    return [str(each["decision_id"]) for each in found["events"]]


def _tell_how_it_stands(calls: ServiceCalls, charger: str) -> None:
    """Tell of an id in no inventory, which must not pass for "not refused by us", and of a charger in a wrong mode."""
    try:
        sync = calls.get(f"/v1/chargers/{quote(charger, safe='')}").get("sync")
    except ProblemAnswerError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        out(f"the inventory has no charger {charger}: check the id letter by letter")
        return
    if sync and sync["state"] in _APART:
        seen = f"was seen in {sync['reported']}" if sync["reported"] else "was not seen in any mode"
        out(f"it should be {sync['desired']} since {sync['since']}, and {seen}: {sync['state']}")
        out("see `policy-service chargers out-of-sync`")
