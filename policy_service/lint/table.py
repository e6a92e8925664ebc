"""The table of rules: what `check` looks for beyond errors, and how much each finding weighs unless told otherwise."""

from __future__ import annotations

from policy_service.domain.codes import CODES
from policy_service.domain.diagnostic import Severity
from policy_service.lint.rule import Rule
from policy_service.lint.rules import (
    allow_without_effect,
    charger_without_policy,
    clock_change_at_edge,
    condition_always_false,
    condition_always_true,
    deprecated_key,
    exception_cuts_occurrence,
    freevend_cannot_be_switched,
    grant_never_met,
    grant_twice,
    holidays_without_days,
    ignore_unused,
    ignore_without_reason,
    message_too_long,
    name_differs_from_file,
    one_second_hole,
    override_in_the_past,
    owner_missing,
    policy_overruled,
    schema_line_missing,
    selector_without_charger,
    start_equals_end,
    unknown_agreement,
    window_never_in_force,
    window_too_short,
    window_without_instant,
    zone_without_place,
)

_W, _I = Severity.WARNING, Severity.INFO

RULES: tuple[Rule, ...] = (
    # what never happens
    Rule("PS201", "window-never-in-force", _W, "window that is never in force", window_never_in_force.find),
    Rule("PS202", "window-without-instant", _W, "window in which no instant lies", window_without_instant.find),
    Rule("PS203", "override-in-the-past", _W, "override that is over", override_in_the_past.find),
    Rule(
        "PS204",
        "selector-without-charger",
        _W,
        "selector that picks no charger",
        selector_without_charger.find,
        whole=True,
    ),
    Rule(
        "PS205", "charger-without-policy", _W, "charger that no policy governs", charger_without_policy.find, whole=True
    ),
    Rule("PS206", "condition-always-true", _W, "condition that is always true", condition_always_true.find),
    Rule("PS207", "condition-always-false", _W, "condition that is always false", condition_always_false.find),
    Rule("PS208", "grant-never-met", _W, "grant that no vehicle can meet", grant_never_met.find),
    Rule("PS209", "unknown-agreement", _W, "agreement that nobody has named", unknown_agreement.find, whole=True),
    Rule("PS224", "policy-overruled", _W, "policy that governs no charger", policy_overruled.find, whole=True),
    # times that surprise
    Rule("PS210", "clock-change-at-edge", _W, "edge that a clock change skips or repeats", clock_change_at_edge.find),
    Rule("PS211", "window-too-short", _W, "window shorter than five minutes", window_too_short.find),
    Rule("PS212", "one-second-hole", _W, "one second between windows that should touch", one_second_hole.find),
    Rule("PS213", "holidays-without-days", _W, "holiday region that names no day", holidays_without_days.find),
    Rule("PS225", "zone-without-place", _W, "time zone of no place", zone_without_place.find),
    Rule("PS216", "exception-cuts-occurrence", _I, "exception that cuts a window", exception_cuts_occurrence.find),
    Rule("PS217", "start-equals-end", _I, "start that equals the end", start_equals_end.find),
    # what chargers cannot do
    Rule(
        "PS214",
        "freevend-cannot-be-switched",
        _W,
        "charger that cannot be opened",
        freevend_cannot_be_switched.find,
        whole=True,
    ),
    Rule("PS215", "message-too-long", _W, "message longer than the display", message_too_long.find, whole=True),
    # how it is written
    Rule("PS218", "name-differs-from-file", _I, "policy named otherwise than its file", name_differs_from_file.find),
    Rule("PS219", "owner-missing", _I, "policy without an owner", owner_missing.find),
    Rule("PS220", "deprecated-key", _W, "deprecated key", deprecated_key.find),
    Rule("PS221", "schema-line-missing", _I, "file without a schema line", schema_line_missing.find, fixable=True),
    Rule("PS222", "allow-without-effect", _W, "grants where everybody may charge", allow_without_effect.find),
    Rule("PS223", "grant-twice", _W, "grant that stands twice in one list", grant_twice.find),
    # comments that ignore findings
    Rule("PS291", "ignore-without-reason", _W, "ignore that is not understood", ignore_without_reason.find),
    Rule("PS292", "ignore-unused", _W, "ignore of what is not found", ignore_unused.find, fixable=True, whole=True),
)

BY_CODE = {rule.code: rule for rule in RULES}
BY_NAME = {rule.name: rule for rule in RULES}

LEVELLED = (*(code for code, row in CODES.items() if row.severity is not Severity.ERROR), *BY_CODE)
"""What may be given another level or be ignored: everything that does not keep a tree from being served."""
