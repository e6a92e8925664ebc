"""Access events that were exported, to be asked again: lines of JSON, or a list of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from policy_service.entrypoints.cli.event_pages import List, list_pages
from policy_service.entrypoints.cli.failure import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import UnionType

    from policy_service.entrypoints.cli.service_calls import ServiceCalls

_EVENTS = List("/v1/events", "events")
_NEEDED: dict[str, type | UnionType] = {
    "type": str,
    "time": str,
    "charger": str,
    "outcome": str,
    "reason": str,
    "vehicle_class": str | None,
    "agreement": str | None,
}


def events_in(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the events of a file: NDJSON, CloudEvents or bare, or a page as ``/v1/events`` answers it.

    Raises CommandError.
    """
    text = _read(path)
    whole = _parsed(text)
    listed = None if whole is None else whole.get("events")
    if isinstance(listed, list):
        for event in cast("list[object]", listed):
            yield _event(event, f"{path}")
        return
    for number, line in enumerate(text.split("\n"), start=1):  # JSON's texts may hold what else ends a line
        if line.strip():
            yield _event(_parsed(line), f"{path}:{number}")


def _read(path: Path) -> str:
    why = "it is no UTF-8"
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        why = error.strerror or type(error).__name__
    except UnicodeDecodeError:
        pass
    message = f"`{path}` cannot be read: {why}"
    raise CommandError(message, "give a file of events, such as `policy-service events list --all --json` writes it")


def events_of(calls: ServiceCalls, most: int) -> Iterator[dict[str, Any]]:
    """Yield so many events of a running service, the latest first. Raises CommandError."""
    for page in list_pages(calls, _EVENTS, {}, most):
        yield from page.content


def _parsed(text: str) -> dict[str, Any] | None:
    """Return the object that a text is; None where it is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _event(value: object, place: str) -> dict[str, Any]:
    told = cast("dict[str, Any]", value) if isinstance(value, dict) else None
    event = told.get("data") if told is not None and "specversion" in told else told
    if not isinstance(event, dict):
        message = f"{place}: no JSON object"
        raise CommandError(message, "each line is one event")
    found = cast("dict[str, Any]", event)
    missing = [name for name, kind in _NEEDED.items() if name not in found or not isinstance(found[name], kind)]
    if missing:
        message = f"{place}: no access event: it has no `{missing[0]}`"
        raise CommandError(message, "events are as `/v1/events` lists them")
    return found
