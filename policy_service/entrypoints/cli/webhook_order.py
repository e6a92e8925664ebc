"""What ``webhooks add`` asks the service for, and in words of the command line why it cannot be had."""

from __future__ import annotations

from difflib import get_close_matches
from http import HTTPStatus
from typing import TYPE_CHECKING

from policy_service.domain.access import Reason
from policy_service.domain.events import EventType
from policy_service.domain.mode_events import ModeEventType
from policy_service.domain.outward import FeedName
from policy_service.entrypoints.cli.exit_codes import ExitCode
from policy_service.entrypoints.cli.failure import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from policy_service.entrypoints.cli.service_calls import ProblemAnswerError

_TYPES: dict[FeedName, tuple[str, ...]] = {FeedName.ACCESS: tuple(EventType), FeedName.MODES: tuple(ModeEventType)}
_TO_SERVICE = "write it like https://csms.example/hooks"
_PRIVATE = "where it stands in your own network, the service needs POLICY_SERVICE_WEBHOOKS_ALLOW_PRIVATE=true"


def demand_url(target: str) -> None:
    """Do nothing where it may be a URL. Raises CommandError."""
    if target.startswith(("https://", "http://")):
        return
    message = "the URL does not begin with https://"  # and is not repeated: it may hold a secret of the receiver's
    raise CommandError(message, _TO_SERVICE)


def demand_types(types: Iterable[str], feed: FeedName) -> None:
    """Do nothing where events of the feed have these types. Raises CommandError."""
    for each in types:
        other = next((name for name, known in _TYPES.items() if name is not feed and each in known), None)
        if other is not None:
            message = f"--type {each}: the feed {feed} has no such events"
            raise CommandError(message, f"add --feed {other}")
        _demand_known("--type", each, _TYPES[feed])


def demand_reasons(reasons: Iterable[str]) -> None:
    """Do nothing where decisions have these reasons. Raises CommandError."""
    for each in reasons:
        _demand_known("--reason", each, tuple(Reason))


def refusal(error: ProblemAnswerError) -> CommandError:
    """Return why no webhook was made: what the receiver's address lacks is told with what to do about it."""
    detail = str(error.problem.get("detail", ""))
    if error.status != HTTPStatus.CONFLICT or not detail.startswith("the URL"):
        return error
    return CommandError(f"nothing was made: {detail}", f"{_TO_SERVICE}; {_PRIVATE}", ExitCode.REFUSED)


def _demand_known(flag: str, word: str, known: Sequence[str]) -> None:
    if word in known:
        return
    meant = get_close_matches(word, known, n=1)
    hint = f"did you mean `{meant[0]}`?" if meant else f"there are {', '.join(known)}"
    message = f"{flag} {word}: there is no such {flag.removeprefix('--')}"
    raise CommandError(message, hint)
