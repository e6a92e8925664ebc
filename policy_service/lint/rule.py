"""What a rule of lint is: its row in the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from policy_service.domain.diagnostic import Severity
    from policy_service.lint.found import Found
    from policy_service.lint.linted import Linted


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its code, its name, its level unless the configuration says another, and how it looks."""

    code: str
    name: str
    level: Severity
    title: str
    find: Callable[[Linted], Iterator[Found]]
    fixable: bool = False
    """Whether ``check --fix`` mends what it finds."""
    whole: bool = False
    """Whether it must know all of the tree: what is missing could be the charger, or the policy, that it looks for."""
