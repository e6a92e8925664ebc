"""Random policy trees around a date: what the oracle is asked about."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from condition_trees import rendered
from hypothesis import strategies as st
from random_times import TimesDrawing, epoch

from policy_service.domain.access import AccessMode, Enforcement, OnLookupFailure, Ungoverned, VehicleClass
from policy_service.domain.agreement import Agreement, AgreementStatus
from policy_service.domain.charger import Charger
from policy_service.domain.identifier import IdentifierRecord, IdentifierStatus, IdentifierType
from policy_service.domain.place import Place
from policy_service.domain.policy import (
    DEFAULT_GRANTS,
    AccessPolicy,
    AttributeTypes,
    Calendar,
    DayException,
    Grant,
    Override,
    ScheduleRef,
    WallInstant,
    Window,
)
from policy_service.domain.policy_tree import PolicyTree
from policy_service.domain.registration import Absence, Registration
from policy_service.domain.selector import Expression, Selector

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.domain.policy import Grants
    from policy_service.domain.registration import Finding

TYPES = AttributeTypes(
    charger={"max_kw": "number"}, vehicle={"kind": "string", "height_m": "number", "electric": "boolean"}
)
MANAGED, FREEVEND = AccessMode.MANAGED, AccessMode.FREEVEND


@dataclass(frozen=True)
class Case:
    """A tree with all that its answers depend on; ``findings`` are what to ask with."""

    tree: PolicyTree
    overrides: tuple[Override, ...]
    ungoverned: Ungoverned
    findings: tuple[Finding, ...]
    conditions: Mapping[str, Any] = field(repr=False)


class Drawing(TimesDrawing):
    """Draws the parts of a tree."""

    def __init__(self, draw: st.DrawFn, about: date) -> None:
        """Start without any schedule."""
        super().__init__(draw, about)
        self.conditions: dict[str, Any] = {}
        self.schedules: tuple[str, ...] = ()

    def mode(self) -> AccessMode:
        return FREEVEND if self.chance(3) else MANAGED

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
