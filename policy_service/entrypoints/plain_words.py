"""What is wrong with a value, in people's words: the library that finds it speaks of its own types."""

from __future__ import annotations

import re

_REWORDED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^Value error, "), ""),
    (re.compile(r"^Input should be greater than or equal to (\S+)$"), r"it must be \1 or more"),
    (re.compile(r"^Input should be less than or equal to (\S+)$"), r"it must be \1 or less"),
    (re.compile(r"^Input should be a valid integer\b.*"), "it must be a whole number"),
    (re.compile(r"^Input should be a valid number\b.*"), "it must be a number"),
    (re.compile(r"^Input should be a valid boolean\b.*"), "it must be true or false"),
    (re.compile(r"^Input should be a valid string\b.*"), "it must be a string"),
    (re.compile(r"^Input should be a valid (list|tuple)\b.*"), "it must be a list"),
    (re.compile(r"^Input should be a(n object|\b valid dictionary)\b.*"), "it must be an object"),
    (re.compile(r"^Input should be "), "it must be "),
    (re.compile(r"^String should have at (least|most) "), r"it must have at \1 "),
    (re.compile(r"^Value should have at (least|most) (\d+) items?\b.*"), r"it must have at \1 \2 characters"),
    (re.compile(r"^\w+ should have at (least|most) (\d+ items?)\b.*"), r"it must have at \1 \2"),
    (re.compile(r"^String should match pattern .*"), "it is not of the form that is asked for"),
)


def plain(message: str) -> str:
    """Return what is wrong with a value in people's words."""
    for pattern, told in _REWORDED:
        message = pattern.sub(told, message)
    return message
