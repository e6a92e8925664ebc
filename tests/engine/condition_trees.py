"""Conditions as trees of tuples: written as the format has them, and judged as its text says, slow and obvious."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.domain.charger import Charger
    from policy_service.domain.registration import Registration


def rendered(condition: Any) -> str:  # noqa: ANN401 - a tree of tuples
    sign, *parts = condition
    if sign == "not":
        return f"not ({rendered(parts[0])})"
    if sign in {"and", "or"}:
        return f"({rendered(parts[0])}) {sign} ({rendered(parts[1])})"
    name, value = parts
    if isinstance(value, bool):
        return f"{name} == {str(value).lower()}"
    if isinstance(value, tuple):
        listed = ", ".join(f'"{each}"' for each in value)
        return f"{name} in [{listed}]"
    return f'{name} {sign} "{value}"' if isinstance(value, str) else f"{name} {sign} {value}"


def charger_facts(charger: Charger) -> dict[str, Any]:
    facts = {"charger.id": charger.id, "charger.protocol": charger.protocol, "charger.profile": charger.profile}
    facts |= {f"charger.labels.{name}": value for name, value in charger.labels.items()}
    return facts | {f"charger.{name}": value for name, value in charger.attributes.items()}


def vehicle_facts(finding: Registration) -> dict[str, Any]:
    record = finding.record
    facts = {"vehicle.id": record.vehicle, "vehicle.class": str(record.vehicle_class), "vehicle.fleet": record.fleet}
    facts["vehicle.agreement"] = record.agreement
    return {**facts, **{f"vehicle.{name}": value for name, value in record.attributes.items()}}


def met(condition: Any, facts: Mapping[str, Any]) -> bool:  # noqa: ANN401 - a tree of tuples
    """Tell whether a condition is met: not where it names an attribute that is absent."""
    return all(facts.get(name) is not None for name in names(condition)) and holds(condition, facts)


def names(condition: Any) -> set[str]:  # noqa: ANN401 - a tree of tuples
    if condition[0] in {"and", "or", "not"}:
        return {name for part in condition[1:] for name in names(part)}
    return {condition[1]}


def holds(condition: Any, facts: Mapping[str, Any]) -> bool:  # noqa: ANN401 - a tree of tuples
    sign, left, *rest = condition
    if sign == "and":
        return holds(left, facts) and holds(rest[0], facts)
    if sign == "or":
        return holds(left, facts) or holds(rest[0], facts)
    if sign == "not":
        return not holds(left, facts)
    value: Any = facts[left]
    tests = {"==": value == rest[0], "!=": value != rest[0], "in": sign == "in" and value in rest[0]}
    return tests[sign] if sign in tests else (value < rest[0] if sign == "<" else value >= rest[0])
