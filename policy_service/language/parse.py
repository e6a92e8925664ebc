"""One file to its documents: pure, so that a caller can keep the result for as long as the bytes are the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, cast

from pydantic import ValidationError

from policy_service.domain.diagnostic import Diagnostic, in_reading_order
from policy_service.language import convert, convert_records
from policy_service.language.combine import combined
from policy_service.language.document_parts import API_VERSION
from policy_service.language.document_records import InventoryDocument, PolicyTestDocument
from policy_service.language.explain import empty_values, explained
from policy_service.language.kinds import KINDS
from policy_service.language.mentions import mentions
from policy_service.language.named_vehicles import vehicles_named
from policy_service.language.order import misordered
from policy_service.language.parsed import Mention, ParsedFile
from policy_service.language.source import read
from policy_service.language.tree import At, MappingNode, plain
from policy_service.language.wording import finding, listed, quoted, suggestion
from policy_service.language.written import shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from policy_service.domain.charger import Charger
    from policy_service.language.document_parts import DocumentParts
    from policy_service.language.parsed import Document, WrittenAttribute

MOST_FINDINGS = 1000
"""Findings of one file that are told; a file with more has one mistake many times."""

_CONVERSIONS: dict[str, Callable[..., Document]] = {
    "AccessPolicy": convert.policy,
    "Schedule": convert.schedule,
    "Override": convert.override,
    "Calendar": convert.calendar,
    "Attributes": convert.attribute_types,
    "ChargerProfile": convert_records.profile,
    "PolicyTest": convert_records.policy_test,
}


@dataclass(slots=True)
class _Harvest:
    """What the documents of a file have come to so far."""

    documents: list[Document] = field(default_factory=list["Document"])
    chargers: list[Charger] = field(default_factory=list["Charger"])
    definitions: list[Mention] = field(default_factory=list[Mention])
    references: list[Mention] = field(default_factory=list[Mention])
    attributes: list[WrittenAttribute] = field(default_factory=list["WrittenAttribute"])
    findings: list[Diagnostic] = field(default_factory=list[Diagnostic])


def parse(file: str, data: bytes) -> ParsedFile:
    """Read one file, every mistake in it included. Never raises."""
    source = read(file, data)
    harvest = _Harvest(findings=list(source.diagnostics))
    for node in source.documents:
        _document(At(file, node), harvest)
    findings = in_reading_order(harvest.findings)
    if len(findings) > MOST_FINDINGS:
        last = findings[MOST_FINDINGS - 1].place
        message = f"{len(findings) - MOST_FINDINGS} further findings in this file are not shown"
        findings = [*findings[:MOST_FINDINGS], finding("PS005", last, message, "mend the ones above first")]
    return ParsedFile(
        file,
        tuple(harvest.documents),
        tuple(harvest.chargers),
        tuple(harvest.definitions),
        tuple(harvest.references),
        tuple(harvest.attributes),
        tuple(findings),
    )


def _document(at: At, harvest: _Harvest) -> None:
    if not isinstance(at.node, MappingNode):
        message = f"a document must be a mapping, not {shape(plain(at.node))}"
        help_text = "begin with `apiVersion`, `kind`, `metadata` and `spec`"
        harvest.findings.append(finding("PS013", at.place, message, help_text, at.length))
        return
    kind = _kind(at, harvest.findings)
    if kind is None:
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
    document = _validated("ChargerInventory", at, harvest.findings, nulls=True)
    if document is not None:
        inventory = cast("InventoryDocument", document)
        harvest.chargers += convert_records.chargers(inventory, at)
        harvest.attributes += convert_records.inventory_attributes(inventory, at)
        harvest.references += convert_records.inventory_mentions(inventory, at)


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
        unknown = next((key for key in at.keys if suggestion(key, ("apiVersion", "kind")) and key != "metadata"), None)
        place = at.place if unknown is None else at.key(unknown).place
        help_text = f"begin the document with `apiVersion: {API_VERSION}` and its `kind`: {listed(KINDS)}"
        findings.append(finding("PS012", place, f"missing key {missing}", help_text))
        return None
    if version.text != API_VERSION:
        message = f"unknown apiVersion {quoted(version.text or '')}"
        findings.append(finding("PS010", version.place, message, f"write `{API_VERSION}`", version.length))
    if kind.text not in KINDS:
        nearby = suggestion(kind.text or "", KINDS, f"known kinds: {listed(KINDS, 'and')}")
        findings.append(finding("PS010", kind.place, f"unknown kind {quoted(kind.text or '')}", nearby, kind.length))
    return kind.text if kind.text in KINDS and version.text == API_VERSION else None
