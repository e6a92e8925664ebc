"""What a peer is to the comparison: how it is loaded and asked, and what it cannot say."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from peers.depots import Yard
    from peers.questions import Question


class UnavailableError(Exception):
    """A peer cannot take part here; the message says why."""


class Loaded(NamedTuple):
    """An engine with its policies in memory. Only ``answer`` is timed.

    ``ask`` makes a question into the arguments of ``answer``, as the engine takes them best; ``allowed`` reads
    what came back.
    """

    ask: Callable[[Question], tuple[object, ...]]
    answer: Callable[..., object]
    allowed: Callable[[object], bool]


def unless_refused(result: object) -> bool:
    """Read an answer that says whether the vehicle is refused."""
    return not result


class Engine(NamedTuple):
    """A peer that is called in process."""

    name: str
    distribution: str
    """Whose version is told: a Python distribution."""
    idiom: str
    """How it is used, at its best."""
    lacks: str
    """What of these policies, or of the answer, it cannot express."""
    load: Callable[[Yard], AbstractContextManager[Loaded]]
    is_peer: bool = True
    """Whether policy-service means to be ahead of it; the floor and policy-service itself are none."""


class Asking(NamedTuple):
    """How a server is asked over HTTP, and what its answers mean."""

    port: int
    path: str
    headers: dict[str, str]
    body: Callable[[Question], str]
    allowed: Callable[[bytes], bool]
    pid: int


class Server(NamedTuple):
    """A peer that is asked over HTTP."""

    name: str
    version: Callable[[], str]
    """Raises UnavailableError where it cannot be had; fetches it where it is not here yet."""
    idiom: str
    lacks: str
    serve: Callable[[Yard], AbstractContextManager[Asking]]
    is_peer: bool = True
