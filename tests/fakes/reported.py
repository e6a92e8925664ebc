"""Reported modes in memory, beside what chargers were told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from policy_service.application.ports import ConflictError
from policy_service.domain.charger_sync import DesiredMode, ReportedMode, Standing, is_proven

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.domain.mode_events import ModeEvent


class MemoryReportedModes:
    """All of it in dictionaries; ``told`` and ``events`` are for tests to fill and read."""

    def __init__(self) -> None:
        """Know nothing."""
        self.told: dict[str, DesiredMode] = {}
        self.events: dict[str, ModeEvent] = {}
        self._reported: dict[str, ReportedMode] = {}

    async def all(self) -> Mapping[str, ReportedMode]:
        return dict(self._reported)

    async def get(self, charger: str) -> ReportedMode | None:
        return self._reported.get(charger)

    async def standings(self, chargers: Sequence[str], *, unproven: bool = False) -> Mapping[str, Standing]:
        found = {name: self._standing(name) for name in chargers}
        return {
            name: each
            for name, each in found.items()
            if (each.desired is not None and not (unproven and is_proven(each.desired, each.reported)))
            or (each.desired is None and each.reported is not None and not unproven)
        }

    async def proven(self, chargers: Sequence[str]) -> int:
        standings = [self._standing(name) for name in chargers]
        return sum(each.desired is not None and is_proven(each.desired, each.reported) for each in standings)

    async def due(self, now: int, *, first_ms: int | None, limit: int) -> Mapping[str, Standing]:
        found: dict[str, Standing] = {}
        for name in sorted(self.told):
            desired, reported = self._standing(name)
            assert desired is not None
            followed = reported is not None and reported.transition_id == desired.transition_id
            waiting = reported is not None and reported.next_try_at is not None and reported.next_try_at <= now
            if waiting or (first_ms is not None and not followed and desired.at <= now - first_ms):
                found[name] = Standing(desired, reported)
        return dict(list(found.items())[:limit])

    async def put(self, reported: Sequence[ReportedMode], events: Sequence[ModeEvent]) -> None:
        for each in reported:
            stored = self._reported.get(each.charger)
            if each.version != (0 if stored is None else stored.version):
                raise ConflictError
        self._reported |= {each.charger: replace(each, version=each.version + 1) for each in reported}
        for event in events:
            self.events.setdefault(event.id, event)

    def _standing(self, charger: str) -> Standing:
        return Standing(self.told.get(charger), self._reported.get(charger))
