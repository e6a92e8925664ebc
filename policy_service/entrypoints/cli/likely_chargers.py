"""Which chargers may be meant by an id that the inventory does not have."""

from __future__ import annotations

import re
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING

from policy_service.entrypoints.cli.failure import CommandError

if TYPE_CHECKING:
    from collections.abc import Collection

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


def _spelled(charger: str) -> str:
    """Return an id as people may say it: `nth1` for `NTH-01`."""
    return _PADDING.sub("", charger).lower()
