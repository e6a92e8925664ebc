"""How the modes of chargers look on the wire: what was told, what was seen, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.domain.instant import format_instant_ms

if TYPE_CHECKING:
    from policy_service.application.queries.charger_sync import Stood
    from policy_service.domain.charger_sync import DesiredMode, ReportedMode


def sync_view(stood: Stood) -> dict[str, Any] | None:
    """Return in short how a charger stands; None where nobody has told it a mode."""
    desired, reported = stood.standing
    if desired is None or stood.state is None:
        return None
    attempts, next_try_at = _tries(desired, reported)
    return {
        "state": stood.state,
        "desired": desired.mode,
        "since": format_instant_ms(desired.at),
        "reported": None if reported is None else reported.mode,
        "seen_at": None if reported is None else _instant(reported.seen_at),
        "attempts": attempts,
        "next_try_at": next_try_at,
    }


def standing_view(stood: Stood) -> dict[str, Any]:
    """Return all that is known of a charger's mode."""
    desired, reported = stood.standing
    attempts, next_try_at = _tries(desired, reported)
    return {
        "charger": stood.entry.charger.id,
        "state": stood.state,
        "desired": None if desired is None else _desired(desired),
        "reported": None if reported is None or not reported.heard else _reported(reported),
        "attempts": attempts,
        "next_try_at": next_try_at,
    }


def _tries(desired: DesiredMode | None, reported: ReportedMode | None) -> tuple[int, str | None]:
    """Return how often a try was due, and when the next is, for the change of mode that is in force."""
    if desired is None or reported is None or reported.transition_id != desired.transition_id:
        return 0, None
    return reported.attempts, _instant(reported.next_try_at)


def _desired(desired: DesiredMode) -> dict[str, Any]:
    return {
        "mode": desired.mode,
        "since": format_instant_ms(desired.at),
        "transition_id": desired.transition_id,
        "policy": desired.policy,
        "window": desired.window,
    }


def _reported(reported: ReportedMode) -> dict[str, Any]:
    return {
        "mode": reported.mode,
        "at": format_instant_ms(reported.at),
        "seen_at": _instant(reported.seen_at),
        "online": reported.online,
        "booted_at": _instant(reported.booted_at),
        "evidence": dict(reported.evidence),
    }


def _instant(epoch_ms: int | None) -> str | None:
    return None if epoch_ms is None else format_instant_ms(epoch_ms)
