"""Policies as checked nouns: windows, exceptions, grants and the times at which they hold.

Wall-clock times are whole seconds after local midnight, dates are local dates; nothing here is in UTC yet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from policy_service.domain.access import (
    AccessMode,
    Enforcement,
    OnBreach,
    OnLookupFailure,
    OnUnreachable,
    VehicleClass,
)
from policy_service.domain.place import NOWHERE, Place

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from policy_service.domain.charger import AttributeValue
    from policy_service.domain.selector import Expression, Selector

Places: TypeAlias = "Mapping[str, Place]"
"""Where the keys of a mapping have their values, by key; a list's items as ``key[0]``."""

Texts: TypeAlias = tuple[tuple[str, str], ...]
"""A message as pairs of language tag and text; a plain string stands under ``""``, which fits every language."""

Grants: TypeAlias = tuple["Grant", ...]
"""Who may charge: grants unite; the empty tuple admits nobody."""


# --- days ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HolidayDays:
    """Public holidays of a region such as ``AU-VIC``, but for some dates."""

    region: str
    but: tuple[date, ...] = ()
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class CalendarDays:
    """The dates of a Calendar document."""

    calendar: str
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class ListedDays:
    """Dates written out."""

    dates: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class DayRange:
    """Every day from the first to the last, both included."""

    first: date
    last: date


DaySet: TypeAlias = HolidayDays | CalendarDays | ListedDays | DayRange


# --- times -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WallEnd:
    """An end by the wall clock: so many days after the start date, at that second of the day."""

    days: int
    second: int


@dataclass(frozen=True, slots=True)
class Duration:
    """An RFC 5545 duration: nominal days first, exact seconds after them."""

    days: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Span:
    """What one occurrence covers: from a second of its start date to its end."""

    start: int
    end: WallEnd | Duration


@dataclass(frozen=True, slots=True)
class AllDay:
    """The whole operating day: from dayStart to the next dayStart."""


@dataclass(frozen=True, slots=True)
class Times:
    """When a window is in force: start dates, and what each occurrence covers.

    Start dates are (``rrule`` from ``first`` on, or ``first`` alone where there is no rule, or ``dates``) with
    ``rdates``, without ``exdates`` and without what starts in the operating days of ``skip``. ``until`` bounds the
    rule alone.
    """

    span: Span | AllDay
    rrule: str | None = None
    first: date | None = None
    until: date | None = None
    dates: tuple[date, ...] = ()
    rdates: tuple[date, ...] = ()
    exdates: tuple[date, ...] = ()
    skip: tuple[DaySet, ...] = ()
    timezone: str | None = None
    """A Schedule's own zone; None takes the policy's."""
    place: Place = field(default=NOWHERE, compare=False)
    places: Places = field(default_factory=dict[str, Place], compare=False)


@dataclass(frozen=True, slots=True)
class ScheduleRef:
    """Times kept in a Schedule document."""

    schedule: str
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Named times shared by policies and grants. Every ``Times`` carries the schedule's zone, where it has one."""

    name: str
    times: tuple[Times, ...]
    place: Place = field(default=NOWHERE, compare=False)
    places: Places = field(default_factory=dict[str, Place], compare=False)


# --- who, and when ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Grant:
    """Vehicles of a class that may charge while managed, under a condition and inside certain hours."""

    vehicle_class: VehicleClass
    agreements: tuple[str, ...] | None = None
    """Globs over agreement ids; None is any."""
    exclude_agreements: tuple[str, ...] = ()
    when: Expression | None = None
    during: tuple[ScheduleRef, ...] = ()
    place: Place = field(default=NOWHERE, compare=False)


DEFAULT_GRANTS: Grants = (Grant(VehicleClass.OWN), Grant(VehicleClass.AGREEMENT))
"""What ``allow`` means when it is left out."""


@dataclass(frozen=True, slots=True)
class RunningSessions:
    """What the CSMS is told of sessions that run when a window begins: keep, stop, or stop after so many seconds."""

    action: str = "keep"
    """``keep``, ``stop`` or ``stop_after``."""
    after: int | None = None


KEEP = RunningSessions()


@dataclass(frozen=True, slots=True)
class Window:
    """A recurring or one-off time in which the charger has a mode of its own."""

    name: str
    mode: AccessMode
    times: Times | ScheduleRef
    allow: Grants | None = None
    priority: int = 0
    message: Texts | None = None
    running_sessions: RunningSessions = KEEP
    place: Place = field(default=NOWHERE, compare=False)
    places: Places = field(default_factory=dict[str, Place], compare=False)


@dataclass(frozen=True, slots=True)
class DayException:
    """Operating days (or the same part of each) that beat the windows. ``span`` None is the whole operating day.

    A part that starts before ``dayStart`` lies on the calendar day after the operating day's date.
    """

    name: str
    days: tuple[DaySet, ...]
    mode: AccessMode
    span: Span | None = None
    allow: Grants | None = None
    priority: int = 0
    message: Texts | None = None
    running_sessions: RunningSessions = KEEP
    place: Place = field(default=NOWHERE, compare=False)
    places: Places = field(default_factory=dict[str, Place], compare=False)


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """One policy: which chargers, which mode when, and who may charge."""

    name: str
    timezone: str
    chargers: Selector
    default_mode: AccessMode
    title: str | None = None
    owner: str | None = None
    day_start: int = 0
    priority: int = 100
    enforcement: Enforcement = Enforcement.ENFORCE
    locked: bool = False
    allow: Grants = DEFAULT_GRANTS
    windows: tuple[Window, ...] = ()
    exceptions: tuple[DayException, ...] = ()
    on_lookup_failure: OnLookupFailure = OnLookupFailure.DENY
    on_unreachable: OnUnreachable = OnUnreachable.DENY
    on_breach: OnBreach | None = None
    """None: as the charger's profile says."""
    messages: Mapping[str, Texts] = field(default_factory=dict[str, Texts])
    """Texts by reason."""
    place: Place = field(default=NOWHERE, compare=False)
    places: Places = field(default_factory=dict[str, Place], compare=False)


@dataclass(frozen=True, slots=True)
class WallInstant:
    """A local date and second of the day, not yet in any zone."""

    day: date
    second: int


@dataclass(frozen=True, slots=True)
class Override:
    """A one-off mode for some chargers, with an end. From a file in local time, over HTTP in epoch seconds."""

    name: str
    chargers: Selector
    start: WallInstant | int
    end: WallInstant | int
    mode: AccessMode
    timezone: str | None = None
    """None takes the governing policy's."""
    allow: Grants | None = None
    force: bool = False
    reason: str | None = None
    ticket: str | None = None
    message: Texts | None = None
    created: int | None = None
    """Its place, from 1 on, in the order of those made over HTTP; None: from a file. A later one beats earlier ones."""
    place: Place = field(default=NOWHERE, compare=False)
    places: Places = field(default_factory=dict[str, Place], compare=False)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Named days: date by name of the day (empty where the author gave none)."""

    name: str
    dates: Mapping[date, str]
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class AttributeTypes:
    """The declared attributes of chargers and vehicles: name to ``string``, ``number`` or ``boolean``."""

    charger: Mapping[str, str] = field(default_factory=dict[str, str])
    vehicle: Mapping[str, str] = field(default_factory=dict[str, str])


# --- policy tests ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TestVehicle:
    """A vehicle of a PolicyTest."""

    __test__ = False

    name: str
    vehicle_class: VehicleClass
    agreement: str | None = None
    fleet: str | None = None
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict[str, "AttributeValue"])


@dataclass(frozen=True, slots=True)
class TestCase:
    """One question of a PolicyTest at one instant, and the answer that its author expects.

    ``at`` is epoch seconds, or local to the governing policy. ``expect`` maps outcome, reason, mode, window to values;
    a window expected as None means the default mode.
    """

    __test__ = False

    name: str
    charger: str
    vehicle: TestVehicle | None
    """None: an unknown vehicle."""
    at: int | WallInstant
    expect: Mapping[str, str | None]
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class PolicyTest:
    """A file of cases; ``each`` is already spread out into one case an instant."""

    __test__ = False

    name: str
    cases: tuple[TestCase, ...]
    now: int | None = None
    place: Place = field(default=NOWHERE, compare=False)
