"""Random policy trees around a date, in every time zone there is: what the oracle is asked about."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from condition_trees import rendered
from hypothesis import strategies as st

from policy_service.domain.access import AccessMode, Enforcement, OnLookupFailure, Ungoverned, VehicleClass
from policy_service.domain.agreement import Agreement, AgreementStatus
from policy_service.domain.charger import Charger
from policy_service.domain.identifier import IdentifierRecord, IdentifierStatus, IdentifierType
from policy_service.domain.place import Place
from policy_service.domain.policy import (
    DEFAULT_GRANTS,
    AccessPolicy,
    AllDay,
    AttributeTypes,
    Calendar,
    CalendarDays,
    DayException,
    DayRange,
    Duration,
    Grant,
    HolidayDays,
    ListedDays,
    Override,
    Schedule,
    ScheduleRef,
    Span,
    Times,
    WallEnd,
    WallInstant,
    Window,
)
from policy_service.domain.policy_tree import PolicyTree
from policy_service.domain.registration import Absence, Registration
from policy_service.domain.selector import Expression, Selector
from policy_service.engine.zone import zone_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.domain.policy import DaySet, Grants
    from policy_service.domain.registration import Finding

T = TypeVar("T")

ZONES = sorted(zone_names())
# where something odd happened near the time that is looked at, or the clock changes at or near midnight
ODD_ZONES = [
    "Africa/Cairo", "Africa/Casablanca", "America/Havana", "America/Sao_Paulo", "America/St_Johns", "Antarctica/Troll",
    "Asia/Beirut", "Asia/Gaza", "Asia/Tehran", "Atlantic/Azores", "Australia/Lord_Howe", "Australia/Melbourne",
    "Europe/Dublin", "Europe/London", "Pacific/Apia", "Pacific/Kiritimati", "Pacific/Chatham", "UTC",
]  # fmt: skip
TYPES = AttributeTypes(
    charger={"max_kw": "number"}, vehicle={"kind": "string", "height_m": "number", "electric": "boolean"}
)
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
DAY = 86_400
MANAGED, FREEVEND = AccessMode.MANAGED, AccessMode.FREEVEND


class Holidays:
    """Days off that need no library: some by the month, some by arithmetic."""

    version = "made up 1"

    def __call__(self, region: str, year: int) -> Mapping[date, str]:
        return days_off(region, year)


@lru_cache(maxsize=1024)
def days_off(region: str, year: int) -> Mapping[date, str]:
    step = {"XA": 11, "XB": 29}[region]
    first = date(year, 1, 1)
    days = (first + timedelta(days=n) for n in range(366))
    return {day: "off" for day in days if day.year == year and (day.toordinal() % step == 0 or day.day == 25)}


@dataclass(frozen=True)
class Case:
    """A tree with all that its answers depend on; ``findings`` are what to ask with."""

    tree: PolicyTree
    overrides: tuple[Override, ...]
    ungoverned: Ungoverned
    findings: tuple[Finding, ...]
    conditions: Mapping[str, Any] = field(repr=False)


class Drawing:
    """Draws the parts of a tree; days lie around ``about``."""

    def __init__(self, draw: st.DrawFn, about: date) -> None:
        """Start without any schedule."""
        self._draw = draw
        self.about = about
        self.conditions: dict[str, Any] = {}
        self.schedules: tuple[str, ...] = ()

    # --- small things ---

    def number(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))

    def one(self, options: Sequence[T]) -> T:
        return self._draw(st.sampled_from(options))

    def some(self, options: Sequence[T], least: int = 1, most: int = 3) -> list[T]:
        indexes = st.lists(st.integers(0, len(options) - 1), min_size=least, max_size=most, unique=True)
        return [options[i] for i in self._draw(indexes)]

    def chance(self, one_in: int) -> bool:
        return self.number(1, one_in) == one_in

    def zone(self) -> str:
        return self.one(ODD_ZONES) if self.chance(3) else self.one(ZONES)

    def day(self, back: int = 30, ahead: int = 420) -> date:
        return self.about + timedelta(days=self.number(-back, ahead))

    def second(self) -> int:
        """Draw a second of the day, often around the hours at which clocks change."""
        kind = self.number(0, 3)
        if kind == 0:
            return self.number(0, 12) * 1200
        if kind == 1:
            return self.number(0, 23) * 3600
        if kind == 2:
            return self.number(0, 47) * 1800
        return self.number(0, DAY - 1)

    def mode(self) -> AccessMode:
        return FREEVEND if self.chance(3) else MANAGED

    # --- times ---

    def span(self) -> Span:
        start = self.second()
        kind = self.number(0, 5)
        if kind == 0:
            days, seconds = self.number(0, 3), self.number(0, 30) * 3600 + self.number(0, 1) * 1800
            return Span(start, Duration(days, seconds or 900))
        if kind == 1:
            return Span(start, WallEnd(0, DAY))
        end = self.second()
        return Span(start, WallEnd((end <= start) + (self.number(0, 5) if kind == 2 else 0), end))

    def rrule(self, first: date) -> str:
        freq = self.one(("DAILY", "DAILY", "WEEKLY", "WEEKLY", "MONTHLY", "YEARLY"))
        parts = [f"FREQ={freq}"]
        interval = self.number(1, 4) if self.chance(3) else 1
        if interval > 1:
            parts.append(f"INTERVAL={interval}")
        weekdays = ",".join(self.some(WEEKDAYS, 1, 5))
        if (freq == "DAILY" and self.chance(3)) or (freq == "WEEKLY" and not self.chance(4)):
            parts.append(f"BYDAY={weekdays}")
        elif freq == "MONTHLY":
            parts += self.monthly(weekdays)
        elif freq == "YEARLY":
            parts += [f"BYMONTH={self.number(1, 12)}", f"BYMONTHDAY={self.number(1, 28)}"]
        if self.chance(4):
            parts.append(f"WKST={self.one(WEEKDAYS)}")
        limit = self.number(0, 9)
        if limit == 0:
            parts.append(f"COUNT={self.number(1, 90)}")
        elif limit == 1:
            until = first + timedelta(days=self.number(0, 500))
            parts.append(f"UNTIL={until:%Y%m%d}" + self.one(("", "T030000", "T130000Z", "T235959Z", "T000000Z")))
        return ";".join(parts)

    def monthly(self, weekdays: str) -> list[str]:
        kind = self.number(0, 3)
        if kind == 0:
            return [f"BYMONTHDAY={self.number(1, 31)},{-self.number(1, 28)}"]
        if kind == 1:
            return [f"BYDAY={self.number(1, 4)}{self.one(WEEKDAYS)},-1{self.one(WEEKDAYS)}"]
        if kind == 2:
            return [f"BYDAY={weekdays}", f"BYSETPOS={self.one((1, 2, -1, -2))}"]
        return [f"BYDAY={weekdays}"]

    def times(self, timezone: str | None = None) -> Times:
        span = AllDay() if self.chance(6) else self.span()
        exdates = tuple(self.day(10, 60) for _ in range(self.number(0, 4))) if self.chance(3) else ()
        rdates = tuple(self.day(10, 60) for _ in range(self.number(0, 3))) if self.chance(4) else ()
        skip = self.day_sets() if self.chance(3) else ()
        kind = self.number(0, 7)
        if kind == 0:
            return Times(span, first=self.day(5, 60), skip=skip, timezone=timezone)
        if kind == 1:
            dates = tuple(self.day(10, 90) for _ in range(self.number(1, 5)))
            return Times(span, dates=dates, exdates=exdates, skip=skip, timezone=timezone)
        first = self.day(800, 60) if self.chance(3) else self.day(60, 30)
        rule = self.rrule(first)
        endless = "UNTIL" not in rule and "COUNT" not in rule
        until = self.day(5, 200) if endless and self.chance(5) else None
        return Times(span, rule, first, until, (), rdates, exdates, skip, timezone)

    def schedule(self, name: str) -> Schedule:
        timezone = self.zone() if self.chance(2) else None
        return Schedule(name, tuple(self.times(timezone) for _ in range(self.number(1, 2))))

    def day_sets(self) -> tuple[DaySet, ...]:
        return tuple(self.day_set() for _ in range(self.number(1, 2)))

    def day_set(self) -> DaySet:
        kind = self.number(0, 3)
        if kind == 0:
            return HolidayDays(self.one(("XA", "XB")), tuple(self.day(10, 60) for _ in range(self.number(0, 3))))
        if kind == 1:
            return CalendarDays("closures")
        if kind == 2:
            first = self.day(10, 90)
            return DayRange(first, first + timedelta(days=self.number(0, 12)))
        return ListedDays(tuple(self.day(10, 60) for _ in range(self.number(1, 4))))

    # --- who ---

    def condition(self, *, vehicle: bool = True, depth: int = 2) -> Any:  # noqa: ANN401 - a tree of tuples
        if depth and self.chance(3):
            sign = self.one(("and", "or", "not"))
            parts = 1 if sign == "not" else 2
            return sign, *(self.condition(vehicle=vehicle, depth=depth - 1) for _ in range(parts))
        return self.one(CHARGER_TESTS + (VEHICLE_TESTS * 2 if vehicle else ()))

    def expression(self, *, vehicle: bool = True) -> Expression:
        condition = self.condition(vehicle=vehicle)
        text = rendered(condition)
        self.conditions[text] = condition
        return Expression(text)

    def grant(self) -> Grant:
        vehicle_class = self.one((VehicleClass.OWN, VehicleClass.AGREEMENT))
        agreements, excluded = None, ()
        if vehicle_class is VehicleClass.AGREEMENT:
            agreements = self.one((None, None, ("metro-*",), ("metro-1", "city-?")))
            excluded = self.one(((), (), ("metro-2",)))
        when = self.expression() if self.chance(3) else None
        during = tuple(ScheduleRef(name) for name in self.some(self.schedules, 1, 2)) if self.chance(2) else ()
        return Grant(vehicle_class, agreements, excluded, when, during)

    def grants(self) -> Grants:
        if self.chance(4):
            return DEFAULT_GRANTS
        return tuple(self.grant() for _ in range(self.number(0, 3)))

    def selector(self) -> Selector:
        kind = self.number(0, 4)
        when = self.expression(vehicle=False) if self.chance(3) else None
        exclude = self.one(((), (), ("A2",)))
        if kind <= 2:
            return Selector(self.one((("A*",), ("*",), ("A1", "B?"))), None, exclude, when)
        if kind == 3:
            return Selector(None, (("depot", self.one((("north",), ("south", "north")))),), exclude, when)
        return Selector(("A*", "B*"), (("depot", ("north",)),), (), when)

    # --- policies ---

    def window(self, name: str, priority: int) -> Window:
        times = ScheduleRef(self.one(self.schedules)) if self.chance(5) else self.times()
        allow = self.grants() if self.chance(3) else None
        return Window(name, self.mode(), times, allow, priority, place=Place("p.yaml", 1, priority + 1))

    def exception(self, name: str, priority: int) -> DayException:
        span = self.span() if self.chance(2) else None
        allow = self.grants() if self.chance(3) else None
        place = Place("p.yaml", 2, priority + 1)
        return DayException(name, self.day_sets(), self.mode(), span, allow, priority, place=place)

    def priorities(self, many: int) -> list[int]:
        if self.chance(4):
            return [self.number(0, 1) for _ in range(many)]
        return [3 - n for n in range(many)] if self.chance(2) else list(range(many))

    def policy(self, name: str, chargers: Selector, priority: int) -> AccessPolicy:
        windows = self.priorities(self.number(0, 4))
        exceptions = self.priorities(self.one((0, 0, 1, 1, 2, 3)))
        return AccessPolicy(
            name,
            self.zone(),
            chargers,
            self.mode(),
            day_start=0 if self.chance(2) else self.second(),
            priority=priority,
            enforcement=Enforcement.OBSERVE if self.chance(5) else Enforcement.ENFORCE,
            locked=self.chance(4),
            allow=self.grants(),
            windows=tuple(self.window(f"w{n}", each) for n, each in enumerate(windows)),
            exceptions=tuple(self.exception(f"e{n}", each) for n, each in enumerate(exceptions)),
            on_lookup_failure=self.one((OnLookupFailure.DENY, OnLookupFailure.ALLOW)),
            place=Place("p.yaml", 3, 1),
        )

    def override(self, name: str, created: int | None) -> Override:
        first = self.day(5, 60)
        start, end = WallInstant(first, self.second()), WallInstant(self.day(5, 60), self.second())
        if (end.day, end.second) <= (start.day, start.second):
            end = WallInstant(start.day + timedelta(days=self.number(1, 9)), end.second)
        return Override(
            name,
            self.selector(),
            start if created is None else epoch(start),
            end if created is None else epoch(end),
            self.mode(),
            timezone=self.zone() if self.chance(2) else None,
            allow=self.grants() if self.chance(3) else None,
            force=self.chance(3),
            created=created,
            place=Place("o.yaml", 1, 1),
        )

    # --- vehicles ---

    def validity(self) -> tuple[int | None, int | None]:
        bounds = sorted(epoch(WallInstant(self.day(60, 300), self.second())) for _ in range(2))
        if self.chance(8):
            bounds.reverse()
        return self.one(((None, None), (None, None), (bounds[0], None), (None, bounds[1]), (bounds[0], bounds[1])))

    def finding(self) -> Finding:
        if self.chance(4):
            return self.one(tuple(Absence))
        vehicle_class = self.one((VehicleClass.OWN, VehicleClass.AGREEMENT, VehicleClass.AGREEMENT))
        ours = vehicle_class is VehicleClass.OWN
        agreement = None if ours else self.one(("metro-1", "metro-2", "city-9", "other"))
        facts: dict[str, Any] = {"kind": self.one(("bus", "van")), "height_m": 3.1, "electric": self.chance(2)}
        valid_from, valid_to = self.validity()
        record = IdentifierRecord(
            id="r1",
            key="K1",
            type=IdentifierType.RFID,
            vehicle_class=vehicle_class,
            vehicle=self.one(("bus-1", "bus-2")),
            fleet=self.one((None, "north")),
            agreement=agreement,
            attributes={name: facts[name] for name in self.some(tuple(facts), 0, 3)},
            chargers=self.one((None, None, None, Selector(("A1",)), Selector(("A*",), None, ("A1",)))),
            valid_from=valid_from,
            valid_to=valid_to,
            status=IdentifierStatus.BLOCKED if self.chance(12) else IdentifierStatus.ACTIVE,
        )
        return Registration(record, None if agreement is None or self.chance(12) else self.agreement(agreement))

    def agreement(self, name: str) -> Agreement:
        valid_from, valid_to = self.validity()
        status = AgreementStatus.SUSPENDED if self.chance(12) else AgreementStatus.ACTIVE
        chargers = self.one((None, None, None, Selector(("A1", "B1"))))
        return Agreement(name, "metro", valid_from, valid_to, status, chargers)


CHARGER_TESTS: tuple[Any, ...] = (
    ("<", "charger.max_kw", 100),
    (">=", "charger.max_kw", 100),
    ("==", "charger.labels.depot", "north"),
    ("in", "charger.id", ("A1", "B1")),
    ("!=", "charger.protocol", "ocpp1.6"),
)
VEHICLE_TESTS: tuple[Any, ...] = (
    ("==", "vehicle.kind", "bus"),
    ("!=", "vehicle.kind", "bus"),
    ("<", "vehicle.height_m", 3.2),
    (">=", "vehicle.height_m", 3.2),
    ("==", "vehicle.electric", True),
    ("==", "vehicle.id", "bus-1"),
    ("==", "vehicle.class", "own"),
    ("!=", "vehicle.agreement", "metro-1"),
    ("==", "vehicle.fleet", "north"),
)
CHARGERS = {
    "A1": Charger("A1", {"depot": "north"}, {"max_kw": 50.0}, "ocpp1.6"),
    "A2": Charger("A2", {"depot": "north"}, {"max_kw": 150.0}),
    "A3": Charger("A3", {"depot": "south"}, {"max_kw": 50.0}, "ocpp1.6"),
    "B1": Charger("B1", {"depot": "south"}, {}, "ocpp2.0.1"),
    "C1": Charger("C1"),
}


def epoch(at: WallInstant) -> int:
    """Take a local time for UTC."""
    return int(datetime(at.day.year, at.day.month, at.day.day, tzinfo=UTC).timestamp()) + at.second


@st.composite
def cases(draw: st.DrawFn, about: date) -> Case:
    """Draw a tree about a date: one to three policies over five chargers, with everything they refer to."""
    drawing = Drawing(draw, about)
    names = ("s0", "s1", "s2")
    schedules = {name: drawing.schedule(name) for name in names}
    drawing.schedules = names
    closures = Calendar("closures", {drawing.day(10, 60): "" for _ in range(4)})
    many = drawing.one((1, 1, 1, 2, 3))
    selectors = [drawing.selector() for _ in range(many)]
    priorities = [100] * many if drawing.chance(6) else [100 + n for n in range(many)]
    policies = tuple(
        drawing.policy(f"p{n}", selector, priority)
        for n, (selector, priority) in enumerate(zip(selectors, priorities, strict=True))
    )
    # an override may be called as a window is: names are unique in their kind only
    called = drawing.some(("o0", "o1", "w0", "w1", "e0"), 0, 4)
    made = [None if drawing.chance(2) else 1_000 - n * drawing.one((-1, 1)) for n in range(len(called))]
    overrides = [drawing.override(name, created) for name, created in zip(called, made, strict=True)]
    return Case(
        PolicyTree(
            policies=policies,
            schedules=schedules,
            calendars={"closures": closures},
            overrides=tuple(override for override in overrides if override.created is None),
            attributes=TYPES,
            chargers=CHARGERS,
        ),
        tuple(override for override in overrides if override.created is not None),
        drawing.one(tuple(Ungoverned)),
        tuple(drawing.finding() for _ in range(3)),
        drawing.conditions,
    )
