"""PS222: grants where nobody is refused anyway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.domain.access import AccessMode
from policy_service.lint.found import Found
from policy_service.lint.linted import name_of, parts_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.lint.linted import Linted

_HELP = "remove `allow`, or write `mode: managed`"


def find(linted: Linted) -> Iterator[Found]:
    """Yield windows, exceptions and overrides of mode freevend that list who may charge."""
    for policy in linted.tree.policies:
        for part in parts_of(policy):
            if part.mode is AccessMode.FREEVEND and part.allow is not None:
                message = f"`allow` has no effect: {name_of(part)[0]} is freevend, which lets everybody charge"
                yield Found(part.places.get("allow", part.place), message, _HELP)
    for override in linted.tree.overrides:
        if override.mode is AccessMode.FREEVEND and override.allow is not None:
            message = f"`allow` has no effect: override `{override.name}` is freevend, which lets everybody charge"
            yield Found(linted.written("allow", override.place), message, _HELP, len("allow"))
