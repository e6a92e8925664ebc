"""PS206: a condition, or a part of one, that is met whatever the attributes are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.lint.found import Found
from policy_service.lint.truth import constants

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.lint.linted import Linted


def find(linted: Linted) -> Iterator[Found]:
    """Yield conditions that let through all that have the attributes they name."""
    for constant in constants(linted):
        if constant.value:
            message = f"`{constant.text}` is always true"
            help_text = "compare with what should make a difference, or leave it out"
            yield Found(constant.place, message, help_text, constant.length)
