"""One charger whose changes of mode are followed up, with all that was ever said of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from policy_service.domain.charger_sync import DesiredMode, ReportedMode, Standing, SyncState, sync_state
from policy_service.domain.mode_follow_up import Followed, ModeReport, Patience, Subject, heard, waited

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.domain.access import AccessMode
    from policy_service.domain.mode_events import ModeEvent

AT = 1_795_000_000_000
PATIENCE = Patience()


@dataclass
class Yard:
    """One charger, its clock, and all that was ever said and emitted."""

    now: int = AT
    desired: DesiredMode | None = None
    reported: ReportedMode | None = None
    switchable: bool = True
    events: list[ModeEvent] = field(default_factory=list)
    accepted: list[ModeReport] = field(default_factory=list)
    """Every report that was not older than one before it."""
    proven: set[str] = field(default_factory=set)
    """Changes of mode that were seen through at some moment."""
    changes: int = 0

    def subject(self) -> Subject:
        return Subject("A", Standing(self.desired, self.reported), self.switchable, {"depot": "north"})

    def tell(self, mode: AccessMode, ahead_ms: int = 0) -> None:
        self.changes += 1
        before = None if self.desired is None else self.desired.mode
        self.desired = DesiredMode("A", mode, before, self.now + ahead_ms, f"t{self.changes}", "north", None)

    def hear(self, report: ModeReport) -> Sequence[ModeEvent]:
        if not self.accepted or report.at >= self.accepted[-1].at:
            self.accepted.append(report)
        return self._take(heard(self.subject(), report, self.now, PATIENCE))

    def say(self, mode: AccessMode | None = None, **told: object) -> Sequence[ModeEvent]:
        return self.hear(ModeReport("A", self.now, mode, **told))  # type: ignore[arg-type]  # fields by name

    def wait(self, milliseconds: int) -> Sequence[ModeEvent]:
        """Let time pass, and whatever is due meanwhile happen at its instant, as the watch sees to."""
        until = self.now + milliseconds
        found: list[ModeEvent] = []
        while (due := self._due()) is not None and due <= until:
            self.now = max(self.now, due)
            assert self.desired is not None
            found += self._take(waited(self.subject(), self.desired, self.now, PATIENCE))
        self.now = until
        return found

    def state(self) -> SyncState | None:
        standing = Standing(self.desired, self.reported)
        return sync_state(standing, switchable=self.switchable, now=self.now, within_ms=PATIENCE.within_ms)

    def _due(self) -> int | None:
        if self.desired is None:
            return None
        if self.reported is None or self.reported.transition_id != self.desired.transition_id:
            return self.desired.at + PATIENCE.first_ms
        return self.reported.next_try_at

    def _take(self, followed: Followed) -> Sequence[ModeEvent]:
        self.reported = replace(followed.reported, version=followed.reported.version + 1)
        self.events += followed.events
        return followed.events
