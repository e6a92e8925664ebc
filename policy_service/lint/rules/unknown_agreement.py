"""PS209: an agreement glob that matches no agreement that anybody has named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.domain.selector import matches_any
from policy_service.language.wording import suggestion
from policy_service.lint.found import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.lint.linted import Linted


def find(linted: Linted) -> Iterator[Found]:
    """Yield globs that match neither an agreement of a PolicyTest nor one that the configuration lists.

    Where neither names any, nothing is known and nothing is told.
    """
    tested = {case.vehicle.agreement for test in linted.tree.tests for case in test.cases if case.vehicle is not None}
    known = sorted({*linted.agreements, *(name for name in tested if name is not None)})
    if not known:
        return
    judged: dict[str, bool] = {}
    for grant in linted.grants():
        for glob in (*(grant.agreements or ()), *grant.exclude_agreements):
            if glob not in judged:
                judged[glob] = any(matches_any((glob,), name) for name in known)
            if not judged[glob]:
                otherwise = "correct it, use it in a PolicyTest, or list the agreement in policy-service.toml"
                help_text = suggestion(glob, known, otherwise) or otherwise
                message = f"no known agreement matches `{glob}`"
                yield Found(linted.written(glob, grant.place), message, help_text, len(glob))
