# ruff: noqa: INP001 - lies beside scripts, not in a package
"""Sessions that a change of mode is to end, now or later, kept in a file: a restart of the CSMS forgets none."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


@dataclass(slots=True)
class Ending:
    """The sessions of one charger that one change of mode ends. ``at`` is its instant, in epoch seconds."""

    charger: str
    at: float
    after_s: float
    transactions: list[str] = field(default_factory=list[str])
    arrived: bool = False
    """Whether the charger is in the mode: only then do its sessions end."""

    @property
    def due(self) -> float:
        """When they end, in epoch seconds."""
        return self.at + self.after_s


class Endings:
    """What is still to end, by the id of the change of mode."""

    def __init__(self, kept: Path | None, running: Callable[[str], list[str]]) -> None:
        """Go on with what the file ``kept`` says; without one, all is forgotten with the process.

        ``running`` tells the transactions of a charger that run.
        """
        self._kept, self._running = kept, running
        self._endings: dict[str, Ending] = {}
        if kept is not None and kept.exists():
            self._endings = {name: Ending(**each) for name, each in json.loads(kept.read_text()).items()}

    def all(self) -> dict[str, Ending]:
        """Return all, by the id of the change."""
        return dict(self._endings)

    def told(self, transition_id: str, charger: str, at: float, sessions: Mapping[str, Any]) -> None:
        """Hear of a change, and what it wants of sessions; it takes the place of one to come."""
        overtaken = [name for name, each in self._endings.items() if each.charger == charger and not each.arrived]
        for name in overtaken:
            del self._endings[name]
        ends = sessions.get("action", "keep") != "keep"
        if ends:
            self._endings[transition_id] = Ending(charger, at, sessions.get("after_s") or 0, self._running(charger))
        if ends or overtaken:
            self._keep()

    def arrived(self, transition_id: str) -> Ending | None:
        """Hear that a charger is in the mode; return what ends by that: what ran when it was told, and what runs."""
        found = self._endings.get(transition_id)
        if found is not None:
            found.arrived = True
            found.transactions = list(dict.fromkeys((*found.transactions, *self._running(found.charger))))
            self._keep()
        return found

    def left(self, charger: str, transaction_id: str) -> None:
        """Hear that a session has ended by itself."""
        for each in self._endings.values():
            if each.charger == charger and transaction_id in each.transactions:
                each.transactions.remove(transaction_id)
                self._keep()

    def due(self, charger: str, now: float) -> list[str]:
        """Return the transactions of a charger that should have ended by ``now``."""
        return [name for each in self._over(charger, now).values() for name in each.transactions]

    def ended(self, charger: str, now: float) -> None:
        """Forget what should have ended by ``now``."""
        if over := self._over(charger, now):
            for name in over:
                del self._endings[name]
            self._keep()

    def _over(self, charger: str, now: float) -> dict[str, Ending]:
        return {
            name: each
            for name, each in self._endings.items()
            if each.charger == charger and each.arrived and each.due <= now
        }

    def _keep(self) -> None:
        if self._kept is not None:
            fresh = self._kept.with_suffix(".new")
            fresh.write_text(json.dumps({name: asdict(each) for name, each in self._endings.items()}))
            fresh.replace(self._kept)
