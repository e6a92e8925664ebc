"""Ids that operators copy from one command into another: what to say of one that leads nowhere."""

from __future__ import annotations

from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from policy_service.entrypoints.cli.exit_codes import ExitCode
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.service_calls import ProblemAnswerError

if TYPE_CHECKING:
    from collections.abc import Generator


class IdKind(NamedTuple):
    """What an id is the id of."""

    parameter: str
    """As the service calls it."""
    none: str
    """That there is no such thing, as far as a sentence may say it: the id may be a card's, and is not repeated."""
    example: str
    listing: str
    """The command that lists them."""


DECISION = IdKind("decision_id", "no event has this decision id", "01a20660-16e1-7b29-b7cb-c1ca63137f0c", "events list")
OVERRIDE = IdKind("override_id", "no override has this id", "ov-7k3m9x2a", "override list --all")
WEBHOOK = IdKind("webhook_id", "no webhook has this id", "wh-7k3m9x2a4c", "webhooks list")


@contextmanager
def leading_to(kind: IdKind) -> Generator[None]:
    """Say in the words of the command line where the service knows no such id, or none of that form."""
    try:
        yield
    except ProblemAnswerError as error:
        malformed = any(each.get("parameter") == kind.parameter for each in error.problem.get("errors", ()))
        if not malformed and error.status != HTTPStatus.NOT_FOUND:
            raise
        message = f"{kind.none}: it must look like {kind.example}" if malformed else kind.none
        raise CommandError(message, f"`policy-service {kind.listing}` shows the ids", ExitCode.REFUSED) from None
