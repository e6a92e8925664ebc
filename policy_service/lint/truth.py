"""Conditions that come to the same whatever the attributes are: decided by trying every value that matters.

Each attribute is compared with literals only; between two of them all values are alike. Where a comparison is another
(two attributes, sums, a text inside a text), both of its outcomes are tried, so that what is found here is so.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise, product
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from policy_service.domain.access import VehicleClass
from policy_service.domain.charger import PROTOCOLS
from policy_service.engine.condition_syntax import Listing, Literal, Name, Node, Operation, parse_condition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from policy_service.domain.place import Place
    from policy_service.domain.selector import Expression
    from policy_service.lint.linted import Linted

_MOST_CASES = 4096
"""Combinations of values that are tried; a condition with more is taken for one that makes a difference."""

_OTHER = "\N{REPLACEMENT CHARACTER}"
"""Stands for every text that no literal names."""

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}

Value: TypeAlias = "str | bool | Decimal"


class Constant(NamedTuple):
    """A part of a condition that is always true or always false; the place is its operator's or its name's."""

    place: Place
    length: int
    text: str
    value: bool
    because: str = ""


@dataclass(frozen=True, slots=True)
class _Atom:
    """A comparison of one attribute with literals; without a name, something of which both outcomes are possible."""

    name: str
    operator: str = ""
    literals: tuple[Value, ...] = ()

    def holds(self, value: Value) -> bool:
        if self.operator in {"in", "not in"}:
            return (value in self.literals) is (self.operator == "in")
        return value is True if not self.operator else _ORDERS[self.operator](value, self.literals[0])


def constants(linted: Linted) -> Iterator[Constant]:
    """Yield the constant parts of every condition of selectors and grants; of nested ones only the outermost."""
    for expression, fixed in _expressions(linted):
        if fixed.get("vehicle.class") == (str(VehicleClass.OWN),) and "vehicle.agreement" in expression.text:
            tree = parse_condition(expression.text)
            name = next((node for node in _names(tree) if node.text == "vehicle.agreement"), None)
            if name is not None:
                because = f": `{name.text}` is not on record for vehicles of class `own`"
                place = expression.place_of(name.start)
                yield Constant(place, len(name.text), expression.text, value=False, because=because)
                continue
        for node, value in _constant_parts(expression.text, tuple(fixed.items())):
            mark = node.sign if isinstance(node, Operation) else node
            length = len(node.operator) if isinstance(node, Operation) else node.end - node.start
            yield Constant(expression.place_of(mark.start), length, expression.text[node.start : node.end], value)


def _expressions(linted: Linted) -> Iterator[tuple[Expression, Mapping[str, tuple[str, ...]]]]:
    tree = linted.tree
    selectors = (*(policy.chargers for policy in tree.policies), *(each.chargers for each in tree.overrides))
    for selector in selectors:
        if selector.when is not None:
            yield selector.when, {"charger.protocol": PROTOCOLS}
    for grant in linted.grants():
        if grant.when is not None:
            yield grant.when, {"charger.protocol": PROTOCOLS, "vehicle.class": (str(grant.vehicle_class),)}


@lru_cache(maxsize=4096)
def _constant_parts(text: str, fixed: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[tuple[Node, bool], ...]:
    return tuple(_within(parse_condition(text), dict(fixed)))


def _within(node: Node, fixed: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[Node, bool]]:
    outcomes = _outcomes(node, fixed)
    if len(outcomes) == 1:
        yield node, outcomes.pop()
    elif isinstance(node, Operation) and node.operator in {"and", "or", "not"}:
        for operand in node.operands:
            yield from _within(operand, fixed)


def _outcomes(node: Node, fixed: Mapping[str, tuple[str, ...]]) -> set[bool]:
    """Return what the condition can come to."""
    atoms = dict.fromkeys(_atoms(node))
    values = {atom.name: _values(atom.name, atoms, fixed) for atom in atoms}
    if prod(map(len, values.values())) > _MOST_CASES:
        return {True, False}
    outcomes: set[bool] = set()
    for case in product(*values.values()):
        outcomes.add(_holds(node, dict(zip(values, case, strict=True))))
        if len(outcomes) > 1:
            break
    return outcomes


def _holds(node: Node, values: Mapping[str, Value]) -> bool:
    if isinstance(node, Operation):
        if node.operator == "and":
            return all(_holds(operand, values) for operand in node.operands)
        if node.operator == "or":
            return any(_holds(operand, values) for operand in node.operands)
        if node.operator == "not":
            return not _holds(node.operands[0], values)
    constant = _constant(node)
    if constant is not None:
        return constant
    atom = _atom(node)
    return atom.holds(values[atom.name])


def _atoms(node: Node) -> Iterator[_Atom]:
    if isinstance(node, Operation) and node.operator in {"and", "or", "not"}:
        for operand in node.operands:
            yield from _atoms(operand)
    elif _constant(node) is None:
        yield _atom(node)


def _constant(node: Node) -> bool | None:
    """Return what a comparison of literals, or a literal, comes to; None for what names an attribute."""
    if isinstance(node, Literal):
        return node.text == "true"
    if not isinstance(node, Operation):
        return None
    left, right = node.operands[0], node.operands[-1]
    if isinstance(left, Literal) and isinstance(right, Literal) and node.operator in _ORDERS:
        return _ORDERS[node.operator](_value(left), _value(right))
    if isinstance(left, Literal) and isinstance(right, Listing):
        return (_value(left) in map(_value, right.items)) is (node.operator == "in")
    return None


def _atom(node: Node) -> _Atom:
    if isinstance(node, Name):
        return _Atom(node.text)
    if isinstance(node, Operation):
        left, right = node.operands[0], node.operands[-1]
        if isinstance(left, Name) and isinstance(right, Listing):
            return _Atom(left.text, node.operator, tuple(map(_value, right.items)))
        if isinstance(left, Name) and isinstance(right, Literal) and node.operator in _ORDERS:
            return _Atom(left.text, node.operator, (_value(right),))
        if isinstance(left, Literal) and isinstance(right, Name) and node.operator in _ORDERS:
            return _Atom(right.text, _MIRRORED.get(node.operator, node.operator), (_value(left),))
    return _Atom(_shape(node))


def _shape(node: Node) -> str:
    """Write a comparison so that it reads the same wherever it stands."""
    if isinstance(node, Name | Literal):
        return node.text
    if isinstance(node, Listing):
        return f"[{', '.join(item.text for item in node.items)}]"
    return f"({node.operator} {' '.join(map(_shape, node.operands))})"


def _value(literal: Literal) -> Value:
    if literal.kind == "number":
        return Decimal(literal.text)
    return literal.text == "true" if literal.kind == "boolean" else literal.text[1:-1]


def _values(name: str, atoms: Iterable[_Atom], fixed: Mapping[str, tuple[str, ...]]) -> list[Value]:
    """Return a value of each kind that the atoms can tell apart."""
    if name in fixed:
        return list(fixed[name])
    literals = {literal for atom in atoms if atom.name == name for literal in atom.literals}
    numbers = sorted(literal for literal in literals if isinstance(literal, Decimal))
    texts = sorted(literal for literal in literals if isinstance(literal, str))
    if numbers:
        between = [(low + high) / 2 for low, high in pairwise(numbers)]
        return [numbers[0] - 1, *numbers, *between, numbers[-1] + 1]
    if texts:
        return ["", *texts, *(f"{text}\0" for text in texts), _OTHER]
    return [True, False]


def _names(node: Node) -> Iterator[Name]:
    if isinstance(node, Name):
        yield node
    for operand in node.operands if isinstance(node, Operation) else ():
        yield from _names(operand)
