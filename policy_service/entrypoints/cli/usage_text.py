"""How mistakes in options and arguments are told: in people's words, with the word that may be meant."""

from __future__ import annotations

import re
from difflib import get_close_matches

from policy_service.entrypoints.plain_words import plain

_NOT_ONE_OF = re.compile(r"^'(.*)' is not one of (.+)\.$")
_BY_ARGUMENT = frozenset({"check", "fmt", "test"})
"""Commands that take the policy directory as an argument, where others have an option."""
_POLICIES = frozenset({"--policies", "-p"})


def usage_text(message: str, command: str | None) -> str:
    """Return what was wrong with a call of a command, of which the parser said the message."""
    message = plain(message)
    choice = _NOT_ONE_OF.match(message)
    if choice is not None:
        meant = get_close_matches(choice[1], re.findall(r"'([^']*)'", choice[2]), n=1)
        return f"{message} Did you mean '{meant[0]}'?" if meant else message
    option = message.removeprefix("No such option: ")
    if command in _BY_ARGUMENT and option in _POLICIES:
        return f"{message}. The directory is an argument: policy-service {command} DIR"
    return message
