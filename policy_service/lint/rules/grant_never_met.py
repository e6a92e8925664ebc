"""PS208: a grant whose agreements leave nobody; `agreements` beside `class: own` are an error already (PS015)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.domain.selector import matches_any
from policy_service.lint.found import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.domain.policy import Grant
    from policy_service.lint.linted import Linted


def find(linted: Linted) -> Iterator[Found]:
    """Yield grants that no agreement can meet."""
    for grant in linted.grants():
        reason = _reason(grant)
        if reason is not None:
            yield Found(grant.place, f"no vehicle can meet this grant: {reason[0]}", reason[1])


def _reason(grant: Grant) -> tuple[str, str] | None:
    if grant.agreements == ():
        return "`agreements` is empty", "name agreements, or leave the key out to mean any"
    if _covered(grant.agreements or ("*",), grant.exclude_agreements):
        return "`excludeAgreements` leaves out all of its agreements", "exclude less, or remove the grant"
    return None


def _covered(globs: tuple[str, ...], excluded: tuple[str, ...]) -> bool:
    """Tell whether every id that a glob matches is excluded: a glob of plain `*` covers what it matches as a text."""
    plain = tuple(glob for glob in excluded if not any(sign in glob for sign in "?["))
    return all(matches_any(plain, glob) for glob in globs)
