"""Lets go of many things one by one: freed by one step, they would keep the interpreter from every other thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import MutableSequence

Thing = TypeVar("Thing")


def let_go(things: MutableSequence[Thing]) -> None:
    """Empty a list, and so free what nobody else holds."""
    while things:
        things.pop()
