"""PS291: a comment that should ignore a finding and does not, because it lacks its reason or names no rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.lint.found import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.lint.linted import Linted


def find(linted: Linted) -> Iterator[Found]:
    """Yield comments that ignore nothing."""
    for ignore in linted.ignores:
        if ignore.problem is not None:
            message, help_text = ignore.problem
            yield Found(ignore.place, message, help_text, ignore.comment.end - ignore.comment.start)
