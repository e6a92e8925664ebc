"""Which chargers may be meant by an id that the inventory does not have."""

from __future__ import annotations

import re
from difflib import get_close_matches
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from policy_service.domain.selector import is_literal, matches_any
from policy_service.entrypoints.cli.exit_codes import ExitCode
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.service_calls import ProblemAnswerError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from policy_service.entrypoints.cli.service_calls import ServiceCalls

_MEANT = 3
_ASKED = 10_000
"""Ids that the service is asked for at most: a hint may not take longer than the answer."""
_PADDING = re.compile(r"[^0-9A-Za-z]+|(?<![0-9])0+(?=[0-9])")
"""What an id has between its letters and numbers, and before the latter."""


def likely(charger: str, ids: Collection[str]) -> tuple[str, ...]:
    """Return the ids that may be meant; none where the charger is one of them."""
    if charger in ids:
        return ()
    spelled = _spelled(charger)
    same = [id_ for id_ in ids if _spelled(id_) == spelled]
    return tuple(same[:_MEANT] or get_close_matches(charger, ids, n=_MEANT))


def known_ids(calls: ServiceCalls) -> Collection[str]:
    """Return the chargers of the service that hints may name; none where it does not tell them."""
    try:
        return [str(each["id"]) for each in islice(calls.each("chargers"), _ASKED)]
    except CommandError:
        return ()


def did_you_mean(charger: str, ids: Collection[str]) -> str | None:
    """Return a question after the charger that may be meant."""
    meant = likely(charger, ids)
    return f"did you mean {' or '.join(f'`{name}`' for name in meant)}?" if meant else None


def told_of_charger(calls: ServiceCalls, charger: str, what: str = "", **wanted: str | int) -> dict[str, Any]:
    """Return a charger as the service knows it, or with ``what``, such as ``/mode``, what else it tells of it.

    Raises CommandError, which names the charger that may be meant.
    """
    try:
        return calls.get(f"/v1/chargers/{quote(charger, safe='')}{what}", **wanted)
    except ProblemAnswerError as error:
        if not _names_none(error):
            raise
        message = f"the inventory has no charger {charger}"
        hint = did_you_mean(charger, known_ids(calls)) or "check the id letter by letter"
        raise CommandError(message, hint, ExitCode.REFUSED) from None


def misnamed(calls: ServiceCalls, named: Iterable[str]) -> Sequence[str]:
    """Return a sentence for each id that no charger of the service has, and for each glob that meets none."""
    meant = list(named)
    missing = [charger for charger in meant if is_literal(charger) and _is_missing(calls, charger)]
    globs = [each for each in meant if not is_literal(each)]
    ids = known_ids(calls) if missing or globs else ()
    hints = ((charger, did_you_mean(charger, ids)) for charger in missing)
    idle = [glob for glob in globs if _is_idle(glob, ids)]
    return [
        *(f"no charger is called {charger}{f'; {hint}' if hint else ''}" for charger, hint in hints),
        *(f"no charger is called like {glob}; ids are case-sensitive" for glob in idle),
    ]


def _is_idle(glob: str, ids: Collection[str]) -> bool:
    """Tell whether a glob meets no charger, as far as all of them are known."""
    return 0 < len(ids) < _ASKED and not any(matches_any((glob,), id_) for id_ in ids)


def _is_missing(calls: ServiceCalls, charger: str) -> bool:
    try:
        calls.get(f"/v1/chargers/{quote(charger, safe='')}")
    except ProblemAnswerError as error:
        return _names_none(error)
    return False


def _names_none(error: ProblemAnswerError) -> bool:
    """Tell whether the service answered so because no charger has the id, or can have it."""
    malformed = any(each.get("parameter") == "charger_id" for each in error.problem.get("errors", ()))
    return malformed or error.status == HTTPStatus.NOT_FOUND


def _spelled(charger: str) -> str:
    """Return an id as people may say it: `nth1` for `NTH-01`."""
    return _PADDING.sub("", charger).lower()
