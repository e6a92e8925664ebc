"""The table of exit codes: what a script may conclude from how a command ended."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended. Findings are told apart from mistakes in the call, and both from crashes."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    UNREACHABLE = 3
    REFUSED = 4
    NOTHING_TESTED = 5
    DENIED = 6
    UNCOVERED = 7
    INTERNAL = 70
    NO_ROOM = 74
    INTERRUPTED = 130
    CLOSED_PIPE = 141


MEANINGS: dict[ExitCode, str] = {
    ExitCode.OK: "done, and nothing found that is wrong",
    ExitCode.FINDINGS: "findings: policy errors, failed tests, rejected lines, an undelivered ping, no one profile",
    ExitCode.USAGE: "wrong usage, an unreadable file, or settings that do not hold",
    ExitCode.UNREACHABLE: "the service, or for `keys` and `serve` the database, could not be reached",
    ExitCode.REFUSED: "the service answered with a problem",
    ExitCode.NOTHING_TESTED: "test --fail-on-empty: no case was run",
    ExitCode.DENIED: "decide --exit-code: access denied",
    ExitCode.UNCOVERED: "test --fail-under: less of the policies is covered",
    ExitCode.INTERNAL: "a defect of policy-service itself",
    ExitCode.NO_ROOM: "the disk is full that the command writes to",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C",
    ExitCode.CLOSED_PIPE: "the reader of the output went away, such as `head`",
}
