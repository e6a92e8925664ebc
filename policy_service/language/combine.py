"""Keys that go together and keys that do not, told from what is written, whatever else is wrong with it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policy_service.language.combine_profile import profile
from policy_service.language.tree import MappingNode
from policy_service.language.wording import finding, listed, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.domain.diagnostic import Diagnostic
    from policy_service.language.tree import At

TIME_KEYS = (
    "rrule",
    "from",
    "until",
    "dates",
    "rdates",
    "exdates",
    "skip",
    "start",
    "end",
    "endDate",
    "duration",
    "allDay",
)

_APART = (
    ("end", "duration", "give one of them"),
    ("rrule", "dates", "give one of them; `rdates` adds dates to a rule"),
    ("from", "dates", "`dates` are the start dates already"),
    ("endDate", "duration", "give one of them"),
    ("endDate", "rrule", "what recurs lasts from `start` to `end`, or for a `duration`"),
    ("endDate", "dates", "what recurs lasts from `start` to `end`, or for a `duration`"),
)
_ALL_DAY_APART = ("start", "end", "endDate", "duration")
_NEEDS = (
    ("rrule", ("from",), "`from` is the date from which on the rule counts"),
    ("until", ("rrule",), "`until` ends a rule"),
    ("end", ("start",), "an end needs a start"),
    ("endDate", ("end",), "give the time of day at which it ends"),
    ("endDate", ("from",), "give the date on which it starts"),
    ("duration", ("start",), "a duration needs a start"),
    ("start", ("end", "duration"), "say when it ends"),
)
_BUILT_IN = {
    "charger": ("id", "labels", "protocol", "profile"),
    "vehicle": ("id", "class", "fleet", "agreement"),
}
_DAY_SETS = ("holidays", "calendar", "dates", "from")
_BOUND = re.compile(r"(?:^|;)\s*(UNTIL|COUNT)\s*=", re.IGNORECASE)


def combined(kind: str, spec: At) -> Iterator[Diagnostic]:
    """Tell every combination of keys in a document that does not hold."""
    if kind == "AccessPolicy":
        yield from _policy(spec)
    elif kind == "Schedule":
        yield from _schedule(spec)
    elif kind == "Override":
        yield from _selector(spec)
        yield from _grants(spec)
    elif kind == "Attributes":
        yield from _built_in(spec)
    elif kind == "ChargerProfile":
        yield from profile(spec)
    elif kind == "PolicyTest":
        for case in spec.values("cases"):
            if "now" not in spec.keys or {"at", "each"} <= case.keys:  # left out, both are the test's `now`
                yield from _exactly_one(case, ("at", "each"))


def _built_in(spec: At) -> Iterator[Diagnostic]:
    for subject, names in _BUILT_IN.items():
        declared = spec.get(subject)
        for name in names:
            if declared is not None and name in declared.keys:
                place = declared.key(name)
                message = f"`{subject}.{name}` is built in and cannot be declared"
                yield finding("PS014", place.place, message, "choose another name", place.length)


def _policy(spec: At) -> Iterator[Diagnostic]:
    yield from _selector(spec)
    yield from _grants(spec)
    for window in spec.values("windows"):
        yield from _grants(window)
        yield from _window(window)
    for exception in spec.values("exceptions"):
        yield from _grants(exception)
        yield from _pairs(exception, {"start", "end", "duration"})
        yield from _day_sets(exception, "days")
        yield from _without_days(exception)
    yield from _names_twice(spec)


def _without_days(exception: At) -> Iterator[Diagnostic]:
    if "days" in exception.keys and not any(exception.every("days")):
        at = exception.key("days")
        yield finding("PS012", at.place, "`days` names no day", "list the days, or leave the exception out", at.length)


def _window(window: At) -> Iterator[Diagnostic]:
    if "schedule" not in window.keys:
        yield from times(window)
        return
    for key in TIME_KEYS:
        if key in window.keys:
            yield _apart(window, "schedule", key, "the times are those of the schedule")


def _schedule(spec: At) -> Iterator[Diagnostic]:
    if "windows" not in spec.keys:
        yield from times(spec)
        return
    for key in TIME_KEYS:
        if key in spec.keys:
            yield _apart(spec, "windows", key, "write it in each of the windows")
    for window in spec.values("windows"):
        yield from times(window)


def times(at: At) -> Iterator[Diagnostic]:
    """Tell what does not go together in the times of a window or a schedule."""
    if not isinstance(at.node, MappingNode):
        return
    yield from _pairs(at, set(TIME_KEYS))
    if not at.keys & {"rrule", "from", "dates"}:
        yield finding(
            "PS012", at.place, "missing key `from`", "say when: `from`, `rrule` with `from`, `dates` or `schedule`"
        )
    if _all_day(at):
        for key in _ALL_DAY_APART:
            if key in at.keys:
                yield _apart(at, "allDay", key, "`allDay` covers dayStart to the next dayStart")
    elif not at.keys & {"start", "end", "duration"}:
        yield finding(
            "PS012", at.place, "missing key `start`", "give `start` with `end` or `duration`, or `allDay: true`"
        )
    yield from _bounded_twice(at)
    yield from _day_sets(at, "skip")


def _all_day(at: At) -> bool:
    all_day = at.get("allDay")
    return all_day is not None and all_day.text != "false"


def _bounded_twice(at: At) -> Iterator[Diagnostic]:
    rule, until = at.get("rrule"), at.key("until")
    bound = _BOUND.search(rule.text) if rule is not None and rule.text is not None else None
    if bound is not None and "until" in at.keys:
        message = f"`until` does not go with {quoted(bound[1].upper())} in the rule"
        yield finding("PS015", until.place, message, "give one of them", until.length)


def _pairs(at: At, among: set[str]) -> Iterator[Diagnostic]:
    written = at.keys & among
    apart = [_apart(at, *row) for row in _APART if row[0] in written and row[1] in written]
    yield from apart
    if apart:
        return
    told = _ALL_DAY_APART if _all_day(at) else ()
    for key, needed, help_text in _NEEDS:
        if key in written and key not in told and not written & set(needed):
            place = at.key(key)
            yield finding("PS015", place.place, f"{quoted(key)} needs {listed(needed)}", help_text, place.length)


def _apart(at: At, first: str, second: str, help_text: str) -> Diagnostic:
    place = at.key(second)
    return finding("PS015", place.place, f"{quoted(second)} does not go with {quoted(first)}", help_text, place.length)


def _exactly_one(at: At, keys: tuple[str, ...]) -> Iterator[Diagnostic]:
    written = [key for key in keys if key in at.keys]
    if not isinstance(at.node, MappingNode) or len(written) == 1:
        return
    if written:
        yield _apart(at, written[0], written[1], "give one of them")
    else:
        yield finding("PS012", at.place, f"missing key {listed(keys)}", "give one of them")


def _day_sets(at: At, key: str) -> Iterator[Diagnostic]:
    for days in at.every(key):
        yield from _exactly_one(days, _DAY_SETS)
        for inner, needed in (("except", "holidays"), ("to", "from"), ("from", "to")):
            if inner in days.keys and needed not in days.keys:
                place = days.key(inner)
                yield finding(
                    "PS015", place.place, f"{quoted(inner)} needs {quoted(needed)}", "write both", place.length
                )


def _selector(spec: At) -> Iterator[Diagnostic]:
    selector = spec.get("chargers")
    if selector is None or not isinstance(selector.node, MappingNode) or selector.keys & {"ids", "labels", "when"}:
        return
    yield finding("PS012", selector.place, "the selector names no charger", "give `ids`, `labels` or `when`")


def _grants(at: At) -> Iterator[Diagnostic]:
    for grant in at.values("allow"):
        vehicle_class = grant.get("class")
        for key in ("agreements", "excludeAgreements"):
            if vehicle_class is not None and vehicle_class.text == "own" and key in grant.keys:
                yield _apart(grant, "class: own", key, "agreements cover vehicles of `class: agreement`")


def _names_twice(spec: At) -> Iterator[Diagnostic]:
    seen: dict[str, At] = {}
    for rule in (*spec.values("windows"), *spec.values("exceptions")):
        name = rule.get("name")
        if name is None or name.text is None:
            continue
        first = seen.setdefault(name.text, name)
        if first is not name:
            message = f"{quoted(name.text)} names two windows or exceptions of the policy"
            yield finding("PS016", name.place, message, f"first used on line {first.place.line}", name.length)
