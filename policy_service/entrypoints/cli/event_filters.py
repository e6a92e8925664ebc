"""Which access events: the filters that `events list`, `summary` and `follow` have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from policy_service.domain.access import Outcome, Reason, VehicleClass
from policy_service.domain.events import EventType
from policy_service.domain.instant import format_instant
from policy_service.domain.selector import Selector
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.labels import read_label, read_labels
from policy_service.entrypoints.cli.zones import instant_by, zones_to_read_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.engine.zone import Zone
    from policy_service.entrypoints.cli.service_calls import ServiceCalls

OutcomeOption = Annotated[Outcome | None, typer.Option(metavar="OUTCOME", help=f"{' or '.join(Outcome)}.")]
ReasonOption = Annotated[
    Reason | None, typer.Option(metavar="REASON", help=f"Such as {Reason.UNKNOWN_IDENTIFIER} or {Reason.NOT_GRANTED}.")
]
TypeOption = Annotated[EventType | None, typer.Option("--type", metavar="TYPE", help=f"{', '.join(EventType)}.")]
ChargerOption = Annotated[str | None, typer.Option(metavar="ID", help="Of this charger; ids are case-sensitive.")]
LabelOption = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="NAME:VALUE", help="Of chargers with this label, such as depot:north."),
]
ClassOption = Annotated[VehicleClass | None, typer.Option(metavar="CLASS", help=f"{', '.join(VehicleClass)}.")]
VehicleOption = Annotated[str | None, typer.Option(metavar="VEHICLE", help="Of this vehicle.")]
FleetOption = Annotated[str | None, typer.Option(metavar="FLEET", help="Of this fleet.")]
PolicyOption = Annotated[str | None, typer.Option(metavar="POLICY", help="Decided under this policy.")]
TransactionOption = Annotated[str | None, typer.Option(metavar="ID", help="Of this OCPP transaction.")]
FromOption = Annotated[
    str | None,
    typer.Option("--from", metavar="INSTANT", help="Recorded then or later; without an offset by the depot's clock."),
]
ToOption = Annotated[str | None, typer.Option("--to", metavar="INSTANT", help="Recorded before then.")]


def as_asked(**given: object) -> dict[str, str]:
    """Return what was given, as the service takes it."""
    return {name: str(value) for name, value in given.items() if value is not None}


def clocks_at(calls: ServiceCalls, charger: str | None, label: Sequence[str] | None) -> Sequence[Zone]:
    """Return the clocks of the chargers that these filters leave."""
    ids = None if charger is None else (charger,)
    labels = read_labels(label) if label else None
    return zones_to_read_by(calls, Selector(ids=ids, labels=labels) if ids or labels else None)


@dataclass(frozen=True, slots=True)
class EventFilters:
    """Which events, as typed."""

    outcome: OutcomeOption = None
    reason: ReasonOption = None
    type: TypeOption = None
    charger: ChargerOption = None
    label: LabelOption = None
    vehicle_class: ClassOption = None
    vehicle: VehicleOption = None
    fleet: FleetOption = None
    policy: PolicyOption = None
    transaction: TransactionOption = None

    def wanted(self) -> dict[str, str]:
        """Return them as the service takes them. Raises CommandError."""
        return as_asked(
            outcome=self.outcome,
            reason=self.reason,
            type=self.type,
            charger=self.charger,
            label=read_label(self.label),
            vehicle_class=self.vehicle_class,
            vehicle=self.vehicle,
            fleet=self.fleet,
            policy=self.policy,
            transaction_id=self.transaction,
        )

    def zones(self, calls: ServiceCalls) -> Sequence[Zone]:
        """Return the clocks of the chargers that these filters leave."""
        return clocks_at(calls, self.charger, self.label)


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose denials, and for which reason, as typed."""

    vehicle: VehicleOption = None
    fleet: FleetOption = None
    reason: ReasonOption = None

    def wanted(self) -> dict[str, str]:
        """Return them as the service takes them."""
        return as_asked(vehicle=self.vehicle, fleet=self.fleet, reason=self.reason)


class OfChargers(Protocol):
    """Filters that leave some chargers."""

    def zones(self, calls: ServiceCalls) -> Sequence[Zone]:
        """Return the clocks of these chargers."""
        ...


@dataclass(frozen=True, slots=True)
class EventSpan:
    """Recorded from when until when, as typed."""

    from_: FromOption = None
    to: ToOption = None

    def wanted(self, which: OfChargers, calls: ServiceCalls, remarks: list[str]) -> dict[str, str]:
        """Return it as the service takes it, with remarks on local times. Raises CommandError."""
        typed = {"from": self.from_, "to": self.to}
        read = {
            name: instant_by(text, lambda: which.zones(calls), remarks)
            for name, text in typed.items()
            if text is not None
        }
        if len(read) == len(typed) and read["from"] >= read["to"]:
            message = "--from must lie before --to"
            raise CommandError(message, f"--from is {format_instant(read['from'])}, --to {format_instant(read['to'])}")
        return {name: format_instant(at) for name, at in read.items()}
