"""Files to one checked tree: names, references and attributes across every document."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from policy_service.domain.charger import Charger
from policy_service.domain.charger_profile import NO_BUILT_IN_PROFILES, ChargerProfile
from policy_service.domain.diagnostic import any_error, in_reading_order
from policy_service.domain.place import Place
from policy_service.domain.policy import AccessPolicy, AttributeTypes, Calendar, Override, PolicyTest, Schedule
from policy_service.domain.policy_tree import PolicyTree
from policy_service.language.attributes import misfits, typed_all
from policy_service.language.tongues import other_tongues
from policy_service.language.wording import finding, quoted, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import TypeVar

    from policy_service.domain.charger import AttributeValue
    from policy_service.domain.charger_profile import BuiltInProfiles
    from policy_service.domain.diagnostic import Diagnostic
    from policy_service.language.parsed import Mention, ParsedFile

    T = TypeVar("T")


_LISTING = "; `policy-service charger-profiles` lists those that come with the service"
_SUGGESTED = 20
"""Unknown chargers for which a known one is sought: an inventory is long, and so is the search."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A tree, or None where a finding is an error; and every finding in reading order."""

    tree: PolicyTree | None
    diagnostics: tuple[Diagnostic, ...] = ()
    remains: PolicyTree | None = None
    """Of a tree with errors the documents that have none, so that more can be found in these.

    They may name documents that are missing. None where the declarations of attributes cannot be read.
    """


def check(files: Sequence[ParsedFile], built_in: BuiltInProfiles = NO_BUILT_IN_PROFILES) -> Checked:
    """Bring files together, in the order given; built-in profiles stand behind their own. Never raises."""
    findings = [found for file in files for found in file.diagnostics]
    chargers = {charger.id: charger for file in files for charger in file.chargers}
    types = _merged(_documents(files, AttributeTypes))
    findings += _defined_twice(files)
    findings += _chargers_twice(files, len(chargers))
    profiles = {**built_in.profiles, **{profile.name: profile for profile in _documents(files, ChargerProfile)}}
    findings += _dangling(files, chargers, built_in.profiles)
    findings += other_tongues(chargers.values(), profiles)
    findings += _misfits(files, types)
    partial = any(file.partial for file in files)
    if not partial and not any(mention.kind == "AccessPolicy" for file in files for mention in file.definitions):
        place = Place(files[0].file if len(files) == 1 else ".", 1, 1)
        findings.append(
            finding("PS006", place, "no AccessPolicy in the tree", "write one, or check the directory's name")
        )
    diagnostics = tuple(in_reading_order(findings))
    tree = replace(_tree(files, chargers, types), profiles=profiles, built_in_profiles=built_in.version)
    if any_error(diagnostics):
        return Checked(None, diagnostics, tree if _declarations_read(files) else None)
    return Checked(tree, diagnostics)


def _documents(files: Sequence[ParsedFile], kind: type[T]) -> tuple[T, ...]:
    return tuple(document for file in files for document in file.documents if isinstance(document, kind))


def _merged(documents: Sequence[AttributeTypes]) -> AttributeTypes:
    charger = {name: kind for types in reversed(documents) for name, kind in types.charger.items()}
    vehicle = {name: kind for types in reversed(documents) for name, kind in types.vehicle.items()}
    return AttributeTypes(charger, vehicle)


def _defined_twice(files: Sequence[ParsedFile]) -> Iterator[Diagnostic]:
    seen: dict[tuple[str, str], Mention] = {}
    for mention in (mention for file in files for mention in file.definitions):
        if mention.kind == "charger":
            continue
        alone = mention.kind == "Attributes"
        first = seen.setdefault((mention.kind, "" if alone else mention.name), mention)
        if first is not mention:
            message = (
                "a tree has one Attributes document"
                if alone
                else f"{quoted(mention.name)} names two {mention.kind} documents"
            )
            yield finding("PS016", mention.place, message, f"first defined at {first.place}", mention.length)


def _chargers_twice(files: Sequence[ParsedFile], distinct: int) -> Iterator[Diagnostic]:
    if distinct == sum(len(file.chargers) for file in files):
        return
    seen: dict[str, Charger] = {}
    for charger in (charger for file in files for charger in file.chargers):
        first = seen.setdefault(charger.id, charger)
        if first is not charger:
            message = f"charger {quoted(charger.id)} is defined twice"
            yield finding("PS016", charger.place, message, f"first defined at {first.place}")


def _dangling(
    files: Sequence[ParsedFile], chargers: Mapping[str, Charger], profiles: Iterable[str]
) -> Iterator[Diagnostic]:
    names: dict[str, set[str]] = {"ChargerProfile": set(profiles)}
    misses = 0
    partial = any(file.partial for file in files)
    otherwise = "a file that cannot be read may hold it" if partial else "write a {kind} document of this name"
    for mention in (mention for file in files for mention in file.definitions):
        names.setdefault(mention.kind, set()).add(mention.name)
    for mention in (mention for file in files for mention in file.references):
        if mention.kind == "charger":
            if mention.name not in chargers and mention.name not in names.get("charger", ()):
                misses += 1
                known_ids = chargers if misses <= _SUGGESTED else ()
                help_text = suggestion(mention.name, known_ids, "name a charger of a ChargerInventory document")
                message = f"no charger {quoted(mention.name)} in the tree's inventories"
                yield finding("PS114", mention.place, message, help_text, mention.length)
        elif mention.name not in names.get(mention.kind, ()):
            known = sorted(names.get(mention.kind, ()))
            listing = _LISTING if mention.kind == "ChargerProfile" and not partial else ""
            help_text = suggestion(mention.name, known, otherwise.format(kind=mention.kind) + listing)
            message = f"no {mention.kind} {quoted(mention.name)} in the tree"
            yield finding("PS104", mention.place, message, help_text, mention.length)


def _misfits(files: Sequence[ParsedFile], types: AttributeTypes) -> Iterator[Diagnostic]:
    if _declared(files) and not _documents(files, AttributeTypes):
        return  # the declarations could not be read: that is told already
    for file in files:
        yield from misfits(file.attributes, types)


def _declared(files: Sequence[ParsedFile]) -> bool:
    return any(mention.kind == "Attributes" for file in files for mention in file.definitions)


def _declarations_read(files: Sequence[ParsedFile]) -> bool:
    """Tell whether all declarations are known: a file that cannot be read may hold some."""
    return bool(_documents(files, AttributeTypes)) or not (_declared(files) or any(file.partial for file in files))


def _tree(files: Sequence[ParsedFile], chargers: Mapping[str, Charger], types: AttributeTypes) -> PolicyTree:
    return PolicyTree(
        policies=_documents(files, AccessPolicy),
        schedules={schedule.name: schedule for schedule in _documents(files, Schedule)},
        calendars={calendar.name: calendar for calendar in _documents(files, Calendar)},
        overrides=_documents(files, Override),
        attributes=types,
        chargers=_typed_chargers(chargers, types),
        tests=tuple(_typed_test(test, types) for test in _documents(files, PolicyTest)),
    )


def _typed_chargers(chargers: Mapping[str, Charger], types: AttributeTypes) -> dict[str, Charger]:
    shared: dict[int, dict[str, AttributeValue]] = {}
    typed: dict[str, Charger] = {}
    for name, written in chargers.items():
        texts = written.attributes
        if not texts:
            typed[name] = written
            continue
        values = shared.get(id(texts))
        if values is None:
            values = shared[id(texts)] = typed_all(texts, types.charger)
        synthetic, place = written.synthetic_ids, written.place
        typed[name] = Charger(name, written.labels, values, written.protocol, written.profile, synthetic, place)
    return typed


def _typed_test(test: PolicyTest, types: AttributeTypes) -> PolicyTest:
    vehicles = {case.vehicle.name: case.vehicle for case in test.cases if case.vehicle is not None}
    typed = {
        name: replace(vehicle, attributes=typed_all(vehicle.attributes, types.vehicle))
        for name, vehicle in vehicles.items()
    }
    cases = tuple(
        case if case.vehicle is None else replace(case, vehicle=typed[case.vehicle.name]) for case in test.cases
    )
    return replace(test, cases=cases)
