"""One item of a long YAML list, read for its content alone: inventories have many items and few mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from yaml.events import MappingEndEvent, MappingStartEvent, ScalarEvent, SequenceEndEvent, SequenceStartEvent

from policy_service.language.lines import MAX_DEPTH

if TYPE_CHECKING:
    from policy_service.language.tree import Plain

NULL = frozenset({"", "~", "null", "Null", "NULL"})
"""How YAML 1.2 writes null; only without quotes."""


class IrregularItemError(Exception):
    """The item holds something to be complained of: it is to be read again, with places."""


class ItemReader:
    """Takes the events of one item from the parser and remembers them, so that they can be played again."""

    def __init__(self, parser: Any, start: Any) -> None:  # noqa: ANN401 - the C parser and its events are untyped
        """Begin at the event that opens the item."""
        self.parser = parser
        self.events: list[Any] = [start]

    def content(self) -> Plain:
        """Read to the item's end. Raises IrregularItemError once the item is not plainly in order."""
        return self._value(self.events[0], 1)

    def rest(self) -> list[Any]:
        """Return every event of the item, the ones not yet read included, for as long as nesting keeps its limit."""
        depth = sum(_step(event) for event in self.events)
        while 0 < depth <= MAX_DEPTH:
            event = self.parser.get_event()
            self.events.append(event)
            depth += _step(event)
        return self.events

    def _value(self, event: Any, depth: int) -> Plain:  # noqa: ANN401 - the C parser's events are untyped
        kind = cast("type[object]", type(event))
        if kind is ScalarEvent:
            if event.tag is not None or event.anchor is not None or "\0" in event.value:
                raise IrregularItemError
            value: str = event.value
            if event.style in ("|", ">"):
                return value.strip("\n")  # as a block is read with its places
            return None if value in NULL and not event.style else value
        if kind not in (MappingStartEvent, SequenceStartEvent) or event.tag is not None or event.anchor is not None:
            raise IrregularItemError
        if depth > MAX_DEPTH:
            raise IrregularItemError
        return self._mapping(depth + 1) if kind is MappingStartEvent else self._list(depth + 1)

    def _next(self) -> Any:  # noqa: ANN401 - the C parser's events are untyped
        event = self.parser.get_event()
        self.events.append(event)
        return event

    def _mapping(self, depth: int) -> Plain:
        found: dict[str, Plain] = {}
        while type(key := self._next()) is not MappingEndEvent:
            if type(key) is not ScalarEvent or key.tag is not None or key.anchor is not None or key.value in found:
                raise IrregularItemError
            if key.value in NULL and not key.style:
                raise IrregularItemError
            found[key.value] = self._value(self._next(), depth)
        return found

    def _list(self, depth: int) -> Plain:
        found: list[Plain] = []
        while type(event := self._next()) is not SequenceEndEvent:
            found.append(self._value(event, depth))
        return found


def _step(event: object) -> int:
    kind = type(event)
    if kind in (MappingStartEvent, SequenceStartEvent):
        return 1
    return -1 if kind in (MappingEndEvent, SequenceEndEvent) else 0
