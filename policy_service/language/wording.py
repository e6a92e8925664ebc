"""How findings are worded: input quoted and clipped, weight taken from the table of codes, nearest names suggested."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from policy_service.domain.codes import CODES
from policy_service.domain.diagnostic import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policy_service.domain.place import Place

ECHO = 60
"""How many characters of the input a message repeats at most."""

_FEW = 300
_NEAR_LENGTH = 2
_SHORTEST = 3
"""Letters of a name that say which longer one is meant."""


def quoted(text: str) -> str:
    """Return input in backticks, on one line, without unprintable characters, clipped."""
    shown = "".join(char if char.isprintable() and char != "`" else "�" for char in text[: ECHO + 1])
    return f"`{shown[: ECHO - 1]}…`" if len(shown) > ECHO else f"`{shown}`"


def listed(names: Iterable[str], joint: str = "or") -> str:
    """Return names in backticks as a phrase: ``a``, ``b`` or ``c``."""
    shown = [f"`{name}`" for name in names]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} {joint} {shown[-1]}"


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the known name that comes closest to what was written, None where none comes close."""
    known = list(names)
    if len(name) > ECHO:
        return None
    by_case = {candidate.casefold(): candidate for candidate in known}
    if name.casefold() in by_case:
        return by_case[name.casefold()]
    if len(known) > _FEW:  # difflib is slow over whole inventories and zone lists
        known = [candidate for candidate in known if abs(len(candidate) - len(name)) <= _NEAR_LENGTH]
        known = [candidate for candidate in known if _shares_letters(candidate, name)][: 10 * _FEW]
    matches = get_close_matches(name, known, n=1, cutoff=0.6)
    return matches[0] if matches else next((each for each in sorted(known) if _begins(name, each)), None)


def _begins(one: str, other: str) -> bool:
    """Tell whether one name begins with the other: `abb` is short for `abb-terra-ac`."""
    shorter, longer = sorted((one.casefold(), other.casefold()), key=len)
    return len(shorter) >= _SHORTEST and longer.startswith(shorter)


def _shares_letters(one: str, other: str) -> bool:
    return len(set(one) & set(other)) * 2 > len(set(other))


def suggestion(name: str, names: Iterable[str], otherwise: str | None = None) -> str | None:
    """Return `did you mean ...?` where a known name comes close, else the other help."""
    match = nearest(name, names)
    return f"did you mean {quoted(match)}?" if match is not None else otherwise


def finding(code: str, place: Place, message: str, help_text: str | None = None, length: int = 1) -> Diagnostic:
    """Return a diagnostic with the weight that its code has in the table."""
    return Diagnostic(code, CODES[code].severity, place, message, help_text, max(1, length))
