"""How the plan's nouns look on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.application.views import grant_view
from policy_service.domain.instant import format_instant

if TYPE_CHECKING:
    from policy_service.domain.diagnostic import Diagnostic
    from policy_service.domain.policy import AccessPolicy, DayException, Window
    from policy_service.domain.timeline import ModeTransition


def transition_view(change: ModeTransition) -> dict[str, Any]:
    """Return a change of mode."""
    running = change.running_sessions
    return {
        "charger": change.charger,
        "at": format_instant(change.at),
        "from_mode": change.from_mode,
        "to_mode": change.to_mode,
        "policy": change.policy,
        "window": change.window,
        "running_sessions": {"action": running.action, "after_s": running.after},
    }


def policy_view(policy: AccessPolicy) -> dict[str, Any]:
    """Return a policy's outline."""
    return {
        "name": policy.name,
        "title": policy.title,
        "owner": policy.owner,
        "timezone": policy.timezone,
        "priority": policy.priority,
        "default_mode": policy.default_mode,
        "enforcement": policy.enforcement,
        "locked": policy.locked,
        "file": policy.place.file,
        "line": policy.place.line,
    }


def policy_detail(policy: AccessPolicy) -> dict[str, Any]:
    """Return a policy's outline with its parts."""
    return {
        **policy_view(policy),
        "allow": [grant_view(grant) for grant in policy.allow],
        "on_lookup_failure": policy.on_lookup_failure,
        "on_unreachable": policy.on_unreachable,
        "on_breach": policy.on_breach,
        "windows": [_part_view(window) for window in policy.windows],
        "exceptions": [_part_view(exception) for exception in policy.exceptions],
    }


def _part_view(part: Window | DayException) -> dict[str, Any]:
    return {
        "name": part.name,
        "mode": part.mode,
        "priority": part.priority,
        "allow": None if part.allow is None else [grant_view(grant) for grant in part.allow],
        "line": part.place.line,
    }


def diagnostic_view(finding: Diagnostic) -> dict[str, Any]:
    """Return a finding."""
    return {
        "code": finding.code,
        "severity": finding.severity,
        "file": finding.place.file,
        "line": finding.place.line,
        "column": finding.place.column,
        "message": finding.message,
        "help": finding.help,
    }
