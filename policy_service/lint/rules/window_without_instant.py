"""PS202: a window that has dates and no time: exdates, skip or a clock change take every one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.domain.instant import DAY
from policy_service.engine.occurrences import Occurrences
from policy_service.engine.timeline import touches
from policy_service.engine.zone import EPOCH_ORDINAL
from policy_service.lint.found import Found
from policy_service.lint.linted import YEAR, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.engine.timeline import Source
    from policy_service.lint.linted import Linted


def find(linted: Linted) -> Iterator[Found]:
    """Yield what names dates in the coming year and holds on none."""
    for ranked in linted.policies:
        for part, layer in ranked.parts():
            if any(touches(source, *linted.year) for source in layer.sources):
                continue
            dates = max((_dates(source, linted.now) for source in layer.sources), default=0)
            if dates:
                name, place, length = name_of(part)
                message = f"no instant lies in {name}: its dates in the next year ({dates}) are all taken out"
                help_text = "check `exdates` and `skip` against its dates, and its times against the clock changes"
                yield Found(place, message, help_text, length)


def _dates(source: Source, now: int) -> int:
    first = now // DAY + EPOCH_ORDINAL
    return len(source.named_days(first, first + YEAR // DAY)) if isinstance(source, Occurrences) else 0
