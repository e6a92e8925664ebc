"""PS207: a condition, or a part of one, that nothing can meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.lint.found import Found
from policy_service.lint.truth import constants

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.lint.linted import Linted


def find(linted: Linted) -> Iterator[Found]:
    """Yield conditions that hold for no vehicle and no charger."""
    for constant in constants(linted):
        if not constant.value:
            message = f"`{constant.text}` is always false{constant.because}"
            help_text = "nothing can meet it: correct the comparison, or remove what depends on it"
            yield Found(constant.place, message, help_text, constant.length)
