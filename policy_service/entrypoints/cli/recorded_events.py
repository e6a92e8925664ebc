"""Access events that were exported, to be asked again: lines of JSON, or a list of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from policy_service.entrypoints.cli.event_pages import List, list_pages
from policy_service.entrypoints.cli.failure import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from policy_service.entrypoints.cli.service_calls import ServiceCalls

_EVENTS = List("/v1/events", "events")
_NEEDED = ("type", "time", "charger", "outcome", "reason", "vehicle_class", "agreement")


def events_in(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the events of a file: NDJSON, CloudEvents or bare, or what `events list --json` writes.

    Raises CommandError.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"`{path}` cannot be read as text"
        raise CommandError(
            message, "give a file of events, such as `policy-service events list --all --json`"
        ) from error
    if text.startswith('{"events": ['):
        yield from (_event(event, f"{path}") for event in _parsed(text, f"{path}")["events"])
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield _event(_parsed(line, f"{path}:{number}"), f"{path}:{number}")


def events_of(calls: ServiceCalls, most: int) -> Iterator[dict[str, Any]]:
    """Yield so many events of a running service, the latest first. Raises CommandError."""
    for page in list_pages(calls, _EVENTS, {}, most):
        yield from page.content


def _parsed(text: str, place: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        message = f"{place}: no JSON object"
        raise CommandError(message, "each line is one event")
    return cast("dict[str, Any]", value)


def _event(value: dict[str, Any], place: str) -> dict[str, Any]:
    event = value.get("data", value) if "specversion" in value else value
    missing = [name for name in _NEEDED if name not in event]
    if missing:
        message = f"{place}: no access event: it has no `{missing[0]}`"
        raise CommandError(message, "events are as `/v1/events` lists them")
    return cast("dict[str, Any]", event)
