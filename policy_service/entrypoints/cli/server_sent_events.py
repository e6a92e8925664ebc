"""Server-sent events as a client reads them (HTML Living Standard, section 9.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Message(NamedTuple):
    """What stands between two empty lines; without data it says only how far the stream is."""

    id: str | None
    event: str
    data: str


def messages(chunks: Iterable[bytes]) -> Iterator[Message]:
    """Yield each message that is complete; one that breaks off counts as not sent."""
    fields: dict[str, str] = {}
    data: list[str] = []
    for line in _lines(chunks):
        if not line:
            if fields or data:
                yield Message(fields.get("id"), fields.get("event", "message"), "\n".join(data))
            fields, data = {}, []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name:
            fields[name] = value


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield lines by their line feeds alone: names in the data may hold what else Unicode calls an end of line."""
    rest = b""
    for chunk in chunks:
        *complete, rest = (rest + chunk).split(b"\n")
        for line in complete:
            yield line.removesuffix(b"\r").decode("utf-8", errors="replace")
