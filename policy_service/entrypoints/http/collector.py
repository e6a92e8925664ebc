"""Keeps the collector of cyclic garbage away from what lives as long as the process, or as long as its plan.

A plan of a hundred thousand chargers is a million objects, and each full collection would look at every one of them
while all requests wait. None of them is in a cycle: a plan that was replaced goes when its last request has ended.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policy_service.application.plan_holder import PlanHolder


def spare(plans: PlanHolder) -> None:
    """Leave alone what there is now, and what there is whenever another plan is put in force."""
    gc.collect()
    gc.freeze()
    plans.on_swap(lambda _: gc.freeze())
