"""Events of a feed as they come, for ever: over restarts of the service, each once."""

from __future__ import annotations

import json
import time
from random import SystemRandom
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from policy_service.entrypoints.cli.console import note, out, out_json_line
from policy_service.entrypoints.cli.exit_codes import ExitCode
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.server_sent_events import messages
from policy_service.entrypoints.cli.service_calls import ProblemAnswerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rich.text import Text

    from policy_service.entrypoints.cli.server_sent_events import Message
    from policy_service.entrypoints.cli.service_calls import ServiceCalls

_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.25, 5.0
_REMEMBERED = 1000
"""Events that are known again when they come twice."""
_SERVER_ERROR = 500
_PASSING = frozenset({408, 429})
_random = SystemRandom().random


class Stream(NamedTuple):
    """Where a feed is followed, and what its events are called."""

    path: str
    name: str


class Lines(Protocol):
    """Tells events to people."""

    def of(self, events: Sequence[Mapping[str, Any]], /) -> Iterable[Text]:
        """Return the lines that tell of events, and what stands above the first of all."""
        ...


class Following:
    """Follows the events of one service. What people should know beside them is told on standard error."""

    def __init__(self, calls: ServiceCalls, stream: Stream, wanted: Mapping[str, str]) -> None:
        """Ask for these events of a stream."""
        self._calls = calls
        self._stream = stream
        self._wanted = dict(wanted)
        self._position: str | None = None
        self._seen: dict[str, None] = {}
        self._connected = False

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield events for ever, from now on; behind the last one when the connection has broken.

        Raises CommandError where the service cannot be reached at first, or refuses.
        """
        failures = 0
        while True:
            try:
                yield from self._until_it_breaks()
                broke = "the service ended the connection"
            except CommandError as error:
                if self._position is None or not _passes(error):
                    raise
                broke = error.message
            if self._connected:
                self._connected, failures = False, 0
                note(f"{broke}; waiting for the service")
            time.sleep(_wait_s(failures))
            failures += 1

    def _until_it_breaks(self) -> Iterator[dict[str, Any]]:
        headers = {"Accept": "text/event-stream"}
        if self._position is not None:
            headers["Last-Event-ID"] = self._position
        with self._calls.stream(self._stream.path, headers, **self._wanted) as chunks:
            for message in messages(chunks):
                if not self._connected:
                    self._say_that_it_is_there()
                if message.event == "gap":
                    note("some events since the last one are missing here: they are not on record any more")
                elif message.data:
                    yield from self._fresh(message)
                self._position = message.id or self._position

    def _say_that_it_is_there(self) -> None:
        self._connected = True
        back = "the service is back; going on behind the last event"
        begun = f"following {self._stream.name} from now on; Ctrl-C ends that"
        note(begun if self._position is None else back)

    def _fresh(self, message: Message) -> Iterator[dict[str, Any]]:
        envelope: dict[str, Any] = json.loads(message.data)
        if envelope["id"] in self._seen:
            return
        yield envelope["data"]
        self._seen[envelope["id"]] = None
        if len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]


def print_each(following: Following, lines: Lines | None) -> None:
    """Print each event as it comes: as ``lines`` tell it, or as a line of JSON. Raises CommandError."""
    for event in following.events():
        if lines is None:
            out_json_line(event)
            continue
        for line in lines.of([event]):
            out(line)


def _passes(error: CommandError) -> bool:
    """Tell whether the service may answer better in a while."""
    if isinstance(error, ProblemAnswerError):
        return error.status >= _SERVER_ERROR or error.status in _PASSING
    return error.code is ExitCode.UNREACHABLE


def _wait_s(failures: int) -> float:
    """Return how long to wait: twice as long each time, and not all followers at once."""
    longest: float = min(_FIRST_WAIT_S * 2 ** min(failures, 10), _LONGEST_WAIT_S)
    return longest * (1 + _random()) / 2
