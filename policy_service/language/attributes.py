"""Attributes of chargers and vehicles against their declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.language.wording import finding, quoted, suggestion
from policy_service.language.written import number_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from policy_service.domain.charger import AttributeValue
    from policy_service.domain.diagnostic import Diagnostic
    from policy_service.domain.policy import AttributeTypes
    from policy_service.language.parsed import WrittenAttribute

_EXPECTED = {"number": "a number", "boolean": "`true` or `false`", "string": "text"}


def typed(text: str, kind: str) -> AttributeValue | None:
    """Return an attribute's value by its declared type, None where the text does not write one."""
    if kind == "number":
        return number_of(text)
    if kind == "boolean":
        return {"true": True, "false": False}.get(text)
    return text


def declared(types: AttributeTypes, subject: str) -> Mapping[str, str]:
    """Return the declarations for chargers or for vehicles."""
    return types.charger if subject == "charger" else types.vehicle


def misfits(written: Iterable[WrittenAttribute], types: AttributeTypes) -> Iterator[Diagnostic]:
    """Tell every attribute that is not declared, or whose value is of another type."""
    for attribute in written:
        known = declared(types, attribute.subject)
        kind = known.get(attribute.name)
        if kind is None:
            message = f"attribute {quoted(attribute.name)} of a {attribute.subject} is not declared"
            help_text = suggestion(attribute.name, known, "declare it in the Attributes document")
        elif typed(attribute.text, kind) is None:
            message = f"attribute {quoted(attribute.name)} must be {_EXPECTED[kind]}, not {quoted(attribute.text)}"
            help_text = f"it is declared as `{kind}`"
        else:
            continue
        yield finding("PS107", attribute.place, message, help_text, attribute.length)


def typed_all(texts: Mapping[str, AttributeValue], known: Mapping[str, str]) -> dict[str, AttributeValue]:
    """Return attributes by their declared types; what does not fit is left out, and told elsewhere."""
    pairs = ((name, typed(str(text), known[name])) for name, text in texts.items() if name in known)
    return {name: value for name, value in pairs if value is not None}
