"""YAML to located trees, from parser events: what the format leaves out is refused before anything grows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import yaml
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from yaml.reader import ReaderError

from policy_service.domain.place import Place
from policy_service.language.lines import MAX_DEPTH, MOST_FINDINGS, place_of, too_deep
from policy_service.language.tree import EAGER, BlockNode, LazyNode, ListNode, MappingNode, ScalarNode
from policy_service.language.wording import finding, quoted
from policy_service.language.yaml_item import NULL, IrregularItemError, ItemReader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from policy_service.domain.diagnostic import Diagnostic
    from policy_service.language.tree import Node

_SHALLOW = 8
"""Levels down to which a list may be long enough to be worth reading its items without places."""
_BLANK_LINES = re.compile(r"[^\n]*\n(?:[ \t]*\r?\n)*", re.ASCII)
_INDENT = re.compile(" *")
_PLAIN_LANGUAGE = "write the value out where it is needed; the format has no anchors, aliases and tags"
_HELP = {
    "found character that cannot start any token": "indent with spaces, not tabs; quote a text that begins with @ or `",
    "mapping values are not allowed in this context": "check the indentation; quote a text that contains `: `",
    "could not find expected ':'": "write `key: value`, with a blank behind the colon",
    "did not find expected key": "check the indentation of this line and the one above",
    "did not find expected ',' or '}'": "set commas between the entries; quote a text with `, `, `: ` or braces in it",
    "did not find expected ',' or ']'": "set commas between the items; quote a text with `, `, `: ` or brackets in it",
    "did not find expected alphabetic or numeric character": "quote a text that begins with * or &",
    "found unexpected end of stream": "close the quotes",
    "found unknown escape character": "in double quotes a backslash stands for an escape; use single quotes",
}
_UNWELL = "check indentation, quotes and brackets on this line and the one above"
_BRACKETS = {"while parsing a flow mapping": "}", "while parsing a flow sequence": "]"}
"""What is not closed yet, by the parser's name for it."""


class YamlReader:
    """Builds the trees of one YAML text."""

    def __init__(self, file: str, text: str, above: int = 0) -> None:
        """Read nothing yet; ``above`` is how many lines stand above the text."""
        self.file = file
        self.above = above + 1
        self.text = text
        self.documents: list[Node] = []
        self.findings: list[Diagnostic] = []
        self._open: list[MappingNode | ListNode] = []
        self._keys: list[ScalarNode | None] = []
        """The key that waits for its value, for every open node."""

    def read(self) -> None:
        """Read every document, up to the first place where the text is no YAML."""
        try:
            self._read_events(yaml.CSafeLoader(self.text))
        except MarkedYAMLError as error:
            self._malformed(error)
        except ReaderError as error:
            message = f"character U+{int(error.character):04X} cannot stand in a policy file"
            self._find("PS001", place_of(self.file, self.text, error.position), message, "remove it")
        except YAMLError:
            self._find("PS002", Place(self.file, 1, 1), "not well-formed YAML", _UNWELL)
        if self._open:
            self._abandon()

    def _abandon(self) -> None:
        """Drop the document that the reader is in: what has not been read must not count as missing."""
        self.documents.pop()
        self._open.clear()

    def _read_events(self, parser: Any) -> None:  # noqa: ANN401 - the C parser's events are untyped
        handlers: dict[type[object], Callable[[Any], None]] = {
            ScalarEvent: self._scalar,
            MappingStartEvent: self._mapping,
            SequenceStartEvent: self._list,
            MappingEndEvent: self._end,
            SequenceEndEvent: self._end,
            AliasEvent: self._alias,
            DocumentStartEvent: self._document,
        }
        while (event := parser.get_event()) is not None:
            for known in self._long_list_item(parser, event) if type(event) is MappingStartEvent else (event,):
                handler = handlers.get(cast("type[object]", type(known)))
                if handler is not None:
                    handler(known)
                if len(self._open) > MAX_DEPTH:
                    self.findings.append(too_deep(self._place(known)))
                    self._abandon()
                    return
            if len(self.findings) > MOST_FINDINGS:
                return

    def _long_list_item(self, parser: Any, start: Any) -> Sequence[Any]:  # noqa: ANN401 - see above
        """Read an item of a list that has become long without its places; return the events still to be handled."""
        parent = self._open[-1] if self._open else None
        if not isinstance(parent, ListNode) or len(parent.items) < EAGER or len(self._open) > _SHALLOW:
            return (start,)
        item = ItemReader(parser, start)
        try:
            content = item.content()
        except IrregularItemError:
            return item.rest()
        mark = start.start_mark
        end = item.events[-1].end_mark.index
        parent.items.append(LazyNode(content, mark.line + self.above, mark.column + 1, (mark.index, end), self._again))
        return ()

    def _again(self, item: LazyNode) -> Node:
        """Read an item with its places that so far was read without."""
        start, end = item.span
        again = YamlReader(self.file, " " * (item.column - 1) + self.text[start:end], item.line - 1)
        again.read()
        return again.documents[0] if again.documents else MappingNode(item.line, item.column)

    def _place(self, event: Any) -> Place:  # noqa: ANN401 - the C parser's events are untyped
        return Place(self.file, event.start_mark.line + self.above, event.start_mark.column + 1)

    def _find(self, code: str, place: Place, message: str, help_text: str | None = None, length: int = 1) -> None:
        self.findings.append(finding(code, place, message, help_text, length))

    def _document(self, event: Any) -> None:  # noqa: ANN401 - the C parser's events are untyped
        if event.tags:
            self._find("PS004", self._place(event), "a `%TAG` directive is not part of the format", _PLAIN_LANGUAGE)

    def _scalar(self, event: Any) -> None:  # noqa: ANN401 - the C parser's events are untyped
        text: str = event.value
        start, end, style = event.start_mark, event.end_mark, event.style or ""
        if event.tag is not None or event.anchor is not None:
            self._decorated(event)
        if "\0" in text:
            self._find("PS001", self._place(event), "a NUL character cannot stand in a policy file", "remove it")
        if style in ("|", ">"):
            self._add(self._block(text, start))
            return
        content = None if not style and text in NULL else text
        length = end.column - start.column if end.line == start.line else 1
        self._add(ScalarNode(content, start.line + self.above, start.column + 1, length, style))

    def _block(self, text: str, start: Any) -> BlockNode:  # noqa: ANN401 - the C parser's events are untyped
        header = _BLANK_LINES.match(self.text, start.index)
        if header is None:
            return BlockNode(text, start.line + self.above, start.column + 1, start.line + self.above, start.column + 1)
        line = start.line + self.above + header[0].count("\n")
        indent = next(_INDENT.finditer(self.text, header.end())).end() - header.end()
        return BlockNode(text.strip("\n"), start.line + self.above, start.column + 1, line, indent + 1)

    def _mapping(self, event: Any) -> None:  # noqa: ANN401 - the C parser's events are untyped
        self._begin(MappingNode(event.start_mark.line + self.above, event.start_mark.column + 1), event)

    def _list(self, event: Any) -> None:  # noqa: ANN401 - the C parser's events are untyped
        self._begin(ListNode(event.start_mark.line + self.above, event.start_mark.column + 1), event)

    def _begin(self, node: MappingNode | ListNode, event: Any) -> None:  # noqa: ANN401 - see above
        if event.tag is not None or event.anchor is not None:
            self._decorated(event)
        self._add(node)
        self._open.append(node)
        self._keys.append(None)

    def _end(self, _event: object) -> None:
        self._open.pop()
        self._keys.pop()

    def _alias(self, event: Any) -> None:  # noqa: ANN401 - the C parser's events are untyped
        message = f"alias {quoted('*' + event.anchor)} is not part of the format"
        self._find("PS004", self._place(event), message, _PLAIN_LANGUAGE, len(event.anchor) + 1)
        self._add(ScalarNode("", event.start_mark.line + self.above, event.start_mark.column + 1, 1, ""))

    def _decorated(self, event: Any) -> None:  # noqa: ANN401 - the C parser's events are untyped
        if event.anchor is not None:
            message = f"anchor {quoted('&' + event.anchor)} is not part of the format"
            self._find("PS004", self._place(event), message, _PLAIN_LANGUAGE, len(event.anchor) + 1)
        if event.tag is not None:
            message = f"tag {quoted(event.tag)} is not part of the format"
            self._find("PS004", self._place(event), message, _PLAIN_LANGUAGE)

    def _add(self, node: Node) -> None:
        if not self._open:
            self.documents.append(node)
            return
        parent = self._open[-1]
        if isinstance(parent, ListNode):
            parent.items.append(node)
            return
        key = self._keys[-1]
        if key is None:
            self._keys[-1] = node if isinstance(node, ScalarNode) else self._no_key(node)
            return
        self._keys[-1] = None
        name = key.text if key.text is not None else ""
        first = parent.entries.get(name)
        if first is not None:
            place = Place(self.file, key.line, key.column)
            message = f"duplicate key {quoted(name)}"
            self._find("PS003", place, message, f"the key was first written on line {first[0].line}", key.length)
            return
        parent.entries[name] = (key, node)

    def _no_key(self, node: MappingNode | ListNode) -> ScalarNode:
        what = "a mapping" if isinstance(node, MappingNode) else "a list"
        self._find(
            "PS013", Place(self.file, node.line, node.column), f"a key must be text, not {what}", "write `key: value`"
        )
        return ScalarNode("", node.line, node.column, 1, "")

    def _malformed(self, error: MarkedYAMLError) -> None:
        mark = error.problem_mark or error.context_mark
        place = (
            Place(self.file, mark.line + self.above, mark.column + 1) if mark is not None else Place(self.file, 1, 1)
        )
        problem = (error.problem or "cannot be read").strip()
        if "Unicode" in problem:
            self._find(
                "PS001",
                place,
                "an escape that names no character",
                "surrogates and characters beyond U+10FFFF are none",
            )
            return
        self._find(
            "PS002", place, f"not well-formed YAML: {problem}", self._unclosed(error) or _HELP.get(problem) or _UNWELL
        )

    def _unclosed(self, error: MarkedYAMLError) -> str | None:
        """Return what to close where a bracket of an earlier line is still open."""
        bracket, opened, mark = _BRACKETS.get(error.context or ""), error.context_mark, error.problem_mark
        if bracket is None or opened is None or mark is None or opened.line >= mark.line:
            return None
        return f"close with {bracket} what was opened on line {opened.line + self.above}, or set the comma between"
