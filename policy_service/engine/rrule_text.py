"""The text of an RFC 5545 recurrence rule, read part by part, with the place of every mistake."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches
from functools import lru_cache

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")

MAX_RULE = 2_000
"""Characters that a rule may have."""
MAX_INTERVAL = 10_000
MAX_COUNT = 1_000_000

_SUB_DAILY = ("HOURLY", "MINUTELY", "SECONDLY")
_TIME_PARTS = ("BYHOUR", "BYMINUTE", "BYSECOND")
_RFC7529_PARTS = ("RSCALE", "SKIP")
_MOST_WEEKS = 53
_INTEGER = re.compile(r"[+-]?\d{1,7}", re.ASCII)
_COUNTING = re.compile(r"\d{1,7}", re.ASCII)
_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_UNTIL = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z)?)?", re.ASCII)


class RecurrenceError(ValueError):
    """A rule that is refused: ``offset`` and ``length`` mark the characters of its text that ``message`` is about."""

    def __init__(self, message: str, offset: int = 0, length: int = 1, help: str | None = None) -> None:  # noqa: A002 - the diagnostic's word
        """Take the message (lower case, no full stop), where it points, and what to do about it."""
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.length = max(1, length)
        self.help = help


@dataclass(frozen=True, slots=True)
class Token:
    """A stretch of the rule's text, and where it stands."""

    text: str
    offset: int

    def refused(self, message: str, help: str | None = None) -> RecurrenceError:  # noqa: A002 - the diagnostic's word
        """Return the error that points here."""
        return RecurrenceError(message, self.offset, len(self.text), help)


@dataclass(frozen=True, slots=True)
class RuleParts:
    """The parts of a rule as written; a BYxxx part that is left out is an empty tuple.

    Weekdays count from 0, Monday. ``by_day`` pairs an ordinal (0: every such day) with a weekday.
    """

    freq: str
    interval: int = 1
    count: int | None = None
    until: date | None = None
    """A date, or a datetime: naive is local, aware is UTC."""
    wkst: int = 0
    by_month: tuple[int, ...] = ()
    by_week_no: tuple[int, ...] = ()
    by_year_day: tuple[int, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_day: tuple[tuple[int, int], ...] = ()
    by_set_pos: tuple[int, ...] = ()


@lru_cache(maxsize=1024)
def read_parts(text: str) -> RuleParts:
    """Read an RRULE value (RFC 5545 §3.3.10) such as ``FREQ=WEEKLY;BYDAY=MO,FR``; raises RecurrenceError.

    Accepted are the frequencies from DAILY up and the parts down to the day; names may be in either case.
    """
    if len(text) > MAX_RULE:
        message = f"a recurrence rule has at most {MAX_RULE} characters"
        raise RecurrenceError(message, MAX_RULE, len(text) - MAX_RULE)
    tokens = _split(text)
    if "FREQ" not in tokens:
        message = "the rule has no `FREQ`"
        raise RecurrenceError(message, 0, len(text), "begin it with FREQ=DAILY, WEEKLY, MONTHLY or YEARLY")
    parts = RuleParts(
        freq=_freq(tokens["FREQ"]),
        interval=_number(tokens.get("INTERVAL"), MAX_INTERVAL, 1),
        count=_number(tokens["COUNT"], MAX_COUNT, 1) if "COUNT" in tokens else None,
        until=_until(tokens["UNTIL"]) if "UNTIL" in tokens else None,
        wkst=_weekday(tokens["WKST"]) if "WKST" in tokens else 0,
        by_month=_numbers(tokens.get("BYMONTH"), 12, signed=False),
        by_week_no=_numbers(tokens.get("BYWEEKNO"), 53),
        by_year_day=_numbers(tokens.get("BYYEARDAY"), 366),
        by_month_day=_numbers(tokens.get("BYMONTHDAY"), 31),
        by_day=_days(tokens.get("BYDAY")),
        by_set_pos=_numbers(tokens.get("BYSETPOS"), 366),
    )
    _refuse_combinations(parts, tokens)
    return parts


def _split(text: str) -> dict[str, Token]:
    """Return each part's value by the part's name in upper case."""
    values: dict[str, Token] = {}
    offset = 0
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        token = Token(name, offset)
        if not equals:
            shown = f"`{part}` is not a part of a rule" if part else "an empty part"
            raise Token(part, offset).refused(shown, "write NAME=VALUE, parts separated by a single `;`")
        known = _known(token)
        if known in values:
            message = f"`{known}` is given twice"
            raise token.refused(message)
        values[known] = Token(value.upper(), offset + len(name) + 1)
        if not value:
            message = f"`{known}` has no value"
            raise token.refused(message)
        offset += len(part) + 1
    return values


_PARTS = (
    "FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST",
    "BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY", "BYSETPOS",
)  # fmt: skip


def _known(name: Token) -> str:
    upper = name.text.upper()
    if upper in _PARTS:
        return upper
    if upper in _TIME_PARTS:
        message = f"`{upper}` is not accepted"
        raise name.refused(message, "the times of day come from `start` and `end`")
    if upper in _RFC7529_PARTS:
        message = f"`{upper}` (RFC 7529) is not accepted"
        raise name.refused(message, "rules follow the Gregorian calendar, and days that do not exist are left out")
    if upper.startswith("RRULE:"):
        message = "the property name `RRULE:` is not part of the rule"
        raise Token("RRULE:", name.offset).refused(message, "leave it out")
    close = get_close_matches(upper, _PARTS, n=1)
    message = f"`{name.text}` is not a part of a recurrence rule"
    raise name.refused(message, f"did you mean `{close[0]}`?" if close else f"known are {', '.join(_PARTS)}")


def _freq(value: Token) -> str:
    if value.text in FREQUENCIES:
        return value.text
    message = f"`{value.text}` is not an accepted frequency"
    if value.text in _SUB_DAILY:
        raise value.refused(message, "a rule names days: DAILY or longer; the times of day come from `start` and `end`")
    close = get_close_matches(value.text, FREQUENCIES, n=1)
    raise value.refused(message, f"did you mean `{close[0]}`?" if close else f"known are {', '.join(FREQUENCIES)}")


def _number(value: Token | None, most: int, default: int) -> int:
    if value is None:
        return default
    if _COUNTING.fullmatch(value.text) and 1 <= int(value.text) <= most:
        return int(value.text)
    message = f"`{value.text}` is not a whole number from 1 to {most}"
    raise value.refused(message)


def _items(value: Token) -> list[Token]:
    items: list[Token] = []
    offset = value.offset
    for item in value.text.split(","):
        items.append(Token(item, offset))
        offset += len(item) + 1
    return items


def _numbers(value: Token | None, most: int, *, signed: bool = True) -> tuple[int, ...]:
    if value is None:
        return ()
    numbers: list[int] = []
    for item in _items(value):
        if not _INTEGER.fullmatch(item.text) or not (-most if signed else 1) <= int(item.text) <= most:
            message = f"`{item.text}` is not a whole number from 1 to {most}"
            raise item.refused(message + (f" or from -1 to -{most}" if signed else ""))
        if int(item.text) == 0:
            message = "`0` counts nothing"
            raise item.refused(message, f"write 1 to {most}, or -1 to -{most} to count from the end")
        numbers.append(int(item.text))
    return tuple(sorted(set(numbers)))


def _days(value: Token | None) -> tuple[tuple[int, int], ...]:
    days: set[tuple[int, int]] = set()
    for item in _items(value) if value else ():
        match = _DAY.fullmatch(item.text)
        if match is None:
            message = f"`{item.text}` is not a weekday"
            raise item.refused(message, f"write {', '.join(WEEKDAYS)}, or `-1FR` for the last Friday")
        ordinal = int(match[1]) if match[1] else 0
        if match[1] and not 1 <= abs(ordinal) <= _MOST_WEEKS:
            message = f"`{item.text}` counts no weekday of a year"
            raise item.refused(message, "the number is from 1 to 53, or from -1 to -53 to count from the end")
        days.add((ordinal, WEEKDAYS.index(match[2])))
    return tuple(sorted(days))


def _until(value: Token) -> date:
    match = _UNTIL.fullmatch(value.text)
    try:
        if match is not None:
            year, month, day, hour, minute, second, utc = match.groups()
            if hour is None:
                return date(int(year), int(month), int(day))
            zone = UTC if utc else None
            return datetime(int(year), int(month), int(day), int(hour), int(minute), min(int(second), 59), tzinfo=zone)
    except ValueError:
        pass
    message = f"`{value.text}` is not a date or date-time"
    raise value.refused(message, "write UNTIL=20261224 for the whole of that day, or UNTIL=20261224T130000Z in UTC")


def _weekday(value: Token) -> int:
    if value.text in WEEKDAYS:
        return WEEKDAYS.index(value.text)
    message = f"`{value.text}` is not a weekday"
    raise value.refused(message, f"weekdays are {', '.join(WEEKDAYS)}")


_NOT_WITH = {
    "DAILY": ("BYWEEKNO", "BYYEARDAY"),
    "WEEKLY": ("BYWEEKNO", "BYYEARDAY", "BYMONTHDAY"),
    "MONTHLY": ("BYWEEKNO", "BYYEARDAY"),
    "YEARLY": (),
}
"""The parts that RFC 5545 §3.3.10 forbids at a frequency."""


def _refuse_combinations(parts: RuleParts, tokens: dict[str, Token]) -> None:
    for name in _NOT_WITH[parts.freq]:
        if name in tokens:
            message = f"`{name}` does not go with FREQ={parts.freq}"
            raise _whole(name, tokens[name]).refused(message, "RFC 5545 section 3.3.10 forbids the combination")
    if "UNTIL" in tokens and "COUNT" in tokens:
        message = "`COUNT` and `UNTIL` do not go together"
        raise _whole("COUNT", tokens["COUNT"]).refused(message, "keep the one that you mean")
    if "BYSETPOS" in tokens and not any(name.startswith("BY") and name != "BYSETPOS" for name in tokens):
        message = "`BYSETPOS` picks from the days of another BYxxx part, and there is none"
        raise _whole("BYSETPOS", tokens["BYSETPOS"]).refused(message, "add BYDAY, BYMONTHDAY or another")
    if "BYWEEKNO" in tokens and parts.interval > 1:
        message = "`INTERVAL` does not go with `BYWEEKNO`"
        raise _whole("INTERVAL", tokens["INTERVAL"]).refused(
            message, "numbered weeks cross the turn of the year, so no calendar agrees on which years are skipped"
        )
    _refuse_ordinals(parts, tokens)


def _refuse_ordinals(parts: RuleParts, tokens: dict[str, Token]) -> None:
    if "BYDAY" not in tokens or not any(ordinal for ordinal, _ in parts.by_day):
        return
    numbered = next(item for item in _items(tokens["BYDAY"]) if len(item.text) > len("MO"))
    if parts.freq in {"DAILY", "WEEKLY"}:
        message = f"`{numbered.text}` counts weekdays of a month or a year, which FREQ={parts.freq} does not have"
        raise numbered.refused(message, f"write `{numbered.text[-2:]}`, or use FREQ=MONTHLY")
    if "BYWEEKNO" in tokens:
        message = f"`{numbered.text}` counts weekdays of a month or a year, and `BYWEEKNO` names single weeks"
        raise numbered.refused(message, f"write `{numbered.text[-2:]}`")


def _whole(name: str, value: Token) -> Token:
    """Return the token of ``NAME=VALUE``."""
    return Token(f"{name}={value.text}", value.offset - len(name) - 1)
