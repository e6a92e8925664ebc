"""PS217: a start that equals the end, which means a whole day and looks like nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.domain.policy import WallEnd
from policy_service.lint.durations import clock
from policy_service.lint.found import Found
from policy_service.lint.timing import written_spans

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.lint.linted import Linted


def find(linted: Linted) -> Iterator[Found]:
    """Yield spans that end at the time of day at which they start, where no `endDate` says which day is meant."""
    for written in written_spans(linted.tree):
        alike = written.span.end == WallEnd(1, written.span.start)
        if alike and "end" in written.places and "endDate" not in written.places:
            time = clock(written.span.start)
            message = f"{written.owner} starts and ends at {time}: it lasts 24 hours"
            help_text = "write `duration: P1D` if a whole day is meant, else correct the end"
            yield Found(written.at("end"), message, help_text, len(time))
