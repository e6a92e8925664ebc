"""Which profile a charger is of, by the keys that it reports and by what it calls itself on boot."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from policy_service.domain.charger_profile import ChargerProfile, ChargerReport, ModelPattern


class Candidate(NamedTuple):
    """A profile that fits, and the keys or names that it fits by."""

    profile: ChargerProfile
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Identified:
    """The profiles that fit, best one alone where there is one."""

    candidates: tuple[Candidate, ...]
    lacking: tuple[Candidate, ...] = ()
    """Profiles of the make whose keys the charger does not have; the evidence is those keys."""

    @property
    def profile(self) -> ChargerProfile | None:
        """Return the only profile that fits; None where none or several do."""
        return self.candidates[0].profile if len(self.candidates) == 1 else None


def identify(report: ChargerReport, profiles: Iterable[ChargerProfile]) -> Identified:
    """Return which profiles fit: by keys first, as these are what switches a charger, else by its make.

    Of two that fit by keys, the one that asks for more keys wins, then the one whose make fits as well, and one for
    many models counts only alone. Where keys were read, a make does not stand in for a key that is missing.
    """
    known = sorted((each for each in profiles if each.identify.says_something), key=lambda each: each.name)
    names = _spoken(report.keys)
    by_keys = [each for each in known if each.identify.keys and _folded(each.identify) <= names]
    by_make = [each for each in known if _of_make(report, each.identify)]
    if by_keys:
        return Identified(tuple(Candidate(each, each.identify.keys) for each in _best(by_keys, by_make)))
    lacking = [each for each in by_make if each.identify.keys and report.keys]
    made = tuple(filter(None, (report.vendor, report.model)))
    fitting = [each for each in by_make if each not in lacking]
    return Identified(
        tuple(Candidate(each, made) for each in fitting),
        tuple(Candidate(each, each.identify.keys) for each in lacking),
    )


def _spoken(keys: Iterable[str]) -> frozenset[str]:
    """Return names by which keys are asked for: a variable of OCPP 2.x with and without its component."""
    folded = [key.casefold() for key in keys]
    return frozenset(folded) | {key.partition(".")[2] for key in folded if "." in key}


def _folded(pattern: ModelPattern) -> frozenset[str]:
    return frozenset(key.casefold() for key in pattern.keys)


def _of_make(report: ChargerReport, pattern: ModelPattern) -> bool:
    wanted = [(pattern.vendor, report.vendor), (pattern.model, report.model)]
    return any(regex for regex, _ in wanted) and all(
        regex is None or (said is not None and re.fullmatch(regex, said, re.IGNORECASE) is not None)
        for regex, said in wanted
    )


def _best(by_keys: Sequence[ChargerProfile], by_make: Sequence[ChargerProfile]) -> Sequence[ChargerProfile]:
    named = [each for each in by_keys if not each.identify.otherwise] or by_keys
    most = [
        each
        for each in named
        if not any(_folded(each.identify) < _folded(other.identify) for other in named if other is not each)
    ]
    return [each for each in most if each in by_make] or most
