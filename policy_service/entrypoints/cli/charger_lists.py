"""``chargers local-list``: how many are on a charger's list for when it is offline. Shows no identifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from policy_service.domain.instant import parse_instant
from policy_service.entrypoints.cli.console import out, out_json
from policy_service.entrypoints.cli.likely_chargers import told_of_charger
from policy_service.entrypoints.cli.option_groups import grouped
from policy_service.entrypoints.cli.outline import when_text
from policy_service.entrypoints.cli.service_calls import Connection
from policy_service.entrypoints.cli.zones import zone_of_charger

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policy_service.engine.zone import Zone

SinceOption = Annotated[
    int | None, typer.Option("--since", metavar="VERSION", min=0, help="The version that the charger has.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write the summary as JSON.")]


@grouped
def local_list(
    charger: Annotated[str, typer.Argument(metavar="CHARGER", help="Id of the charger.")],
    *,
    since: SinceOption = None,
    connection: Connection,
    as_json: JsonOption = False,
) -> None:
    """Issue a charger's list for when it is offline, and tell how many are on it: who is, its CSMS alone is told."""
    asked = {} if since is None else {"since": since}
    calls = connection.calls()
    answer = told_of_charger(calls, charger, "/local-auth-list", **asked)
    found = {**answer, "commands": len(answer["commands"])}
    if as_json:
        out_json(found)
        return
    for line in _lines(found, zone_of_charger(calls, charger, parse_instant(answer["made_at"]))):
        out(line)


def _lines(found: Mapping[str, Any], zone: Zone) -> Iterator[str]:
    who = "all" if found["complete"] else "not all"
    yield f"{found['charger']}: version {found['version']}, entries: {found['entries']:,}"
    made, until = (when_text(parse_instant(found[name]), zone) for name in ("made_at", "valid_until"))
    yield f"made at {made}"
    yield f"holds until {until}"
    if found["commands"]:
        base = "" if found["based_on"] is None else f" on top of version {found['based_on']}"
        yield f"{found['commands']} SendLocalList to send: {found['update_type']}{base}"
    else:
        yield "nothing to send: the charger has it"
    yield f"{who} who may charge throughout are on it"
    for each in found["left_out"]:
        yield f"left out: {each['count']:,} {each['reason'].replace('_', ' ')}"
    yield from found["notes"]
