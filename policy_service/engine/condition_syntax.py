"""The text of a condition as a tree with places: the total part of rule-engine's language, and nothing else of it.

rule-engine's own tree keeps no places and admits what can fail or run long (functions, regular expressions, division,
dates). Precedence is rule-engine's; wherever two readings are possible, parentheses are asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_TEXT = 2_000
"""Characters that a condition may have."""
MAX_DEPTH = 20
"""How deep parentheses and negations may nest."""
MAX_ARITHMETIC = 20
"""How many times a condition may add, subtract or multiply."""

_TOKEN = re.compile(
    r"""(?P<blank>\s+)
    |(?P<number>\d+(?:\.\d+)?)(?![\w.])
    |(?P<string>"[^"\\\n]*"|'[^'\\\n]*')
    |(?P<name>charger\.labels\[(?:"[^"\\\n]*"|'[^'\\\n]*')\]|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
    |(?P<sign>==|!=|<=|>=|[<>+*()\[\],-])
    """,
    re.VERBOSE | re.ASCII,
)
_FOREIGN = re.compile(r"[$][A-Za-z_]\w*|[rsbdt]?[\"'].*|\d[\w.]*|\W{1,3}?(?=[\w\s\"'(\[]|$)|.", re.ASCII | re.DOTALL)
_WORDS = frozenset({"and", "or", "not", "in", "true", "false"})
_NUMBER_DIGITS = 15  # so many decimal digits survive a double exactly
_INSTEAD = {
    "=": "write `==` to compare",
    "&&": "write `and`",
    "||": "write `or`",
    "!": "write `not`",
    "=~": "regular expressions are not part of conditions; compare with `==` or `in [...]`",
    "!~": "regular expressions are not part of conditions; compare with `!=` or `not in [...]`",
    "/": "division can fail; multiply the other side instead",
    "//": "division can fail; multiply the other side instead",
    "%": "division can fail; write the numbers out with `in [...]`",
    "**": "powers are not part of conditions",
    "#": "comments belong to the file, not to the condition",
    "null": "an attribute that is absent leaves the condition unmet; there is no need to ask for it",
    "for": "comprehensions are not part of conditions; use `in [...]`",
    "if": "conditions combine with `and`, `or` and `not`",
}
_KNOWN = "combine comparisons with `and`, `or` and `not`; compare with `==`, `!=`, `<`, `<=`, `>`, `>=`, `in [...]`"
_SPLIT = "say it more simply, or in several grants"
_RESERVED = frozenset({"null", "for", "if", "elif", "else", "while", "inf", "nan"})


class ConditionSyntaxError(ValueError):
    """A text that is no condition; ``start`` and ``end`` mark the characters that ``message`` is about."""

    def __init__(self, message: str, start: int, end: int, help: str | None = None) -> None:  # noqa: A002 - the diagnostic's word
        """Take the message (lower case, no full stop), where it points, and what to do about it."""
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = max(end, start + 1)
        self.help = help


@dataclass(frozen=True, slots=True)
class Token:
    """A word, sign, name or literal of the text, from ``start`` to ``end``."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Name:
    """An attribute, such as ``vehicle.kind``."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Literal:
    """A string, a boolean, or a number, which is kept as the text that the author wrote."""

    kind: str
    """``string``, ``number`` or ``boolean``."""
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Listing:
    """Literals in brackets, what ``in`` looks through."""

    items: tuple[Literal, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator and its operands: many for ``and`` and ``or``, one for ``not`` and ``negative``, else two."""

    operator: str
    operands: tuple[Node, ...]
    sign: Token
    start: int
    end: int


Node: TypeAlias = "Name | Literal | Listing | Operation"


def parse_condition(text: str) -> Node:
    """Read a condition as a tree; raises ConditionSyntaxError for what is not one, or is too long or too deep."""
    if len(text) > MAX_TEXT:
        message = f"a condition has at most {MAX_TEXT} characters"
        raise ConditionSyntaxError(message, MAX_TEXT, len(text), _SPLIT)
    return _Parser(text).whole()


def _tokens(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _foreign(text, at)
        kind, word = str(match.lastgroup), match.group()
        if kind == "name" and word in _RESERVED:
            message = f"`{word}` is not accepted in a condition"
            raise ConditionSyntaxError(message, at, match.end(), _INSTEAD.get(word, "choose another name"))
        if kind == "number" and len(word.replace(".", "")) > _NUMBER_DIGITS:
            message = f"a number has at most {_NUMBER_DIGITS} digits"
            raise ConditionSyntaxError(message, at, match.end(), "write fewer digits")
        if kind != "blank":
            yield Token("word" if word in _WORDS else kind, word, at, match.end())
        at = match.end()
    yield Token("end", "", at, at)


def _foreign(text: str, at: int) -> ConditionSyntaxError:
    match = _FOREIGN.match(text, at)
    found = match.group() if match else text[at]
    if found[0].isdigit():
        return ConditionSyntaxError(f"`{found}` is not a number", at, at + len(found), "write it in plain decimals")
    if found.lstrip("rsbdt")[:1] in {'"', "'"}:
        help_text = "close it on the same line; a backslash cannot stand in it"
        return ConditionSyntaxError("the string is not accepted", at, at + len(found), help_text)
    return ConditionSyntaxError(
        f"`{found}` is not accepted in a condition", at, at + len(found), _INSTEAD.get(found, _KNOWN)
    )


class _Parser:
    """Recursive descent, one method a level of precedence, loosest first."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0
        self._depth = 0
        self._arithmetic = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._next
        self._at += 1
        return token

    def whole(self) -> Node:
        node = self._chain("or", self._conjunction)
        if self._next.kind != "end":
            raise self._unexpected()
        return node

    def _unexpected(self) -> ConditionSyntaxError:
        token = self._next
        if token.kind == "end" and self._at == 0:
            return ConditionSyntaxError("the condition is empty", 0, token.end, "write one, or leave the key out")
        if token.kind == "end":
            return ConditionSyntaxError(
                "the condition ends too early", max(0, token.start - 1), token.end, "say what follows"
            )
        before = self._tokens[self._at - 1] if self._at else None
        if token.text == "(" and before is not None and before.kind == "name":
            message = f"`{before.text}(` is a call; conditions call nothing"
            return ConditionSyntaxError(message, before.start, token.end, _KNOWN)
        return ConditionSyntaxError(f"`{token.text}` is not expected here", token.start, token.end, _KNOWN)

    def _chain(self, word: str, operand: Callable[[], Node]) -> Node:
        nodes = [operand()]
        sign = self._next
        while self._next.text == word and self._next.kind == "word":
            self._take()
            nodes.append(operand())
        return nodes[0] if len(nodes) == 1 else Operation(word, tuple(nodes), sign, nodes[0].start, nodes[-1].end)

    def _conjunction(self) -> Node:
        return self._chain("and", self._negation)

    def _negation(self) -> Node:
        if self._next.text != "not" or self._next.kind != "word":
            return self._equality()
        sign = self._take()
        operand = self._deeper(self._negation)
        return Operation("not", (operand,), sign, sign.start, operand.end)

    def _deeper(self, read: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            message = f"a condition nests at most {MAX_DEPTH} deep"
            raise ConditionSyntaxError(message, self._next.start, self._next.end, _SPLIT)
        node = read()
        self._depth -= 1
        return node

    def _equality(self) -> Node:
        return self._comparison(("==", "!="), self._relation)

    def _relation(self) -> Node:
        return self._comparison(("<", "<=", ">", ">=", "in", "not in"), self._sum)

    def _comparison(self, operators: tuple[str, ...], operand: Callable[[], Node]) -> Node:
        left = operand()
        operator, sign = self._operator(), self._next
        if operator not in operators:
            return left
        self._at += 2 if operator == "not in" else 1
        right = operand()
        if self._operator() in operators:
            message = "comparisons do not chain"
            raise ConditionSyntaxError(message, self._next.start, self._next.end, "combine them with `and`")
        return Operation(operator, (left, right), sign, left.start, right.end)

    def _operator(self) -> str | None:
        token = self._next
        if token.kind not in {"sign", "word"}:
            return None
        return "not in" if token.text == "not" and self._tokens[self._at + 1].text == "in" else token.text

    def _sum(self) -> Node:
        return self._left_to_right(("+", "-"), self._product)

    def _product(self) -> Node:
        return self._left_to_right(("*",), self._operand)

    def _left_to_right(self, signs: tuple[str, ...], operand: Callable[[], Node]) -> Node:
        left = operand()
        while self._next.kind == "sign" and self._next.text in signs:
            sign = self._take()
            self._arithmetic += 1
            if self._arithmetic > MAX_ARITHMETIC:
                message = f"a condition has at most {MAX_ARITHMETIC} sums and products"
                raise ConditionSyntaxError(message, sign.start, sign.end, _SPLIT)
            right = operand()
            left = Operation(sign.text, (left, right), sign, left.start, right.end)
        return left

    def _operand(self) -> Node:
        token = self._next
        if token.text == "(" and token.kind == "sign":
            return self._group()
        if token.text == "-" and token.kind == "sign":
            self._take()
            operand = self._deeper(self._operand)
            return Operation("negative", (operand,), token, token.start, operand.end)
        if token.kind == "name":
            self._take()
            return Name(token.text, token.start, token.end)
        if token.text == "[" and token.kind == "sign":
            return self._listing()
        return self._literal()

    def _group(self) -> Node:
        self._take()
        node = self._deeper(lambda: self._chain("or", self._conjunction))
        if self._next.text != ")" or self._next.kind != "sign":
            raise self._unexpected()
        self._take()
        return node

    def _literal(self) -> Literal:
        token = self._next
        if token.kind in {"number", "string"}:
            self._take()
            return Literal(token.kind, token.text, token.start, token.end)
        if token.text in {"true", "false"} and token.kind == "word":
            self._take()
            return Literal("boolean", token.text, token.start, token.end)
        raise self._unexpected()

    def _listing(self) -> Listing:
        start = self._take().start
        items: list[Literal] = []
        while True:
            items.append(self._literal())
            closing = self._take()
            if closing.text == "," and self._next.text == "]":  # a comma may follow the last item
                closing = self._take()
            if closing.text == "]":
                return Listing(tuple(items), start, closing.end)
            if closing.text != ",":
                self._at -= 1
                raise self._unexpected()
