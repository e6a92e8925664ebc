"""PS292: a comment that ignores what is not found, or no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.language.wording import listed
from policy_service.lint.found import Edit, Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.lint.ignores import Ignore
    from policy_service.lint.linted import Linted


def find(linted: Linted) -> Iterator[Found]:
    """Yield comments, or codes of one, that no finding of the other rules meets; looked at after them."""
    for ignore, idle in linted.unused:
        message = f"nothing is found here that is ignored by {listed(idle, 'and')}"
        all_idle = len(idle) == len(ignore.codes)
        help_text = "remove the comment" if all_idle else "take it out of the comment"
        edit = _without(linted, ignore) if all_idle else None
        yield Found(ignore.place, message, help_text, ignore.comment.end - ignore.comment.start, edit)


def _without(linted: Linted, ignore: Ignore) -> Edit:
    """Return the edit that removes the comment, and its line or the blanks before it."""
    file, comment = ignore.place.file, ignore.comment
    text, starts = linted.text(file)
    if comment.alone:
        end = starts[comment.line] if comment.line < len(starts) else len(text)
        return Edit(file, starts[comment.line - 1], end, "")
    return Edit(file, len(text[: comment.start].rstrip(" \t")), comment.end, "")
