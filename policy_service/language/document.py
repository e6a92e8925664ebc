"""The written shape of policies and what they refer to: the keys, what they take, what an editor says of them."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import Field

from policy_service.domain.access import Enforcement, OnBreach, OnLookupFailure, OnUnreachable
from policy_service.language.document_parts import (
    AttributeName,
    Day,
    DaySets,
    DocumentParts,
    EndTime,
    Flag,
    Globs,
    Length,
    Messages,
    Metadata,
    Mode,
    Moment,
    OneOrMoreTexts,
    OverrideMetadata,
    Parts,
    Prose,
    Running,
    Text,
    Texts,
    TimeOfDay,
    Whole,
    Zone,
)

MAX_WINDOWS = 10_000


class SelectorParts(Parts):
    """Which chargers; every part given must hold."""

    ids: Globs | None = Field(None, description="Globs over charger ids, any of them, such as `NTH-*`.")
    labels: dict[Text, OneOrMoreTexts] | None = Field(
        None, min_length=1, description="Labels that must match; a list of values means any of them."
    )
    exclude: Globs | None = Field(None, description="Globs over charger ids that are left out; wins over all else.")
    when: Prose | None = Field(None, description="Condition over `charger.*`, such as `charger.max_kw >= 50`.")


class GrantParts(Parts):
    """Vehicles that may charge while the charger is managed."""

    vehicle_class: Literal["own", "agreement"] = Field(
        alias="class", description="Whose vehicles: `own`, or `agreement` for vehicles of fleets with an agreement."
    )
    agreements: Globs | None = Field(None, description="Globs over agreement ids; left out: any agreement.")
    exclude_agreements: Globs | None = Field(None, description="Globs over agreement ids that are left out.")
    when: Prose | None = Field(None, description="Condition over `vehicle.*` and `charger.*` that must hold.")
    during: OneOrMoreTexts | None = Field(
        None, description="Names of Schedules: the grant holds only inside one of them."
    )


GrantList: TypeAlias = list[GrantParts]


class SpanParts(Parts):
    """The part of a day that is covered."""

    start: TimeOfDay | None = Field(None, description="Wall-clock start, `HH:MM` or `HH:MM:SS`.")
    end: EndTime | None = Field(
        None, description="Wall-clock end; at or before start it is on the next day, `24:00` is the next midnight."
    )
    duration: Length | None = Field(None, description="Length instead of an end, such as `PT4H`.")


class TimesParts(SpanParts):
    """When: a recurrence, dates or a single date, and what each occurrence covers."""

    rrule: Text | None = Field(None, description="RFC 5545 recurrence rule; FREQ is DAILY, WEEKLY, MONTHLY or YEARLY.")
    first: Day | None = Field(
        None, alias="from", description="First date; required with `rrule`, without it the only date."
    )
    until: Day | None = Field(None, description="Last local date on which an occurrence of the rule may start.")
    dates: list[Day] | None = Field(None, description="Start dates written out, instead of `rrule` and `from`.")
    rdates: list[Day] | None = Field(None, description="Local start dates that are added.")
    exdates: list[Day] | None = Field(None, description="Local start dates that are left out.")
    skip: DaySets | None = Field(None, description="Day sets: no occurrence starts in these operating days.")
    end_date: Day | None = Field(None, description="Last date, where one occurrence spans several days.")
    all_day: Flag | None = Field(None, description="True: the whole operating day, from dayStart to the next.")


class RuleParts(Parts):
    """What windows and exceptions say beside their times."""

    name: Text = Field(description="Name, unique within the policy; explanations and events quote it.")
    mode: Mode = Field(description="`freevend` lets everyone charge, `managed` admits known vehicles only.")
    allow: GrantList | None = Field(None, description="Who may charge, in place of the policy's `allow`; `[]`: nobody.")
    priority: Whole = Field(0, description="Where two overlap, the higher priority wins.")
    message: Texts | None = Field(None, description="What a refused driver reads; text, or text by language.")
    running_sessions: Running | None = Field(
        None, description="What becomes of running sessions when this begins: `keep`, `stop` or `{stopAfter: PT30M}`."
    )


class WindowParts(RuleParts, TimesParts):
    """A recurring or one-off time with a mode of its own."""

    schedule: Text | None = Field(None, description="Name of a Schedule, instead of the times.")


class ExceptionParts(RuleParts, SpanParts):
    """Operating days that beat the windows."""

    days: DaySets = Field(description="Which operating days: a day set, or a list of them.")


class PolicySpec(Parts):
    """Who may charge at which chargers, and when."""

    timezone: Zone = Field(description="IANA time zone of every wall-clock time in the policy.")
    chargers: SelectorParts = Field(description="Which chargers the policy governs.")
    default_mode: Mode = Field(description="Mode outside every window: `freevend` or `managed`.")
    day_start: TimeOfDay = Field(0, description="Where the operating day begins; default `00:00`.")
    priority: Whole = Field(
        100, description="Of the policies that match a charger, the highest governs it; default 100."
    )
    enforcement: Enforcement = Field(
        Enforcement.ENFORCE, description="`observe` answers allowed and records what `enforce` would have answered."
    )
    locked: Flag = Field(
        default=False, description="True: overrides leave these chargers alone unless they say `force: true`."
    )
    allow: GrantList | None = Field(
        None, description="Who may charge while managed; left out: own and agreement vehicles; `[]`: nobody."
    )
    windows: list[WindowParts] = Field([], max_length=MAX_WINDOWS, description="Times with a mode of their own.")
    exceptions: list[ExceptionParts] = Field(
        [], max_length=MAX_WINDOWS, description="Operating days that beat the windows, such as public holidays."
    )
    on_lookup_failure: OnLookupFailure = Field(
        OnLookupFailure.DENY, description="A managed charger's answer when no identifier store can be asked."
    )
    on_unreachable: OnUnreachable = Field(
        OnUnreachable.DENY, description="What a client answers while it cannot reach the service."
    )
    on_breach: OnBreach | None = Field(
        None,
        description="Whether a session that nobody authorised is recorded or stopped; left out: as the profile says.",
    )
    messages: Messages = Field({}, description="What a refused driver reads, by reason.")


class ScheduleSpec(TimesParts):
    """Named times, either here or as a list under `windows`."""

    timezone: Zone | None = Field(None, description="IANA time zone; left out: that of the policy that uses it.")
    windows: list[TimesParts] | None = Field(
        None, min_length=1, max_length=MAX_WINDOWS, description="Several times, instead of one."
    )


class OverrideSpec(Parts):
    """A one-off mode for some chargers, with an end."""

    chargers: SelectorParts = Field(description="Which chargers are overridden.")
    start: Moment = Field(alias="from", description="Begin, in local time such as `2026-11-28T06:00`.")
    end: Moment = Field(alias="to", description="End, in local time.")
    timezone: Zone | None = Field(None, description="IANA time zone; left out: that of the governing policy.")
    mode: Mode = Field(description="`freevend` or `managed`.")
    allow: GrantList | None = Field(None, description="Who may charge; left out: the governing policy's `allow`.")
    force: Flag = Field(default=False, description="True: overrides locked policies too.")
    reason: Prose = Field(description="Why; people read it later.")
    message: Texts | None = Field(None, description="What a refused driver reads.")


class CalendarDate(Parts):
    """A day of a calendar."""

    day: Day = Field(alias="date", description="The date, such as `2026-04-25`.")
    name: Text | None = Field(None, description="What the day is called.")


class CalendarSpec(Parts):
    """Named days."""

    dates: list[CalendarDate] = Field(description="The days of the calendar.")


class AttributesSpec(Parts):
    """Attributes that conditions may name beside the built-in ones."""

    charger: dict[AttributeName, Literal["string", "number", "boolean"]] = Field(
        {}, description="Attributes of chargers: name and `string`, `number` or `boolean`."
    )
    vehicle: dict[AttributeName, Literal["string", "number", "boolean"]] = Field(
        {}, description="Attributes of vehicles: name and `string`, `number` or `boolean`."
    )


class PolicyDocument(DocumentParts):
    """An AccessPolicy document."""

    kind: Literal["AccessPolicy"] = Field(description="Which kind of document this is.")
    metadata: Metadata = Field(description="The document's name, title and owner.")
    spec: PolicySpec = Field(description="What the document says.")


class ScheduleDocument(DocumentParts):
    """A Schedule document."""

    kind: Literal["Schedule"] = Field(description="Which kind of document this is.")
    metadata: Metadata = Field(description="The document's name, title and owner.")
    spec: ScheduleSpec = Field(description="What the document says.")


class OverrideDocument(DocumentParts):
    """An Override document."""

    kind: Literal["Override"] = Field(description="Which kind of document this is.")
    metadata: OverrideMetadata = Field(description="The override's name, title, owner and ticket.")
    spec: OverrideSpec = Field(description="What the document says.")


class CalendarDocument(DocumentParts):
    """A Calendar document."""

    kind: Literal["Calendar"] = Field(description="Which kind of document this is.")
    metadata: Metadata = Field(description="The document's name, title and owner.")
    spec: CalendarSpec = Field(description="What the document says.")


class AttributesDocument(DocumentParts):
    """An Attributes document."""

    kind: Literal["Attributes"] = Field(description="Which kind of document this is.")
    metadata: Metadata = Field(description="The document's name, title and owner.")
    spec: AttributesSpec = Field(description="What the document says.")
