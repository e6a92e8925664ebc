"""What a simulated week is held against: each charger's course of modes, and what the service said of it."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from sqlalchemy import select

from policy_service.adapters.sql.engine import database_at
from policy_service.adapters.sql.mode_tables import mode_events
from policy_service.domain.access import AccessMode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from simulated import SimulatedCharger

WITHIN_S = 5.0
RESTARTS_WITHIN_S = 5.0
T = TypeVar("T")
Course = list[tuple[float, AccessMode]]


class Stretch(NamedTuple):
    """A time in which a charger was in the wrong mode. Epoch seconds."""

    charger: str
    profile: str
    begins: float
    ends: float
    wanted: AccessMode


def wrong(charger: SimulatedCharger, course: Course, until: float) -> Iterator[Stretch]:
    """Yield when a charger was, being online, in another mode than its course says."""
    edges = sorted(
        {at for at, _ in (*charger.modes, *charger.links, *course) if course[0][0] <= at < until} | {course[0][0]}
    )
    for begins, ends in zip(edges, [*edges[1:], until], strict=True):
        wanted, is_open, online = _at(course, begins), _at(charger.modes, begins), _at(charger.links, begins)
        if online and is_open is not (wanted is AccessMode.FREEVEND):
            yield Stretch(charger.id, charger.model.profile, begins, ends, wanted)


def lasting(charger: SimulatedCharger, course: Course, until: float) -> list[Stretch]:
    """Return the stretches, those as one that only a restart lies between: it may have gone unnoticed."""
    joined: list[Stretch] = []
    for stretch in wrong(charger, course, until):
        before = joined[-1] if joined else None
        gap = None if before is None or before.wanted is not stretch.wanted else stretch.begins - before.ends
        if before is not None and gap is not None and gap <= RESTARTS_WITHIN_S:
            joined[-1] = before._replace(ends=stretch.ends)
        else:
            joined.append(stretch)
    return joined


def late(charger: SimulatedCharger, course: Course, until: float) -> Iterator[tuple[Stretch, float]]:
    """Yield each stretch, and how long it lasted since the switch was due, or since the charger came back."""
    for stretch in wrong(charger, course, until):
        due = _since(course, stretch.begins)
        back = _since(charger.links, stretch.begins)
        yield stretch, stretch.ends - max(due, back)


class Told(NamedTuple):
    """A mode event as it is stored; ``at`` in epoch seconds."""

    id: str
    type: str
    charger: str
    at: float
    mode: str | None
    cause: str | None
    transition_id: str | None


async def told(address: str) -> list[Told]:
    """Return every mode event in the database, oldest first."""
    database, table = database_at(address), mode_events.c
    columns = (table.id, table.type, table.charger, table.at, table.to_mode, table.detail, table.transition_id)
    async with database.reading() as connection:
        rows = await connection.execute(select(*columns).order_by(table.position))
        found = [
            Told(id_, type_, charger, at / 1000, mode, dict(detail).get("cause"), transition)
            for id_, type_, charger, at, mode, detail, transition in rows
        ]
    await database.close()
    return found


def lost_and_doubled(events: Sequence[Told], courses: dict[str, Course], until: float) -> tuple[list[str], list[str]]:
    """Return the changes that were not told, and those that were told twice or need not have been."""
    due = [each for each in events if each.type == "mode.transition_due" and each.cause != "first_seen"]
    seen = Counter((each.charger, round(each.at), each.mode) for each in due if each.at < until)
    wanted = Counter(
        (charger, round(at), str(mode)) for charger, course in courses.items() for at, mode in course[1:] if at < until
    )
    assert len({each.id for each in events}) == len(events)
    return [str(each) for each in wanted - seen], [str(each) for each in seen - wanted]


def _at(course: Sequence[tuple[float, T]], at: float) -> T:
    return course[max(bisect_right(course, at, key=lambda each: each[0]) - 1, 0)][1]


def _since(course: Sequence[tuple[float, object]], at: float) -> float:
    return course[max(bisect_right(course, at, key=lambda each: each[0]) - 1, 0)][0]
