"""``chargers show``: one charger as the service knows it, the mode it should be in, and the one it was seen in."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer
from rich.text import Text

from policy_service.domain.charger_sync import SyncState
from policy_service.domain.instant import parse_instant
from policy_service.entrypoints.cli.console import out, out_json
from policy_service.entrypoints.cli.likely_chargers import told_of_charger
from policy_service.entrypoints.cli.option_groups import grouped
from policy_service.entrypoints.cli.outline import labelled, when_text
from policy_service.entrypoints.cli.override_text import is_override
from policy_service.entrypoints.cli.service_calls import Connection, ProblemAnswerError
from policy_service.entrypoints.cli.zones import zone_of_charger

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policy_service.engine.zone import Zone
    from policy_service.entrypoints.cli.service_calls import ServiceCalls

_STYLES = {SyncState.IN_SYNC: "bold green", SyncState.DIVERGED: "bold red", SyncState.UNSUPPORTED: "bold red"}


@grouped
def show(
    charger: Annotated[str, typer.Argument(metavar="CHARGER", help="Id of the charger.")],
    *,
    connection: Connection,
    as_json: Annotated[bool, typer.Option("--json", help="Write both of the service's answers as JSON.")] = False,
) -> None:
    """Show a charger: what set its mode, since when, when it next changes, and whether it was seen in that mode."""
    calls = connection.calls()
    found = told_of_charger(calls, charger)
    mode = calls.get(f"/v1/chargers/{quote(charger, safe='')}/mode")
    if as_json:
        out_json({"charger": found, "mode": mode})
        return
    zone = zone_of_charger(calls, charger, int(time.time()))
    for line in _lines(found, mode, _override(calls, mode), zone):
        out(line)


def _override(calls: ServiceCalls, mode: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the override that set the mode; None where none did, or the key may not see it."""
    if not is_override(str(mode["window"])):
        return None
    try:
        return calls.get(f"/v1/overrides/{mode['window']}")
    except ProblemAnswerError:
        return None


def _lines(
    found: Mapping[str, Any], mode: Mapping[str, Any], override: Mapping[str, Any] | None, zone: Zone
) -> Iterator[Text]:
    yield Text(found["id"], "bold")
    yield labelled("labels", ", ".join(f"{name}:{value}" for name, value in found["labels"].items()) or "none")
    yield labelled("profile", f"{found['profile'] or 'unknown'}, {found['protocol'] or 'protocol unknown'}")
    counts_as = found.get("counts_as", found["profile"])  # a service of before does not tell
    if found["profile"] and counts_as != found["profile"]:
        rest = f"there is no profile {found['profile']}, see `policy-service charger-profiles list`"
        yield labelled("counts", f"as {counts_as or 'no model at all'}: {rest}")
    by_whom = f", by {found['source']}" if found.get("source") else ""  # nor that
    yield labelled("listed", f"in {found['file']}" if found["file"] else f"over HTTP{by_whom}")
    yield from _mode(mode, zone)
    if override is not None:
        yield labelled("override", f"ends {_when(override['until'], zone)}: {override['reason']}")
    yield from _sync(found["sync"], zone)


def _mode(mode: Mapping[str, Any], zone: Zone) -> Iterator[Text]:
    if mode["mode"] is None:
        yield labelled("mode", "none: no policy governs the charger")
        return
    window = str(mode["window"] or "")
    by = f"by {'override ' if is_override(window) else ''}{window}" if window else "by default"
    yield labelled("mode", f"{mode['mode']} {by} in policy {mode['policy']}")
    yield labelled("since", _when(mode["since"], zone) if mode["since"] else "400 days ago or before")
    yield labelled("changes", _when(mode["until"], zone) if mode["until"] else "not within 400 days")


def _sync(sync: Mapping[str, Any] | None, zone: Zone) -> Iterator[Text]:
    if sync is None:
        yield labelled("state", "not known: it was told no mode yet, or the database does not answer")
        return
    told = f": should be {sync['desired']}, on record since {_when(sync['since'], zone)}"
    yield Text.assemble(("state".ljust(9), "dim"), (sync["state"], _STYLES.get(SyncState(sync["state"]), "")), told)
    seen = f"{sync['reported']}, {_when(sync['seen_at'], zone)}" if sync["reported"] else "not seen in any mode yet"
    yield labelled("seen", seen)
    if sync["next_try_at"]:
        yield labelled("tries", f"{sync['attempts']}, the next {_when(sync['next_try_at'], zone)}")


def _when(written: str, zone: Zone) -> str:
    return when_text(parse_instant(written), zone)
