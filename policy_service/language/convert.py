"""Written policies and what they refer to, turned into the domain's nouns with their places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.domain.access import VehicleClass
from policy_service.domain.instant import DAY
from policy_service.domain.policy import (
    DEFAULT_GRANTS,
    AccessPolicy,
    AllDay,
    AttributeTypes,
    Calendar,
    CalendarDays,
    DayException,
    DayRange,
    DaySet,
    Grant,
    Grants,
    HolidayDays,
    ListedDays,
    Override,
    RunningSessions,
    Schedule,
    ScheduleRef,
    Span,
    Texts,
    Times,
    WallEnd,
    Window,
)
from policy_service.domain.selector import Expression, Selector

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.domain.place import Place
    from policy_service.language.document import (
        AttributesDocument,
        CalendarDocument,
        ExceptionParts,
        GrantParts,
        OverrideDocument,
        PolicyDocument,
        ScheduleDocument,
        SelectorParts,
        SpanParts,
        TimesParts,
        WindowParts,
    )
    from policy_service.language.document_parts import DaySetParts
    from policy_service.language.tree import At


def policy(document: PolicyDocument, at: At) -> AccessPolicy:
    """Return the policy that a document writes."""
    spec, here = document.spec, at.follow(("spec",))
    return AccessPolicy(
        name=document.metadata.name,
        timezone=spec.timezone,
        chargers=selector(spec.chargers, here.follow(("chargers",))),
        default_mode=spec.default_mode,
        title=document.metadata.title,
        owner=document.metadata.owner,
        day_start=spec.day_start,
        priority=spec.priority,
        enforcement=spec.enforcement,
        locked=spec.locked,
        allow=DEFAULT_GRANTS if spec.allow is None else _grants(spec.allow, here),
        windows=tuple(map(_window, spec.windows, here.values("windows"))),
        exceptions=tuple(map(_exception, spec.exceptions, here.values("exceptions"))),
        on_lookup_failure=spec.on_lookup_failure,
        on_unreachable=spec.on_unreachable,
        on_breach=spec.on_breach,
        messages={str(reason): _texts(texts) for reason, texts in spec.messages.items()},
        place=name_place(at),
        places=here.places(),
    )


def schedule(document: ScheduleDocument, at: At) -> Schedule:
    """Return the schedule that a document writes; every one of its times carries the schedule's zone."""
    spec, here = document.spec, at.follow(("spec",))
    if spec.windows is None:
        times: tuple[Times, ...] = (_times(spec, here, spec.timezone),)
    else:
        pairs = zip(spec.windows, here.values("windows"), strict=True)
        times = tuple(_times(window, inner, spec.timezone) for window, inner in pairs)
    return Schedule(document.metadata.name, times, name_place(at), here.places())


def override(document: OverrideDocument, at: At) -> Override:
    """Return the override that a document writes."""
    spec, here = document.spec, at.follow(("spec",))
    return Override(
        name=document.metadata.name,
        chargers=selector(spec.chargers, here.follow(("chargers",))),
        start=spec.start,
        end=spec.end,
        mode=spec.mode,
        timezone=spec.timezone,
        allow=None if spec.allow is None else _grants(spec.allow, here),
        force=spec.force,
        reason=spec.reason,
        ticket=document.metadata.ticket,
        message=_maybe_texts(spec.message),
        place=name_place(at),
        places=here.places(),
    )


def calendar(document: CalendarDocument, at: At) -> Calendar:
    """Return the calendar that a document writes."""
    return Calendar(document.metadata.name, {day.day: day.name or "" for day in document.spec.dates}, name_place(at))


def attribute_types(document: AttributesDocument, _: At) -> AttributeTypes:
    """Return the attributes that a document declares."""
    return AttributeTypes(dict(document.spec.charger), dict(document.spec.vehicle))


def name_place(at: At) -> Place:
    """Return where a document's name is written: the place that speaks for the whole document."""
    return at.follow(("metadata", "name")).text_place


def selector(parts: SelectorParts, at: At) -> Selector:
    """Return a selector; labels in sorted order."""
    labels = parts.labels
    return Selector(
        ids=None if parts.ids is None else tuple(parts.ids),
        labels=None if labels is None else tuple((name, tuple(values)) for name, values in sorted(labels.items())),
        exclude=tuple(parts.exclude or ()),
        when=_expression(parts.when, at),
        place=at.place,
    )


def _expression(text: str | None, at: At) -> Expression | None:
    return None if text is None else Expression(text, at.follow(("when",)).text_place)


def _grants(parts: list[GrantParts], at: At) -> Grants:
    return tuple(map(_grant, parts, at.values("allow")))


def _grant(parts: GrantParts, at: At) -> Grant:
    named = () if parts.during is None else zip(parts.during, at.every("during"), strict=True)
    return Grant(
        VehicleClass(parts.vehicle_class),
        None if parts.agreements is None else tuple(parts.agreements),
        tuple(parts.exclude_agreements or ()),
        _expression(parts.when, at),
        tuple(ScheduleRef(name, inner.text_place) for name, inner in named),
        at.place,
    )


def _texts(texts: Mapping[str, str]) -> Texts:
    return tuple(texts.items())


def _maybe_texts(texts: Mapping[str, str] | None) -> Texts | None:
    return None if texts is None else _texts(texts)


def _window(parts: WindowParts, at: At) -> Window:
    if parts.schedule is None:
        times: Times | ScheduleRef = _times(parts, at, None)
    else:
        times = ScheduleRef(parts.schedule, at.follow(("schedule",)).text_place)
    return Window(
        name=parts.name,
        mode=parts.mode,
        times=times,
        allow=None if parts.allow is None else _grants(parts.allow, at),
        priority=parts.priority,
        message=_maybe_texts(parts.message),
        running_sessions=parts.running_sessions or RunningSessions(),
        place=at.place,
        places=at.places(),
    )


def _exception(parts: ExceptionParts, at: At) -> DayException:
    return DayException(
        name=parts.name,
        days=_day_sets(parts.days, at, "days"),
        mode=parts.mode,
        span=None if parts.start is None else _span(parts, parts.start, 0),
        allow=None if parts.allow is None else _grants(parts.allow, at),
        priority=parts.priority,
        message=_maybe_texts(parts.message),
        running_sessions=parts.running_sessions or RunningSessions(),
        place=at.place,
        places=at.places(),
    )


def _times(parts: TimesParts, at: At, timezone: str | None) -> Times:
    days = (parts.end_date - parts.first).days if parts.end_date is not None and parts.first is not None else 0
    return Times(
        span=AllDay() if parts.all_day or parts.start is None else _span(parts, parts.start, days),
        rrule=parts.rrule,
        first=parts.first,
        until=parts.until,
        dates=tuple(parts.dates or ()),
        rdates=tuple(parts.rdates or ()),
        exdates=tuple(parts.exdates or ()),
        skip=() if parts.skip is None else _day_sets(parts.skip, at, "skip"),
        timezone=timezone,
        place=at.place,
        places=at.places(),
    )


def _span(parts: SpanParts, start: int, days: int) -> Span:
    if parts.duration is not None or parts.end is None:
        return Span(start, parts.duration or WallEnd(1, start))
    if parts.end == DAY:
        return Span(start, WallEnd(days + 1, 0))
    return Span(start, WallEnd(days or int(parts.end <= start), parts.end))


def _day_sets(parts: list[DaySetParts], at: At, key: str) -> tuple[DaySet, ...]:
    return tuple(map(_day_set, parts, at.every(key)))


def _day_set(parts: DaySetParts, at: At) -> DaySet:
    if parts.holidays is not None:
        return HolidayDays(parts.holidays, tuple(parts.but or ()), at.follow(("holidays",)).text_place)
    if parts.calendar is not None:
        return CalendarDays(parts.calendar, at.follow(("calendar",)).text_place)
    if parts.first is not None and parts.last is not None:
        return DayRange(parts.first, parts.last)
    return ListedDays(tuple(parts.dates or ()))
