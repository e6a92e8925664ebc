"""Scalars as written: what a text must look like to be a time, a date, a number, and what to say when it does not."""

from __future__ import annotations

import math
import re
from datetime import date
from importlib import resources
from typing import NoReturn, cast

from pydantic_core import PydanticCustomError

from policy_service.domain.charger_profile import Reboot
from policy_service.domain.identifier import IdentifierError, normal_form
from policy_service.domain.instant import DAY, InstantError, parse_instant
from policy_service.domain.names import MISLEADING
from policy_service.domain.ocpp_answers import LONGEST_TAG_1_6
from policy_service.domain.policy import Duration, RunningSessions, WallInstant
from policy_service.language.wording import listed, quoted, suggestion

ZONES = frozenset(resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()) - {"Factory"}
"""Every time zone of the pinned tz database; ``Factory`` stands for none."""

PLACEHOLDERS = frozenset({"until", "next_allowed"})
"""What a message may leave open until it is shown."""

LONGEST_PATTERN = 200
FIRST_YEAR, LAST_YEAR = 1970, 2199
_LONGEST = 36_525
_AREA = re.compile("(?!Etc/)[^/]+/")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_LOCAL = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}(?::\d{2})?)", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,9}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_WEEKS = re.compile(r"P(\d{1,6})W", re.ASCII)
_DURATION = re.compile(r"P(?:(\d{1,6})D)?(?:T(?=\d)(?:(\d{1,7})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?", re.ASCII)
_PATTERN_PART = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{\d+\}|.", re.DOTALL)
_REPEATS = tuple("*+{")
_SO_OFTEN = re.compile(r"\{\d+\}")
_MISLEADING = re.compile(f"[{MISLEADING}]")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}|[{}]")
_DURATION_HELP = "write a duration like `PT4H`, `PT30M` or `P1DT2H`"


def refuse(message: str, help_text: str | None = None, code: str = "PS014", offset: int = 0) -> NoReturn:
    """Raise what becomes a finding: its code, message and help; ``offset`` is how far inside the text it is."""
    context = {"code": code, "message": message, "help": help_text, "offset": offset}
    kind = "refused"
    raise PydanticCustomError(kind, "{message}", context)


def scalar(value: object, what: str) -> str:
    """Return the text of a scalar, or refuse what is none."""
    if isinstance(value, str):
        return value
    refuse(f"expected {what}, not {shape(value)}", "write one value", code="PS013")


def shape(value: object) -> str:
    """Say what was written where something else belongs."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else "text"


def read_time(value: object) -> int:
    """Read a wall-clock time before midnight as seconds of the day."""
    text = scalar(value, "a time of day")
    seconds = _seconds(text)
    if seconds is None or seconds >= DAY:
        refuse(f"{quoted(text)} is no time of day", "write a time like `06:00`, from `00:00` to `23:59:59`")
    return seconds


def read_end_time(value: object) -> int:
    """Read a wall-clock time up to and including ``24:00`` as seconds of the day."""
    text = scalar(value, "a time of day")
    seconds = _seconds(text)
    if seconds is None:
        refuse(f"{quoted(text)} is no time of day", "write a time like `06:00`; `24:00` is the next midnight")
    return seconds


def _seconds(text: str) -> int | None:
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds = int(match[1]), int(match[2]), int(match[3] or 0)
    total = hours * 3600 + minutes * 60 + seconds
    return total if minutes < 60 and seconds < 60 and total <= DAY and len(match[1]) == 2 else None  # noqa: PLR2004 - clock


def read_date(value: object) -> date:
    """Read a calendar date."""
    text = scalar(value, "a date")
    found = _date(text)
    if found is None:
        refuse(f"{quoted(text)} is no date", "write a date like `2026-12-24`")
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        refuse(f"{quoted(text)} lies outside {FIRST_YEAR} to {LAST_YEAR}", "check the year")
    return found


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def read_duration(value: object) -> Duration:
    """Read an ISO 8601 duration: weeks and days nominal, hours and below exact."""
    text = scalar(value, "a duration")
    weeks = _WEEKS.fullmatch(text)
    match = _DURATION.fullmatch(text)
    if weeks is not None:
        duration = Duration(7 * int(weeks[1]), 0)
    elif match is not None:
        days, hours, minutes, seconds = (int(group or 0) for group in match.groups())
        duration = Duration(days, hours * 3600 + minutes * 60 + seconds)
    else:
        refuse(f"{quoted(text)} is no duration", _DURATION_HELP)
    if not 0 < duration.days * DAY + duration.seconds <= _LONGEST * DAY:
        refuse(f"{quoted(text)} is too short or too long for a duration", _DURATION_HELP)
    return duration


def read_whole(value: object) -> int:
    """Read a whole number."""
    text = scalar(value, "a whole number")
    if _WHOLE.fullmatch(text) is None:
        refuse(f"{quoted(text)} is no whole number", "write digits only, at most nine", code="PS013")
    return int(text)


def read_count(value: object) -> int:
    """Read a whole number of at least one."""
    number = read_whole(value)
    if number < 1:
        refuse(f"`{number}` is less than one", "write 1 or more")
    return number


def read_flag(value: object) -> bool:
    """Read ``true`` or ``false``."""
    text = scalar(value, "`true` or `false`")
    if text not in ("true", "false"):
        refuse(f"expected `true` or `false`, not {quoted(text)}", "write one of the two", code="PS013")
    return text == "true"


def number_of(text: str) -> float | None:
    """Return the finite number that a text writes, None where it writes none."""
    number = float(text) if _NUMBER.fullmatch(text) else math.inf
    return number if math.isfinite(number) else None


def read_zone(value: object) -> str:
    """Read the name of a time zone of the tz database."""
    text = scalar(value, "a time zone")
    if text not in ZONES:
        places = [name for name in ZONES if _AREA.match(name) or name == "UTC"]  # for AEST, not EST
        help_text = suggestion(text, places, "write an IANA name such as `Australia/Melbourne`")
        refuse(f"unknown time zone {quoted(text)}", help_text, code="PS101")
    return text


def read_moment(value: object) -> int | WallInstant:
    """Read an instant: epoch seconds where it has an offset, else local to some zone named elsewhere."""
    text = scalar(value, "a date and time")
    local = _LOCAL.fullmatch(text)
    if local is None:
        return _instant(text)
    second = _seconds(local[2])
    day = _date(local[1])
    if day is None or second is None or second >= DAY or not FIRST_YEAR <= day.year <= LAST_YEAR:
        refuse(f"{quoted(text)} is no date and time", "write it like `2026-11-28T06:00`")
    return WallInstant(day, second)


def read_instant(value: object) -> int:
    """Read an instant with its offset as epoch seconds."""
    return _instant(scalar(value, "a date and time"))


def _instant(text: str) -> int:
    try:
        return parse_instant(text)
    except InstantError as error:
        refuse(f"{quoted(text)} is no instant that can be asked about", str(error))


def read_synthetic_id(value: object) -> str:
    """Read a token that a charger sends by itself, in normal form."""
    text = scalar(value, "text")
    try:
        form = normal_form(text)
    except IdentifierError as error:
        refuse("not accepted as a token that a charger sends", str(error))
    if not form:
        refuse("an empty text is no token that a charger sends", "leave it out")
    return form


def read_freevend_tag(value: object) -> str:
    """Read a token that a charger is told to send in freevend, spelled as it is to send it."""
    text = scalar(value, "text")
    if not 0 < len(text) <= LONGEST_TAG_1_6 or not text.isprintable() or text != text.strip():
        refuse(
            "not accepted as a token that a charger is to send", f"write 1 to {LONGEST_TAG_1_6} characters that print"
        )
    return text


def read_reboot(value: object) -> Reboot:
    """Read when a reboot is needed; ``true`` is always, and ``false`` when the charger asks for it."""
    text = scalar(value, "text")
    text = {"true": Reboot.ALWAYS, "false": Reboot.WHEN_ASKED}.get(text, text)
    if text not in tuple(Reboot):
        refuse(f"{quoted(text)} is not accepted for `reboot`", f"write {listed(Reboot)}")
    return Reboot(text)


def read_pattern(value: object) -> str:
    """Read a regular expression."""
    text = scalar(value, "a regular expression")
    if not 0 < len(text) <= LONGEST_PATTERN:
        refuse("not accepted as a regular expression", f"write 1 to {LONGEST_PATTERN} characters")
    try:
        re.compile(text, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        offset = error.pos or 0 if isinstance(error, re.error) else 0
        refuse(f"{quoted(text)} is no regular expression", str(error), offset=offset)
    if (twice := _repeated_twice(text)) is not None:
        help_text = "leave one of the two out; a name that nearly fits could be tried for years"
        refuse(f"{quoted(text)} repeats what is repeated inside already", help_text, offset=twice)
    return text


def _repeated_twice(pattern: str) -> int | None:
    """Return where a group is repeated that repeats something itself, as in ``(a+)+``; None where none is.

    There are as many ways to read a name by it as there are to cut the name into pieces. What stands inside just so
    often, as in ``(a{2}:){5}``, can be read in one way.
    """
    repeating, closed = [False], False
    for found in _PATTERN_PART.finditer(pattern):
        part = found[0]
        repeats = part.startswith(_REPEATS)
        if repeats and closed:
            return found.start()
        if part == "(":
            repeating.append(False)
        closed = part == ")" and repeating.pop()
        repeating[-1] = repeating[-1] or closed or (repeats and not _SO_OFTEN.fullmatch(part))
    return None


def read_message(value: object) -> str:
    """Read a text for drivers and check what it leaves open."""
    text = scalar(value, "text")
    if not text.strip():
        refuse("a message cannot be empty", "leave it out")
    if match := _MISLEADING.search(text):
        refuse(f"{quoted(text)} holds characters that do not print", "write it without them", offset=match.start())
    for match in _PLACEHOLDER.finditer(text):
        if match[1] not in PLACEHOLDERS:
            known = listed((f"{{{name}}}" for name in sorted(PLACEHOLDERS)), "and")
            refuse(f"unknown placeholder {quoted(match[0])}", f"a message knows {known} only", offset=match.start())
    return text


def read_running_sessions(value: object) -> RunningSessions:
    """Read ``keep``, ``stop`` or ``{stopAfter: DURATION}``."""
    keys = _keys(value)
    if set(keys) == {"stopAfter"}:
        duration = read_duration(keys["stopAfter"])
        return RunningSessions("stop_after", duration.days * DAY + duration.seconds)
    if value in ("keep", "stop"):
        return RunningSessions(str(value))
    written = quoted(value) if isinstance(value, str) else shape(value)
    refuse(f"expected `keep`, `stop` or `{{stopAfter: PT30M}}`, not {written}", "write one of the three")


def _keys(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def as_list(value: object) -> object:
    """Take one where one or many are accepted."""
    return cast("object", value) if value is None or isinstance(value, list) else [value]


def as_texts(value: object) -> object:
    """Take a plain text for a message in every language."""
    return {"": value} if isinstance(value, str) else value
