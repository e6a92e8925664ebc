"""Who hears of what chargers are told: logs and metrics stand behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.domain.mode_events import ModeEvent


class TransitionObserver(Protocol):
    """Hears what is told, and what waits."""

    def mode_events(self, events: Sequence[ModeEvent]) -> None:
        """Hear of events that were stored."""
        ...

    def transitions_wait(self, chargers: int, behind_s: float) -> None:
        """Hear how many chargers may have to be told something now, and for how long any has waited."""
        ...

    def scheduler_silent(self, for_s: float) -> None:
        """Hear for how long nobody was seen who tells, where processes of their own do."""
        ...

    def transitions_overtaken(self) -> None:
        """Hear that another process has told chargers something meanwhile: what was known is read again."""
        ...
