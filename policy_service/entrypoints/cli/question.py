"""The question of ``decide`` and ``explain``: its flags, and how it is asked of a policy tree without the service."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from policy_service.application.decision_id import DecisionIds
from policy_service.application.imports.fields import Fields, InvalidRecordError
from policy_service.application.question import Answered
from policy_service.domain.access import Ungoverned, VehicleClass
from policy_service.domain.agreement import Agreement
from policy_service.domain.identifier import IdentifierError, IdentifierType, masked
from policy_service.domain.registration import Absence
from policy_service.engine.decide import decide
from policy_service.engine.explain import explain
from policy_service.engine.zone import Zone
from policy_service.entrypoints.cli.console import note
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.file_registry import FileRegistry
from policy_service.entrypoints.cli.instants import read_instant
from policy_service.entrypoints.cli.likely_chargers import likely
from policy_service.entrypoints.cli.policy_tree import FixedClock, default_directory, standing

if TYPE_CHECKING:
    from policy_service.application.imports.report import ImportReport
    from policy_service.domain.policy_tree import PolicyTree
    from policy_service.engine.explain import Explanation

ChargerArgument = Annotated[str, typer.Argument(metavar="CHARGER", help="Id of the charger, case-sensitive.")]
IdentifierArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="IDENTIFIER|-", help="RFID, MAC, PIN …; `-` reads it from standard input: out of the shell's history."
    ),
]
PoliciesOption = Annotated[
    Path | None,
    typer.Option(
        "--policies", "-p", metavar="DIR", help="Policy directory; left out: POLICY_SERVICE_POLICIES, else `policies`."
    ),
]
IdentifiersOption = Annotated[
    list[Path] | None,
    typer.Option("--identifiers", metavar="FILE", help="File of identifiers (NDJSON, or .csv), as for `import`."),
]
AgreementsOption = Annotated[
    list[Path] | None,
    typer.Option("--agreements", metavar="FILE", help="File of agreements (NDJSON, or .csv), as for `import`."),
]
AtOption = Annotated[
    str | None,
    typer.Option(
        metavar="INSTANT", help='Instant, such as 2026-11-24T11:15:00Z, or local: "2026-11-24 22:15"; left out: now.'
    ),
]
TypeOption = Annotated[
    str | None,
    typer.Option(
        "--type", metavar="TYPE", help="Type hint: rfid, mac, pin, emaid, vin, other, or OCPP's idToken type."
    ),
]
ClassOption = Annotated[
    VehicleClass | None, typer.Option("--class", help="Ask for a vehicle of this class instead of an identifier.")
]
AgreementOption = Annotated[
    str | None, typer.Option(metavar="ID", help="The vehicle's agreement, with --class agreement.")
]
FleetOption = Annotated[str | None, typer.Option(metavar="FLEET", help="The vehicle's fleet, with --class.")]
AttributeOption = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help="An attribute of the vehicle, with --class; may be repeated."),
]
LanguageOption = Annotated[
    str | None, typer.Option(metavar="TAG", help="Language of the driver's message, such as `it`.")
]
UngovernedOption = Annotated[
    Ungoverned,
    typer.Option(help="How a charger answers that no policy matches.", envvar="POLICY_SERVICE_UNGOVERNED"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in the JSON of the HTTP API.")]

_STAND_IN = "VEHICLE"
"""What a vehicle presents that is described by --class; it stands in no file that the command reads."""
_NAMED_LINES = 3
_LONGEST = 4096
"""Bytes of standard input that are looked at: far more than an identifier has."""


@dataclass(frozen=True, slots=True)
class Question:
    """The flags of one call."""

    charger: str
    identifier: str | None = field(repr=False)
    policies: Path | None = None
    identifiers: list[Path] | None = None
    agreements: list[Path] | None = None
    at: str | None = None
    kind: str | None = None
    vehicle_class: VehicleClass | None = None
    agreement: str | None = None
    fleet: str | None = None
    attributes: list[str] | None = None
    language: str | None = None
    ungoverned: Ungoverned = Ungoverned.DENY


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer with its explanation, and what a reader wants beside it."""

    answered: Answered
    explanation: Explanation
    zone: Zone
    presented: str
    """The identifier masked; empty where none was presented."""
    meant: tuple[str, ...]
    """Chargers with names like that of one that is not in the inventory."""


def ask(question: Question) -> Reply:
    """Answer the question as the service would with these policies and records. Raises CommandError."""
    _check(question)
    clock = FixedClock()
    _, plan, tree = standing(question.policies or default_directory(), clock, question.ungoverned)
    entry = plan.chargers.get(question.charger)
    zone = Zone.of(entry.policy.timezone if entry and entry.policy else "UTC")
    at = _instant(question.at, zone, clock)
    registry = _registry(question, tree)
    try:
        presented = registry.lookup.present(*_presented(question))
    except IdentifierError as error:
        raise CommandError(str(error), "give the identifier as the charger sends it") from None
    finding = None
    if entry is not None and decide(plan, question.charger, at) is None:
        finding = registry.about(presented, entry)
    if finding is Absence.UNKNOWN_IDENTIFIER and not (question.identifiers or question.vehicle_class):
        note(
            f"note: no --identifiers were given, so every identifier is unknown here; `policy-service why "
            f"{question.charger}` asks the service about its latest denial there"
        )
    explanation = explain(plan, question.charger, at, finding)
    answered = Answered(DecisionIds(clock).next(), explanation.decision, plan.revision, question.language)
    shown = masked(presented.form, pin=presented.pin) if presented.keys and not question.vehicle_class else ""
    return Reply(answered, explanation, zone, shown, likely(question.charger, plan.chargers))


def _check(question: Question) -> None:
    described = question.agreement or question.fleet or question.attributes
    if question.vehicle_class is None and described:
        message = "--agreement, --fleet and --attribute describe a vehicle"
        raise CommandError(message, "add --class own or agreement")
    if question.vehicle_class is not None and question.identifier is not None:
        message = "an identifier and --class exclude each other"
        raise CommandError(message, "leave one of them out")
    if question.vehicle_class is not None and question.kind is not None:
        message = "--type says what an identifier is, and --class asks without one"
        raise CommandError(message, "leave one of them out")
    if question.vehicle_class is VehicleClass.UNKNOWN and described:
        message = "nothing is known of a vehicle of class unknown"
        raise CommandError(message, "leave the other descriptions out")


def _instant(text: str | None, zone: Zone, clock: FixedClock) -> int:
    if text is None:
        return clock.now()
    asked = read_instant(text, zone)
    if asked.remark:
        note(f"note: {asked.remark}")
    return asked.at


def _presented(question: Question) -> tuple[str, str | None]:
    if question.vehicle_class is not None:
        return _STAND_IN, IdentifierType.OTHER
    if question.identifier != "-":
        return question.identifier or "", question.kind
    if sys.stdin.isatty():
        note("identifier, then Enter:")
    try:
        line = sys.stdin.buffer.readline(_LONGEST).decode()
    except UnicodeDecodeError:
        message = "the identifier on standard input is not UTF-8"
        raise CommandError(message, "give the identifier as the charger sends it") from None
    return line.rstrip("\r\n"), question.kind


def _registry(question: Question, tree: PolicyTree) -> FileRegistry:
    registry = FileRegistry(tree.attributes.vehicle)
    for path in question.agreements or ():
        _tell_rejected(path, registry.import_agreements(path))
    for path in question.identifiers or ():
        _tell_rejected(path, registry.import_identifiers(path))
    if question.vehicle_class not in {None, VehicleClass.UNKNOWN}:
        _describe(question, registry)
    return registry


def _describe(question: Question, registry: FileRegistry) -> None:
    """Know the vehicle that the flags describe: active, and its agreement in force where no file says otherwise."""
    described = {
        "identifier": _STAND_IN,
        "type": IdentifierType.OTHER,
        "class": question.vehicle_class,
        "vehicle": "as described",
        "fleet": question.fleet or _STAND_IN,
        "agreement": question.agreement,
        "attributes": dict(_pair(text) for text in question.attributes or ()),
    }
    agreement = Agreement(question.agreement, question.fleet or "") if question.agreement else None
    try:
        registry.add(Fields(described, from_text=True), agreement, fleet=question.fleet)
    except InvalidRecordError as error:
        told = "; ".join(f"{_flag_of(fault.pointer)} {fault.detail}" for fault in error.faults)
        message = f"there can be no such vehicle: {told}"
        raise CommandError(message, _how_described(question, error)) from None


def _how_described(question: Question, error: InvalidRecordError) -> str:
    if [fault.pointer for fault in error.faults] != ["/agreement"]:
        return "--attribute NAME=VALUE; the Attributes document declares NAME"
    return "leave it out, or ask for --class agreement" if question.agreement else "name it: --agreement ID"


def _flag_of(pointer: str) -> str:
    """Return the flag that gives a field of a record: `--attribute kind` for `/attributes/kind`."""
    return "--" + pointer.removeprefix("/").replace("attributes/", "attribute ")


def _pair(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found or not name:
        message = "an attribute is NAME=VALUE"
        raise CommandError(message, "write it like --attribute kind=bus")
    return name, value


def _tell_rejected(path: Path, report: ImportReport) -> None:
    if not report.errors:
        return
    for error in sorted(report.errors)[:_NAMED_LINES]:
        note(f"note: {path}:{error.line}: {error.pointer or 'the line'} {error.detail}")
    note(f"note: {path}: {report.rejected} lines rejected, {report.accepted} taken")
