"""PS218: a policy that is called otherwise than its file."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from policy_service.lint.found import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.lint.linted import Linted


def find(linted: Linted) -> Iterator[Found]:
    """Yield policies that are alone in a file of another name; a file of several cannot have all their names."""
    policies = linted.tree.policies
    alone = Counter(policy.place.file for policy in policies)
    for policy in policies:
        stem = policy.place.file.rpartition("/")[2].partition(".")[0]
        if alone[policy.place.file] == 1 and stem != policy.name:
            message = f"policy `{policy.name}` stands in a file named `{stem}`"
            help_text = (
                f"rename the file to `{policy.name}.yaml`, or the policy: events and explanations quote its name"
            )
            yield Found(policy.place, message, help_text, len(policy.name))
