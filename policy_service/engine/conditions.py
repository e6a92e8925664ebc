"""Conditions of selectors and grants: typed and resolved at compile time, so that holding one can never fail.

The tree with places is ours (:mod:`policy_service.engine.condition_syntax`); rule-engine evaluates it, with numbers as
exact decimals. An attribute that is absent leaves the whole condition unmet, so that a negation cannot open a door.
"""

from __future__ import annotations

import decimal
import math
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from policy_service.domain.diagnostic import Diagnostic, Severity
from policy_service.engine.condition_syntax import (
    ConditionSyntaxError,
    Listing,
    Literal,
    Name,
    Node,
    Operation,
    parse_condition,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import rule_engine  # pyright: ignore[reportMissingTypeStubs] # annotated, but without a py.typed marker

    from policy_service.domain.charger import AttributeValue, Charger
    from policy_service.domain.policy import AttributeTypes
    from policy_service.domain.registration import VehicleProfile
    from policy_service.domain.selector import Expression

_CHARGER_NAMES = {"charger.id": "string", "charger.protocol": "string", "charger.profile": "string"}
_VEHICLE_NAMES = dict.fromkeys(("vehicle.id", "vehicle.class", "vehicle.fleet", "vehicle.agreement"), "string")
_ALIKE = 0.75
"""How close a name must come to a known one to be taken for a slip of it."""
_LABELS = "charger.labels."
_KINDS = "texts stand in quotes, numbers and `true` or `false` do not; an attribute is of its declared type"
_DECIMALS = decimal.Context(prec=60)  # products of doubles stay exact


class Failing(NamedTuple):
    """The part of a condition that is not met, as the author wrote it."""

    text: str
    start: int
    """Characters of the condition before it."""
    names: tuple[str, ...] = ()
    """The attributes that it names."""
    absent: str | None = None
    """The attribute that is not on record."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A checked condition. Conditions of the same text over the same types are equal."""

    text: str
    kinds: tuple[tuple[str, str], ...]
    """The attributes named, such as ``vehicle.kind``, each with ``string``, ``number`` or ``boolean``; sorted."""
    tree: Node = field(compare=False, repr=False)
    rule: rule_engine.Rule = field(compare=False, repr=False)

    @property
    def names(self) -> frozenset[str]:
        """The attributes that the condition names."""
        return frozenset(name for name, _ in self.kinds)

    @property
    def names_vehicle_id(self) -> bool:
        """Whether two vehicles with equal attributes may be told apart."""
        return "vehicle.id" in self.names

    def holds(self, values: Mapping[str, AttributeValue]) -> bool:
        """Tell whether the condition is met by the attributes; it is not if any that it names is absent or mistyped."""
        return self._absent(values) is None and _evaluate(self.rule, self.kinds, values)

    def failing(self, values: Mapping[str, AttributeValue]) -> Failing | None:
        """Say why the condition is not met: the attribute that is absent, or the first failing part of an ``and``.

        None where the condition is met.
        """
        absent = self._absent(values)
        if absent is not None:
            return Failing(f"{absent} is not on record", max(0, self.text.find(absent)), (), absent)
        part = self.tree
        if self._met(part, values):
            return None
        while isinstance(part, Operation) and part.operator == "and":
            part = next(each for each in part.operands if not self._met(each, values))
        return Failing(self.text[part.start : part.end], part.start, tuple(sorted(_named_in(part))))

    def _met(self, part: Node, values: Mapping[str, AttributeValue]) -> bool:
        return _evaluate(_rule(_rendered(part, self._symbols), self.kinds), self.kinds, values)

    def foretold(self, values: Mapping[str, AttributeValue]) -> bool | None:
        """Tell whether every vehicle meets the condition, given what is known; None: that depends on the vehicle.

        ``values`` are all the charger's, and those of the vehicle that are known; others may be anything, or absent.
        """
        unknown = {name for name in self.names if name.startswith("vehicle.") and name not in values}
        if any(not _fits(values.get(name), kind) for name, kind in self.kinds if name not in unknown):
            return False
        if not unknown:
            return _evaluate(self.rule, self.kinds, values)
        return False if self._certain(self.tree, unknown, values) is False else None

    def _certain(self, node: Node, unknown: set[str], values: Mapping[str, AttributeValue]) -> bool | None:
        """Return what a part comes to by Kleene's logic: unknown is what no known part settles."""
        if isinstance(node, Operation) and node.operator in {"and", "or"}:
            settling = node.operator == "or"
            parts = {self._certain(part, unknown, values) for part in node.operands}
            return settling if settling in parts else None if None in parts else not settling
        if isinstance(node, Operation) and node.operator == "not":
            inner = self._certain(node.operands[0], unknown, values)
            return None if inner is None else not inner
        if _named_in(node) & unknown:
            return None
        kinds = tuple((name, kind) for name, kind in self.kinds if name not in unknown)
        symbols = {name: _symbol(at) for at, (name, _) in enumerate(kinds)}
        return _evaluate(_rule(_rendered(node, symbols), kinds), kinds, values)

    @property
    def _symbols(self) -> dict[str, str]:
        return {name: _symbol(at) for at, (name, _) in enumerate(self.kinds)}

    def _absent(self, values: Mapping[str, AttributeValue]) -> str | None:
        return next((name for name, kind in self.kinds if not _fits(values.get(name), kind)), None)


def compile_condition(
    expression: Expression, types: AttributeTypes, *, vehicle: bool
) -> Condition | tuple[Diagnostic, ...]:
    """Return the checked condition, or every finding (PS106), each with its place inside the expression.

    ``vehicle`` False lets only ``charger.*`` be named: a selector is about chargers alone.
    """
    try:
        tree = parse_condition(expression.text)
    except ConditionSyntaxError as error:
        return (_finding(expression, error),)
    checker = _Checker(types, vehicle=vehicle)
    kind = checker.kind(tree)
    if kind not in {"boolean", None}:
        checker.refuse(
            f"the condition is a {kind}, not true or false", tree.start, tree.end, "compare it with something"
        )
    if checker.errors:
        return tuple(_finding(expression, error) for error in sorted(checker.errors, key=lambda error: error.start))
    kinds = tuple(sorted(checker.named.items()))
    symbols = {name: _symbol(at) for at, (name, _) in enumerate(kinds)}
    return Condition(expression.text, kinds, tree, _rule(_rendered(tree, symbols), kinds))


def charger_values(charger: Charger) -> dict[str, AttributeValue]:
    """Return what conditions may ask of a charger, by full name; what is not on record has no entry."""
    values: dict[str, AttributeValue] = {f"charger.{name}": value for name, value in charger.attributes.items()}
    values |= {_LABELS + name: value for name, value in charger.labels.items()}
    return values | _present(
        {"charger.id": charger.id, "charger.protocol": charger.protocol, "charger.profile": charger.profile}
    )


def vehicle_values(profile: VehicleProfile, vehicle_id: str | None = None) -> dict[str, AttributeValue]:
    """Return what conditions may ask of a vehicle, by full name; what is not on record has no entry."""
    values: dict[str, AttributeValue] = {f"vehicle.{name}": value for name, value in profile.attributes.items()}
    return values | _present(
        {
            "vehicle.id": vehicle_id,
            "vehicle.class": str(profile.vehicle_class),
            "vehicle.fleet": profile.fleet,
            "vehicle.agreement": profile.agreement,
        }
    )


def _present(values: dict[str, str | None]) -> dict[str, AttributeValue]:
    return {name: value for name, value in values.items() if value is not None}


# --- checking --------------------------------------------------------------------------------------------------------


def _finding(expression: Expression, error: ConditionSyntaxError) -> Diagnostic:
    place = expression.place_of(error.start)
    return Diagnostic("PS106", Severity.ERROR, place, error.message, error.help, error.end - error.start)


class _Checker:
    """Gives every node its kind, None where it has none; collects what is wrong, and which attributes are named."""

    def __init__(self, types: AttributeTypes, *, vehicle: bool) -> None:
        self.errors: list[ConditionSyntaxError] = []
        self.named: dict[str, str] = {}
        self._vehicle = vehicle
        declared_for_chargers = {f"charger.{name}": kind for name, kind in types.charger.items()}
        declared_for_vehicles = {f"vehicle.{name}": kind for name, kind in types.vehicle.items()}
        self._known = declared_for_chargers | _CHARGER_NAMES
        if vehicle:
            self._known |= declared_for_vehicles | _VEHICLE_NAMES

    def refuse(self, message: str, start: int, end: int, help_text: str) -> None:
        self.errors.append(ConditionSyntaxError(message, start, end, help_text))

    def kind(self, node: Node) -> str | None:
        if isinstance(node, Literal):
            return node.kind
        if isinstance(node, Name):
            return self._name(node)
        if isinstance(node, Operation):
            return self._operation(node)
        self.refuse("a list stands only after `in`", node.start, node.end, "compare with one value, or write `in`")
        return None

    def _name(self, node: Name) -> str | None:
        name = _full_name(node)
        kind = "string" if name.startswith(_LABELS) and name.count(".") == _LABELS.count(".") else self._known.get(name)
        if name.startswith(_LABELS) and "[" in node.text:
            kind = "string"
        if kind is not None:
            self.named[name] = kind
            return kind
        if not self._vehicle and name.startswith("vehicle."):
            self.refuse(
                f"`{name}` cannot be asked of a charger", node.start, node.end, "a selector names `charger.*` alone"
            )
            return None
        self.refuse(f"unknown attribute `{name}`", node.start, node.end, self._meant_by(name))
        return None

    def _meant_by(self, name: str) -> str:
        subject, _, attribute = name.partition(".")
        beside = [known.removeprefix(f"{subject}.") for known in self._known if known.startswith(f"{subject}.")]
        if not beside:
            close = get_close_matches(name, self._known, n=1)
            text = f'write "{name}" if it is a text'
            otherwise = "attributes begin with `charger.` or `vehicle.`" if attribute else text
            return f"did you mean `{close[0]}`?" if close else otherwise
        # Of two names of one subject the beginning says nothing: `vehicle.kind` is not nearly `vehicle.id`.
        close = get_close_matches(attribute, beside, n=1, cutoff=_ALIKE)
        declared = f"declare it in the Attributes document, such as `spec: {{{subject}: {{{attribute}: string}}}}`"
        return f"did you mean `{subject}.{close[0]}`?" if close else declared

    def _operation(self, node: Operation) -> str | None:
        operator = node.operator
        if operator in {"and", "or", "not"}:
            return self._all(node, "boolean", "boolean")
        if operator in {"+", "-", "*", "negative"}:
            return self._all(node, "number", "number")
        if operator in {"in", "not in"}:
            return self._membership(node)
        left, right = (self.kind(operand) for operand in node.operands)
        if left is None or right is None:
            return "boolean"
        if left != right:
            self._refuse_sign(node, f"`{operator}` compares a {left} with a {right}", _KINDS)
        elif left == "boolean" and operator not in {"==", "!="}:
            self._refuse_sign(node, f"`{operator}` does not compare booleans", "write `==` or `!=`")
        return "boolean"

    def _all(self, node: Operation, wanted: str, result: str) -> str:
        for operand in node.operands:
            kind = self.kind(operand)
            if kind not in {wanted, None}:
                sign = "-" if node.operator == "negative" else node.operator
                self.refuse(f"`{sign}` needs a {wanted}, not a {kind}", operand.start, operand.end, _KINDS)
        return result

    def _membership(self, node: Operation) -> str:
        member, container = node.operands
        left = self.kind(member)
        if isinstance(container, Listing):
            for item in container.items:
                if left not in {item.kind, None}:
                    message = f"`in` looks for a {left} among others: this is a {item.kind}"
                    self.refuse(message, item.start, item.end, _KINDS)
            return "boolean"
        right = self.kind(container)
        if right not in {"string", None} or left not in {"string", None}:
            self._refuse_sign(node, f"`{node.operator}` looks for a {left} in a {right}", "look in a list: `in [...]`")
        return "boolean"

    def _refuse_sign(self, node: Operation, message: str, help_text: str) -> None:
        end = node.sign.start + len(node.operator) if node.operator != "not in" else node.sign.end
        self.refuse(message, node.sign.start, end, help_text)


def _named_in(node: Node) -> set[str]:
    """Return the attributes that a part names."""
    if isinstance(node, Name):
        return {_full_name(node)}
    operands = node.operands if isinstance(node, Operation) else ()
    return set[str]().union(*(_named_in(operand) for operand in operands))


def _full_name(node: Name) -> str:
    if "[" not in node.text:
        return node.text
    return _LABELS + node.text[len(_LABELS) + 1 : -2]


# --- evaluating ------------------------------------------------------------------------------------------------------


def _symbol(at: int) -> str:
    return f"v{at}"


def _rendered(node: Node, symbols: Mapping[str, str]) -> str:
    """Write the node as rule-engine reads it without any doubt: fully in parentheses, attributes as plain symbols."""
    if isinstance(node, Name):
        return symbols[_full_name(node)]
    if isinstance(node, Literal):
        return node.text
    if isinstance(node, Listing):
        return f"[{', '.join(item.text for item in node.items)}]"
    parts = [_rendered(operand, symbols) for operand in node.operands]
    if node.operator == "not":
        return f"(not {parts[0]})"
    if node.operator == "negative":
        return f"(-{parts[0]})"
    return _balanced(f" {node.operator} ", parts)


def _balanced(operator: str, parts: list[str]) -> str:
    """Pair the operands of a chain off evenly: rule-engine recurses once a link."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return f"({_balanced(operator, parts[:middle])}{operator}{_balanced(operator, parts[middle:])})"


@lru_cache(maxsize=4096)
def _rule(text: str, kinds: tuple[tuple[str, str], ...]) -> rule_engine.Rule:
    # what a tree without conditions need not pay for
    from policy_service.engine.rule_library import rule_engine  # noqa: PLC0415

    data_types = {
        "string": rule_engine.DataType.STRING,
        "number": rule_engine.DataType.FLOAT,
        "boolean": rule_engine.DataType.BOOLEAN,
    }
    types = {_symbol(at): data_types[kind] for at, (_, kind) in enumerate(kinds)}
    context = rule_engine.Context(type_resolver=types, default_timezone="utc", decimal_context=_DECIMALS)
    return rule_engine.Rule(text, context=context)


def _evaluate(rule: rule_engine.Rule, kinds: tuple[tuple[str, str], ...], values: Mapping[str, AttributeValue]) -> bool:
    return bool(rule.matches({_symbol(at): values[name] for at, (name, _) in enumerate(kinds)}))


def _fits(value: AttributeValue | None, kind: str) -> bool:
    if kind == "string":
        return isinstance(value, str)
    if kind == "boolean":
        return isinstance(value, bool)
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
