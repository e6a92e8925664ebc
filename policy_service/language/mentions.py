"""Names that a document asks for: calendars, schedules, profiles, chargers; read from what is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.language.parsed import Mention

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.language.tree import At


def mentions(kind: str, spec: At) -> Iterator[Mention]:
    """Return every name of another document, or of a charger, that this one asks for."""
    if kind == "AccessPolicy":
        yield from _grants(spec)
        for window in spec.values("windows"):
            yield from _grants(window)
            yield from _named("Schedule", window.get("schedule"))
            yield from _calendars(window, "skip")
        for exception in spec.values("exceptions"):
            yield from _grants(exception)
            yield from _calendars(exception, "days")
    elif kind == "Schedule":
        for times in (spec, *spec.values("windows")):
            yield from _calendars(times, "skip")
    elif kind == "Override":
        yield from _grants(spec)
    elif kind == "PolicyTest":
        for case in spec.values("cases"):
            yield from _named("charger", case.get("charger"))


def _named(kind: str, at: At | None) -> Iterator[Mention]:
    if at is not None and at.text:
        yield Mention(kind, at.text, at.text_place, len(at.text))


def _calendars(at: At, key: str) -> Iterator[Mention]:
    for days in at.every(key):
        yield from _named("Calendar", days.get("calendar"))


def _grants(at: At) -> Iterator[Mention]:
    for grant in at.values("allow"):
        for schedule in grant.every("during"):
            yield from _named("Schedule", schedule)
