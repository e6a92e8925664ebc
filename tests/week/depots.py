"""Depots for a simulated week: policies as operators write them, chargers of every model, and what each should do when.

What should be is read off the naive interpreter of the policy format, which shares nothing with the service's.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from firmware import Habits
from models import MODELS
from naive import Naive
from random_times import Holidays

from policy_service.adapters.packaged_profiles import packaged_profiles
from policy_service.domain.access import AccessMode
from policy_service.domain.registration import Absence
from policy_service.language.load import load

if TYPE_CHECKING:
    from models import Model

QUARTER_S = 900
POLICY = """
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {{name: {name}}}
spec:
  timezone: {zone}
  chargers: {{labels: {{depot: {name}}}}}
  defaultMode: freevend
  allow: [{{class: own}}]
  windows:
{windows}
---
"""
WINDOW = '    - {{name: {name}, mode: managed, start: "{start}", end: "{end}", from: {first}, rrule: "{rule}"}}\n'
NIGHTS, NOONS, WEEKEND = "FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "FREQ=WEEKLY;BYDAY=SA,SU"
FIRST = {NIGHTS: "2026-01-05", NOONS: "2026-01-05", WEEKEND: "2026-01-10"}
DEPOTS: dict[str, tuple[str, list[tuple[str, str, str, str]]]] = {
    "north": ("Australia/Melbourne", [("night", "18:00", "06:00", NIGHTS), ("noon", "11:00", "13:00", NOONS)]),
    "dock": ("Pacific/Auckland", [("night", "18:00", "06:00", NIGHTS), ("market", "08:00", "12:00", WEEKEND)]),
    "arena": ("Europe/London", [("match", "17:30", "22:30", NOONS), ("early", "05:00", "07:00", NIGHTS)]),
    "works": ("UTC", [("shift", "06:00", "14:00", NOONS), ("late", "16:00", "20:00", NIGHTS)]),
}
SHORT = ("north", "works")
"""Depots of the short form."""


class Planned(NamedTuple):
    """A charger of the week. ``open``: how it comes from the factory."""

    id: str
    depot: str
    model: Model
    habits: Habits
    open: bool

    @property
    def obeys(self) -> bool:
        """Whether it can be brought into a mode at all."""
        return self.model.switch is not None and not self.habits.lies


def planned(count: int, depots: tuple[str, ...], seed: int) -> list[Planned]:
    """Return chargers of every model in every depot; one in ten lies, one forgets, one needs a restart."""
    rng = random.Random(seed)  # noqa: S311 - habits, not secrets
    models = list(MODELS.values())
    chargers: list[Planned] = []
    for number in range(count):
        model, depot = models[number % len(models)], depots[number // len(models) % len(depots)]
        kind = rng.randrange(10)
        habits = Habits(
            lies=kind == 0,
            forgets=kind == 1,
            needs_reboot=kind == 2,
            keeps_cache=rng.random() < 0.1,
            latency_s=rng.uniform(0.02, 0.2),
        )
        chargers.append(Planned(f"W{number:03}", depot, model, habits, rng.random() < 0.5))
    return chargers


def tree(chargers: list[Planned]) -> str:
    """Return the policies and the inventory as a file."""
    policies = "".join(
        POLICY.format(
            name=name,
            zone=zone,
            windows="".join(
                WINDOW.format(
                    name=window,
                    start=start,
                    end=end,
                    rule=rule,
                    first=FIRST[rule],
                )
                for window, start, end, rule in windows
            ),
        )
        for name, (zone, windows) in DEPOTS.items()
    )
    inventory = "".join(
        f"    - {{id: {each.id}, profile: {each.model.profile}, protocol: ocpp{each.model.version}, "
        f"labels: {{depot: {each.depot}}}}}\n"
        for each in chargers
    )
    kind = "apiVersion: policy-service/v1\nkind: ChargerInventory\nmetadata: {name: week}\nspec:\n  chargers:\n"
    return policies + kind + inventory


def changes(text: str, chargers: list[Planned], start: int, end: int) -> dict[str, list[tuple[int, AccessMode]]]:
    """Return for each depot its mode at ``start``, and each change until ``end`` (epoch seconds), by the oracle."""
    checked = load({"week.yaml": text.encode()}, built_in=packaged_profiles())
    assert checked.tree is not None, checked.diagnostics
    days = (datetime.fromtimestamp(at, UTC).date() for at in (start, end))
    naive = Naive(checked.tree, Holidays(), {}, lo=next(days), hi=next(days))
    found: dict[str, list[tuple[int, AccessMode]]] = {}
    for depot, charger in {each.depot: each.id for each in chargers}.items():
        modes = [(at, _mode(naive, charger, at)) for at in range(start, end, QUARTER_S)]
        course = [modes[0]]
        for at, mode in modes[1:]:
            if mode is not course[-1][1]:
                assert _mode(naive, charger, at - 1) is not mode, "a change between the quarters of an hour"
                course.append((at, mode))
        found[depot] = course
    return found


def _mode(naive: Naive, charger: str, at: int) -> AccessMode:
    mode = naive.answer(charger, at, Absence.UNKNOWN_IDENTIFIER).mode
    assert mode is not None
    return AccessMode(mode)
