"""Asks a service about a night at which chargers are managed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fakes.served import Served

NIGHT = "2026-11-24T11:15:00Z"
MELBOURNE, AUCKLAND = "2026-11-24 22:15:00+11:00", "2026-11-25 00:15:00+13:00"
"""That night by the clocks of two depots, as lists show it."""


def decided(node: Served, charger: str, identifier: str, **more: str) -> str:
    """Ask for a decision and return its id."""
    asked = node.decide(charger=charger, identifier=identifier, time=NIGHT, **more)
    assert asked.is_success, asked.text
    return str(asked.json()["decision_id"])
