"""One file to its documents: pure, so that a caller can keep the result for as long as the bytes are the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from policy_service.domain.diagnostic import Diagnostic, in_reading_order
from policy_service.domain.place import NOWHERE
from policy_service.language import convert, convert_records
from policy_service.language.combine import combined
from policy_service.language.document_parts import API_VERSION
from policy_service.language.document_records import ChargerParts, InventoryDocument, PolicyTestDocument
from policy_service.language.explain import empty_values, explained
from policy_service.language.kinds import KINDS
from policy_service.language.lines import MOST_FINDINGS
from policy_service.language.mentions import mentions
from policy_service.language.named_vehicles import vehicles_named
from policy_service.language.order import misordered
from policy_service.language.parsed import Mention, ParsedFile
from policy_service.language.source import read
from policy_service.language.tree import At, ListNode, MappingNode, plain
from policy_service.language.wording import finding, listed, quoted, suggestion
from policy_service.language.written import shape
from policy_service.letting_go import let_go

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from policy_service.domain.charger import Charger
    from policy_service.language.document_parts import DocumentParts
    from policy_service.language.parsed import Document, WrittenAttribute
    from policy_service.language.tree import Plain

_UNREAD = frozenset({"PS001", "PS002", "PS005"})
"""Findings of the text after which documents may be missing."""

_CONVERSIONS: dict[str, Callable[..., Document]] = {
    "AccessPolicy": convert.policy,
    "Schedule": convert.schedule,
    "Override": convert.override,
    "Calendar": convert.calendar,
    "Attributes": convert.attribute_types,
    "ChargerProfile": convert_records.profile,
    "PolicyTest": convert_records.policy_test,
}


_CHARGERS = TypeAdapter(list[ChargerParts])
_AT_ONCE = 250
_MOST_LOOKED_AT = 100
"""Keys of a document without a kind that are looked at for what may have been meant by one."""


@dataclass(slots=True)
class _Harvest:
    """What the documents of a file have come to so far."""

    documents: list[Document] = field(default_factory=list["Document"])
    chargers: list[Charger] = field(default_factory=list["Charger"])
    definitions: list[Mention] = field(default_factory=list[Mention])
    references: list[Mention] = field(default_factory=list[Mention])
    attributes: list[WrittenAttribute] = field(default_factory=list["WrittenAttribute"])
    findings: list[Diagnostic] = field(default_factory=list[Diagnostic])
    partial: bool = False


def parse(file: str, data: bytes) -> ParsedFile:
    """Read one file, every mistake in it included. Never raises."""
    source = read(file, data)
    harvest = _Harvest(findings=list(source.diagnostics))
    for node in source.documents:
        _document(At(file, node), harvest)
        if len(harvest.findings) > MOST_FINDINGS:
            break
    refused = {found.place for found in source.diagnostics}
    later = (found for found in harvest.findings[len(source.diagnostics) :] if found.place not in refused)
    findings = in_reading_order([*source.diagnostics, *later])
    if len(findings) > MOST_FINDINGS:
        last = findings[MOST_FINDINGS - 1].place
        message = "further findings in this file are not shown"
        findings = [*findings[:MOST_FINDINGS], finding("PS005", last, message, "mend the ones above first")]
    return ParsedFile(
        file,
        tuple(harvest.documents),
        tuple(harvest.chargers),
        tuple(harvest.definitions),
        tuple(harvest.references),
        tuple(harvest.attributes),
        tuple(findings),
        partial=harvest.partial
        or len(findings) > MOST_FINDINGS
        or any(found.code in _UNREAD for found in source.diagnostics),
    )


def _document(at: At, harvest: _Harvest) -> None:
    if not isinstance(at.node, MappingNode):
        message = f"a document must be a mapping, not {shape(plain(at.node))}"
        help_text = "begin with `apiVersion`, `kind`, `metadata` and `spec`"
        harvest.partial = True
        harvest.findings.append(finding("PS013", at.place, message, help_text, at.length))
        return
    kind = _kind(at, harvest.findings)
    if kind is None:
        harvest.partial = True
        return
    name = at.follow(("metadata", "name"))
    if name.text:
        harvest.definitions.append(Mention(kind, name.text, name.text_place, len(name.text)))
    if kind == "ChargerInventory":
        _inventory(at, harvest)
        return
    spec = at.get("spec")
    harvest.findings += empty_values(at)
    if spec is not None:
        harvest.findings += combined(kind, spec)
        harvest.findings += misordered(kind, spec)
        harvest.findings += vehicles_named(spec) if kind == "PolicyTest" else ()
        harvest.references += mentions(kind, spec)
    before = len(harvest.findings)
    document = _validated(kind, at, harvest.findings, nulls=False)
    if document is not None and before == len(harvest.findings) and not harvest.findings:
        harvest.documents.append(_CONVERSIONS[kind](document, at))
    if isinstance(document, PolicyTestDocument):
        harvest.attributes += convert_records.test_attributes(document, at)


def _inventory(at: At, harvest: _Harvest) -> None:
    written: list[ChargerParts | None] | None = _one_by_one(at)
    if written is None:
        _validated("ChargerInventory", at, harvest.findings, nulls=True)
        written = [_sound(item, harvest) for item in at.follow(("spec", "chargers")).contents()]
    harvest.chargers += convert_records.chargers(written, at)
    harvest.attributes += convert_records.inventory_attributes(written, at)
    harvest.references += convert_records.inventory_mentions(written, at)
    let_go(written)
    items = at.follow(("spec", "chargers")).node
    if isinstance(items, ListNode):
        let_go(items.items)


def _one_by_one(at: At) -> list[ChargerParts | None] | None:
    """Return the chargers of an inventory that has no mistakes; None for any other."""
    document = plain(at.node)
    spec = document.get("spec") if isinstance(document, dict) else None
    items = spec.get("chargers") if isinstance(spec, dict) else None
    if not isinstance(document, dict) or not isinstance(spec, dict) or not isinstance(items, list):
        return None
    try:
        InventoryDocument.model_validate({**document, "spec": {**spec, "chargers": []}})
        return [parts for some in _some(items) for parts in _CHARGERS.validate_python(some)]
    except ValidationError:
        return None


def _some(items: Sequence[Plain]) -> Iterator[Sequence[Plain]]:
    """Yield some at a time: validated in one call, 20,000 would keep every other thread waiting for long."""
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))


def _sound(item: Plain, harvest: _Harvest) -> ChargerParts | None:
    """Return a charger of an inventory in which some have mistakes; None, but its id noted, where this is one."""
    try:
        return ChargerParts.model_validate(item)
    except ValidationError:
        name = item.get("id") if isinstance(item, dict) else None
        if isinstance(name, str):
            harvest.definitions.append(Mention("charger", name, NOWHERE, 1))
        return None


def _validated(kind: str, at: At, findings: list[Diagnostic], *, nulls: bool) -> DocumentParts | None:
    model = KINDS[kind].shape
    try:
        return model.model_validate(plain(at.node))
    except ValidationError as error:
        findings += islice(explained(model, at, error, nulls=nulls), MOST_FINDINGS + 1)
        return None


def _kind(at: At, findings: list[Diagnostic]) -> str | None:
    version, kind = at.get("apiVersion"), at.get("kind")
    if version is None or kind is None:
        missing = listed([key for key in ("apiVersion", "kind") if key not in at.keys], "and")
        first = islice(at.keys, _MOST_LOOKED_AT)
        unknown = next((key for key in first if suggestion(key, ("apiVersion", "kind")) and key != "metadata"), None)
        place = at.place if unknown is None else at.key(unknown).place
        help_text = f"begin the document with `apiVersion: {API_VERSION}` and its `kind`: {listed(KINDS)}"
        findings.append(
            finding("PS012", place, f"missing {'keys' if ' and ' in missing else 'key'} {missing}", help_text)
        )
        return None
    if version.text != API_VERSION:
        message = f"unknown apiVersion {quoted(version.text or '')}"
        findings.append(finding("PS010", version.place, message, f"write `{API_VERSION}`", version.length))
    if kind.text not in KINDS:
        nearby = suggestion(kind.text or "", KINDS, f"known kinds: {listed(KINDS, 'and')}")
        findings.append(finding("PS010", kind.place, f"unknown kind {quoted(kind.text or '')}", nearby, kind.length))
    return kind.text if kind.text in KINDS and version.text == API_VERSION else None
