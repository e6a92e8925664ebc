"""``chargers show``: one charger as the service knows it, the mode it should be in, and the one it was seen in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer
from rich.text import Text

from policy_service.domain.charger_sync import SyncState
from policy_service.entrypoints.cli.console import out, out_json
from policy_service.entrypoints.cli.likely_chargers import found_charger
from policy_service.entrypoints.cli.option_groups import grouped
from policy_service.entrypoints.cli.outline import labelled
from policy_service.entrypoints.cli.service_calls import Connection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_STYLES = {SyncState.IN_SYNC: "bold green", SyncState.DIVERGED: "bold red", SyncState.UNSUPPORTED: "bold red"}


@grouped
def show(
    charger: Annotated[str, typer.Argument(metavar="CHARGER", help="Id of the charger.")],
    *,
    connection: Connection,
    as_json: Annotated[bool, typer.Option("--json", help="Write both of the service's answers as JSON.")] = False,
) -> None:
    """Show a charger: which policy and window set its mode and until when, and whether it was seen in that mode."""
    calls = connection.calls()
    found = found_charger(calls, charger)
    mode = calls.get(f"/v1/chargers/{quote(charger, safe='')}/mode")
    if as_json:
        out_json({"charger": found, "mode": mode})
        return
    for line in _lines(found, mode):
        out(line)


def _lines(found: Mapping[str, Any], mode: Mapping[str, Any]) -> Iterator[Text]:
    yield Text(found["id"], "bold")
    yield labelled("labels", ", ".join(f"{name}:{value}" for name, value in found["labels"].items()) or "none")
    yield labelled("profile", f"{found['profile'] or 'unknown'}, {found['protocol'] or 'protocol unknown'}")
    yield labelled("listed", f"in {found['file']}" if found["file"] else "over HTTP")
    yield labelled("mode", _mode(mode))
    yield from _sync(found["sync"])


def _mode(mode: Mapping[str, Any]) -> str:
    if mode["mode"] is None:
        return "none: no policy governs the charger"
    by = f"by {mode['window']}" if mode["window"] else "by default"
    until = f"until {mode['until']}" if mode["until"] else "for 400 days or more"
    return f"{mode['mode']} {by} in policy {mode['policy']}, {until}"


def _sync(sync: Mapping[str, Any] | None) -> Iterator[Text]:
    if sync is None:
        yield labelled("state", "not known: it was told no mode yet, or the database does not answer")
        return
    told = f": should be {sync['desired']} since {sync['since']}"
    yield Text.assemble(("state".ljust(9), "dim"), (sync["state"], _STYLES.get(SyncState(sync["state"]), "")), told)
    seen = f"{sync['reported']} at {sync['seen_at']}" if sync["reported"] else "not seen in any mode yet"
    yield labelled("seen", seen)
    if sync["next_try_at"]:
        yield labelled("tries", f"{sync['attempts']}, the next at {sync['next_try_at']}")
