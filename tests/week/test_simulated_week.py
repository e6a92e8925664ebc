"""Every charger enters the mode of its policy in time, for a simulated week of faults, and who does not is told of.

``make soak`` runs the whole week with 500 chargers and 20 kills of the scheduler; ``pytest tests/week`` a day of it.
What the service and the CSMS do takes no simulated time: who is late is late on every machine, see ``conducting``.
"""

from __future__ import annotations

import os
import random
import sys
from typing import TYPE_CHECKING

import pytest
from depots import DEPOTS, SHORT, changes, planned, tree
from judging import lasting, lost_and_doubled, told
from simulated_time import MONDAY
from site_processes import Site
from week import Faults, Week

if TYPE_CHECKING:
    from pathlib import Path

    from conducting import Conductor
    from depots import Planned
    from judging import Told

pytestmark = pytest.mark.anyio
WHOLE = os.environ.get("POLICY_SERVICE_TEST_WEEK") == "whole"
DAYS, CHARGERS = (7, 500) if WHOLE else (1, 60)
FAULTS = Faults(20, 5, 5) if WHOLE else Faults(3, 1, 1)
SAID_WITHIN_S = 65


@pytest.fixture
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if WHOLE:
        return str(await request.getfixturevalue("postgres").new_database())
    return f"sqlite:///{tmp_path}/week.db"


@pytest.mark.timeout(7_200 if WHOLE else 600)
async def test_every_charger_is_in_its_mode_in_time_or_is_told_of(
    tmp_path: Path, conductor: Conductor, database: str
) -> None:
    plans = planned(CHARGERS, tuple(DEPOTS) if WHOLE else SHORT, seed=6)
    text, end = tree(plans), MONDAY + DAYS * 86_400
    courses = changes(text, plans, round(MONDAY), round(end))
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "week.yaml").write_text(text)
    site = Site(tmp_path, conductor, database)
    week = Week(site, conductor, plans, courses, end, FAULTS, random.Random(7))  # noqa: S311 - faults, not secrets
    try:
        with conductor.going():
            await week.run()
            states = {plan.id: await state(site, plan.id) for plan in plans if not plan.obeys}
    except BaseException:
        sys.stderr.write(site.logs())
        raise
    finally:
        await site.close()
    events = await told(database)
    missed, longest = week.late(end)
    lost, doubled = lost_and_doubled(events, {plan.id: week.course(plan) for plan in plans}, end)
    silent = [each for plan in plans if not plan.obeys for each in untold(week, plan, states[plan.id], events)]
    said = f"{dict(week.done)}, {len(events)} events, {conductor.run_s:.0f} s not leapt over"
    sys.stdout.write(f"\n{len(plans)} chargers, {DAYS} days: longest {longest:.2f} s; {said}\n")
    assert (missed, lost, doubled, silent) == ([], [], [], [])
    assert week.done["a scheduler killed"] == FAULTS.kills


async def state(site: Site, charger: str) -> str:
    reply = await site.http.get(f"/v1/chargers/{charger}/reported")
    return str(reply.raise_for_status().json()["state"])


def untold(week: Week, plan: Planned, state: str, events: list[Told]) -> list[str]:
    """Return when a charger that cannot be switched was where it should not be, and the service did not say so."""
    if plan.model.switch is None:
        return [] if state == "unsupported" else [f"{plan.id} is {state}"]
    diverged = [each.at for each in events if each.type == "mode.diverged" and each.charger == plan.id]
    stretches = lasting(week.chargers[plan.id], week.course(plan), week.end)
    long = [each for each in stretches if each.ends - each.begins > SAID_WITHIN_S]
    return [f"{each}, said {diverged}" for each in long if not any(each.begins <= at <= each.ends for at in diverged)]
