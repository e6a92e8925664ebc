"""PS211: a window too short for a driver to notice, or for a charger to follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.lint.durations import length_text, usual_length
from policy_service.lint.found import Found
from policy_service.lint.timing import written_spans

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.lint.linted import Linted

SHORTEST = 300
"""Seconds: chargers follow a change of mode within minutes."""


def find(linted: Linted) -> Iterator[Found]:
    """Yield spans of less than five minutes."""
    for written in written_spans(linted.tree):
        length = usual_length(written.span)
        if length < SHORTEST:
            message = f"{written.owner} lasts {length_text(length)} only"
            help_text = "let it last 5 minutes or more: chargers need that long to change over"
            yield Found(written.at("duration" if "duration" in written.places else "end"), message, help_text)
