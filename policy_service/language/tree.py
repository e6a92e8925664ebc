"""A written document as a tree of nodes that know where they stand; scalars are the author's text."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from policy_service.domain.place import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Set as AbstractSet

Plain: TypeAlias = "str | dict[str, Plain] | list[Plain] | None"
"""A node's content without places; None is YAML's and JSON's null."""


EAGER = 64
"""Items of a list that are read with their places at once; further mappings in it wait until somebody asks."""


class ScalarNode:
    """A text, a number or a flag, as written. ``text`` None is null. ``style`` is the opening quote, or empty."""

    __slots__ = ("column", "length", "line", "style", "text")

    def __init__(self, text: str | None, line: int, column: int, length: int, style: str) -> None:
        """Keep the text, where it begins (from 1), its written length and its quote."""
        self.text = text
        self.line = line
        self.column = column
        self.length = length
        self.style = style

    def inside(self) -> tuple[int, int]:
        """Return line and column of the text's first character, behind an opening quote."""
        return self.line, self.column + bool(self.style)


class BlockNode(ScalarNode):
    """A YAML block scalar: its text begins on a line below its indicator."""

    __slots__ = ("text_column", "text_line")

    def __init__(self, text: str, line: int, column: int, text_line: int, text_column: int) -> None:
        """Keep the indicator's place and the text's."""
        super().__init__(text, line, column, 1, "|")
        self.text_line = text_line
        self.text_column = text_column

    def inside(self) -> tuple[int, int]:
        """Return line and column of the text's first character."""
        return self.text_line, self.text_column


class MappingNode:
    """Keys and values in the written order."""

    __slots__ = ("column", "entries", "line")

    def __init__(self, line: int, column: int) -> None:
        """Begin an empty mapping."""
        self.entries: dict[str, tuple[ScalarNode, AnyNode]] = {}
        self.line = line
        self.column = column


class ListNode:
    """Items in the written order."""

    __slots__ = ("column", "items", "line")

    def __init__(self, line: int, column: int) -> None:
        """Begin an empty list."""
        self.items: list[AnyNode] = []
        self.line = line
        self.column = column


class LazyNode:
    """An item of a long list: its content is known, its inner places are read only when somebody asks."""

    __slots__ = ("column", "line", "located", "read", "span", "value")

    def __init__(
        self, value: Plain, line: int, column: int, span: tuple[int, int], read: Callable[[LazyNode], Node]
    ) -> None:
        """Keep the content, its place and how to read it again with places."""
        self.value = value
        self.line = line
        self.column = column
        self.span = span
        self.read = read
        self.located: Node | None = None

    def node(self) -> Node:
        """Return the item with its inner places, read at the first call."""
        if self.located is None:
            self.located = self.read(self)
        return self.located


Node: TypeAlias = ScalarNode | MappingNode | ListNode
AnyNode: TypeAlias = Node | LazyNode


def plain(node: AnyNode) -> Plain:
    """Return a node's content without places."""
    if isinstance(node, ScalarNode):
        return node.text
    if isinstance(node, MappingNode):
        return {key: plain(value) for key, (_, value) in node.entries.items()}
    if isinstance(node, LazyNode):
        return node.value
    return [plain(item) for item in node.items]


class At:
    """A node in its file: what conversions walk along to name places."""

    __slots__ = ("file", "node")

    def __init__(self, file: str, node: AnyNode) -> None:
        """Stand at the node."""
        self.file = file
        self.node: Node = node.node() if isinstance(node, LazyNode) else node

    @property
    def place(self) -> Place:
        """Where the node begins."""
        return Place(self.file, self.node.line, self.node.column)

    @property
    def text_place(self) -> Place:
        """Where the node's text begins, behind an opening quote."""
        return _text_place(self.file, self.node)

    @property
    def text(self) -> str | None:
        """The scalar's text; None for null, mappings and lists."""
        return self.node.text if isinstance(self.node, ScalarNode) else None

    @property
    def length(self) -> int:
        """How many characters a caret underlines here."""
        return self.node.length if isinstance(self.node, ScalarNode) else 1

    @property
    def keys(self) -> AbstractSet[str]:
        """The keys in the order in which they are written; empty unless a mapping stands here."""
        return self.node.entries.keys() if isinstance(self.node, MappingNode) else frozenset()

    def get(self, key: str) -> At | None:
        """Step into a mapping's value; None where there is none."""
        entry = self.node.entries.get(key) if isinstance(self.node, MappingNode) else None
        return None if entry is None else At(self.file, entry[1])

    def key(self, key: str) -> At:
        """Step to a mapping's key itself; stay here where it is not written."""
        entry = self.node.entries.get(key) if isinstance(self.node, MappingNode) else None
        return self if entry is None else At(self.file, entry[0])

    def items(self) -> Iterator[At]:
        """Step through a list's items; what is no list has none."""
        if isinstance(self.node, ListNode):
            yield from (At(self.file, item) for item in self.node.items)

    def contents(self) -> list[Plain]:
        """Return the contents of a list's items; what is no list has none."""
        return [plain(item) for item in self.node.items] if isinstance(self.node, ListNode) else []

    def one_or_many(self) -> list[At]:
        """Return a list's items, or what stands here as the only one."""
        return list(self.items()) if isinstance(self.node, ListNode) else [self]

    def every(self, *keys: str) -> Iterator[At]:
        """Step through the items of the lists under keys; one value stands for a list of one."""
        for key in keys:
            inner = self.get(key)
            yield from () if inner is None else inner.one_or_many()

    def values(self, key: str) -> Iterator[At]:
        """Step through the items of the list under a key; none where there is no such list."""
        inner = self.get(key)
        return iter(()) if inner is None else inner.items()

    def follow(self, path: tuple[str | int, ...]) -> At:
        """Step along a path as far as it leads; an index into no list stays, as one may stand for a list of one."""
        at = self
        for step in path:
            node = at.node
            if isinstance(step, int):
                if isinstance(node, ListNode) and step < len(node.items):
                    at = At(at.file, node.items[step])
            elif isinstance(node, MappingNode) and step in node.entries:
                at = At(at.file, node.entries[step][1])
        return at

    def places(self) -> dict[str, Place]:
        """Return where the mapping's values stand by key, and the items of its lists as ``key[0]``."""
        found: dict[str, Place] = {}
        if isinstance(self.node, MappingNode):
            for key, (_, value) in self.node.entries.items():
                found[key] = _text_place(self.file, value)
                items = value.items if isinstance(value, ListNode) else ()
                found.update({f"{key}[{index}]": _text_place(self.file, item) for index, item in enumerate(items)})
        return found


def _text_place(file: str, node: AnyNode) -> Place:
    return Place(file, *node.inside()) if isinstance(node, ScalarNode) else Place(file, node.line, node.column)
