"""``why``: why a vehicle was refused, for whoever is on the phone with its driver."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from policy_service.application.concerns import EVENTS_NOT_ON_RECORD, ConcernCode
from policy_service.domain.charger_sync import SyncState
from policy_service.domain.instant import parse_instant
from policy_service.entrypoints.cli.console import note, out, out_json
from policy_service.entrypoints.cli.event_filters import Whose
from policy_service.entrypoints.cli.event_outline import as_one, event_outline, explained_event
from policy_service.entrypoints.cli.failure import CommandError, demand_one
from policy_service.entrypoints.cli.likely_chargers import did_you_mean, known_ids
from policy_service.entrypoints.cli.option_groups import grouped
from policy_service.entrypoints.cli.outline import when_text
from policy_service.entrypoints.cli.service_calls import Connection, ProblemAnswerError
from policy_service.entrypoints.cli.zones import zone_of_charger

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policy_service.entrypoints.cli.service_calls import ServiceCalls

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_MAX = 100
_APART = frozenset({SyncState.SWITCHING, SyncState.PENDING_OFFLINE, SyncState.DIVERGED})


@app.command(
    epilog="\b\nExamples:\n  policy-service why NTH-07\n  policy-service why --vehicle bus-17"
    "\n  policy-service why --event 01a20660-16e1-7b29-b7cb-c1ca63137f0c"
)
@grouped
def why(
    charger: Annotated[
        str | None, typer.Argument(metavar="CHARGER", help="Id of the charger, case-sensitive.", show_default=False)
    ] = None,
    *,
    whose: Whose,
    event: Annotated[
        str | None, typer.Option(metavar="DECISION_ID", help="This decision, in place of the latest denials.")
    ] = None,
    last: Annotated[
        int | None, typer.Option(min=1, max=_MAX, metavar="NUMBER", help="So many of the latest denials; left out: 1.")
    ] = None,
    connection: Connection,
    as_json: Annotated[bool, typer.Option("--json", help="Write the events as JSON.")] = False,
) -> None:
    """Say why a vehicle was refused: when, where, which vehicle (masked), by which rule, and what lets it in.

    All of it by the policies and the registry of that moment.
    """
    wanted = ({} if charger is None else {"charger": charger}) | whose.wanted()
    if bool(wanted) is (event is not None):
        message = "name a charger or a vehicle, or a decision with --event"
        raise CommandError(message, "see `policy-service why --help`")
    demand_one("--event and --last both say which denials", event is not None, last is not None)
    calls = connection.calls()
    ids = _denied(calls, wanted, last or 1) if event is None else [event]
    explained = [explained_event(calls, each) for each in ids]
    nothing = [] if explained else [*_nothing(calls, wanted)]  # nobody is told of a charger that the key does not reach
    if as_json:
        out_json({"events": [as_one(each) for each in explained]})
        return
    for told in nothing:
        out(told)
    _tell_of_missing(calls)
    for number, each in enumerate(explained):
        if number:
            out()
        for line in event_outline(calls, each):
            out(line)


def _denied(calls: ServiceCalls, wanted: Mapping[str, str], last: int) -> list[str]:
    found = calls.get("/v1/events", outcome="access_denied", limit=last, **wanted)
    return [str(each["decision_id"]) for each in found["events"]]


def _tell_of_missing(calls: ServiceCalls) -> None:
    """Note that denials are lost, or not on record yet, as one of before would be taken for the one meant."""
    try:
        found = calls.get("/health/ready")
    except CommandError:  # what is on record is told all the same
        return
    codes = found.get("problem_codes", ())  # a service of before does not tell
    for problem, code in zip(found["problems"], codes, strict=False):
        if code == ConcernCode.EVENTS_LOST:
            note(f"note: denials may be among what is lost, and nowhere on record: {problem}")
        elif code in EVENTS_NOT_ON_RECORD:
            note(f"note: the latest denials may not be on record yet: {problem}")


def _nothing(calls: ServiceCalls, wanted: Mapping[str, str]) -> Iterator[str]:
    """Yield that there is no such denial, and what else there is to know where one was expected."""
    charger = wanted.get("charger")
    at = f" at {charger}" if charger else ""
    others = ", ".join(f"{name} {value}" for name, value in wanted.items() if name != "charger")
    whose = f" ({others})" if others else ""
    yield f"nobody was refused{at}{whose}, as far as events are on record that you may see; ids are case-sensitive"
    if "vehicle" in wanted or "fleet" in wanted:
        yield "an identifier that nobody knows leads to no vehicle: such a denial is found by its charger"
    if charger:
        yield from _standing(calls, charger)


def _standing(calls: ServiceCalls, charger: str) -> Iterator[str]:
    """Tell of an id in no inventory, which must not pass for "not refused by us", and of a charger in a wrong mode."""
    try:
        sync = calls.get(f"/v1/chargers/{quote(charger, safe='')}").get("sync")
    except ProblemAnswerError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        meant = did_you_mean(charger, known_ids(calls))
        yield f"the inventory has no charger {charger}: {meant or 'check the id letter by letter'}"
        return
    if sync and sync["state"] in _APART:
        seen = f"was seen in {sync['reported']}" if sync["reported"] else "was not seen in any mode"
        since = parse_instant(sync["since"])
        told = when_text(since, zone_of_charger(calls, charger, since))
        yield f"it should be {sync['desired']}, on record since {told}, and {seen}: {sync['state']}"
        yield "see `policy-service chargers out-of-sync`"
