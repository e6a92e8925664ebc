"""Why a command cannot go on: a sentence, what to do about it, and the exit code."""

from __future__ import annotations

from policy_service.entrypoints.cli.exit_codes import ExitCode


class CommandError(Exception):
    """Ends a command with a message on standard error. Neither text ever shows an identifier."""

    def __init__(self, message: str, hint: str | None = None, code: ExitCode = ExitCode.USAGE) -> None:
        """Say what is wrong: lower case, no full stop. ``hint`` says what to do."""
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code


def demand_one(message: str, *given: bool) -> None:
    """Do nothing where one of these options at most is given. Raises CommandError, with what they all say."""
    if sum(given) > 1:
        raise CommandError(message, "give one of them")


class ClosedPipeError(Exception):
    """Whatever read the command's output has gone, such as `head` that has seen enough."""
