"""The written shape of inventories, charger profiles and policy tests."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StringConstraints, WithJsonSchema

from policy_service.domain.access import AccessMode, Outcome, Reason  # noqa: TC001 - pydantic resolves annotations
from policy_service.domain.ocpp_statuses import WireStatus  # noqa: TC001 - pydantic resolves annotations
from policy_service.language.document_parts import (
    AttributeName,
    ChargerId,
    Count,
    DocumentParts,
    Flag,
    Instant,
    Metadata,
    Moment,
    Parts,
    Prose,
    SyntheticId,
    Text,
)

Protocol: TypeAlias = Literal["ocpp1.6", "ocpp2.0.1", "ocpp2.1"]

AnyText: TypeAlias = Annotated[
    str, StringConstraints(max_length=500), WithJsonSchema({"type": ["string", "number", "boolean"]})
]
"""Text that may be empty."""


class ChargerParts(Parts):
    """One charger."""

    id: ChargerId = Field(description="The charger's id, as it reports itself; case-sensitive, at most 255 characters.")
    # Factories: pydantic would copy a default deeply for each of a hundred thousand chargers.
    labels: dict[Text, Text] = Field(
        default_factory=dict,
        description="Labels that selectors match, such as `depot: north`.",
        json_schema_extra={"default": {}},
    )
    attributes: dict[AttributeName, AnyText] = Field(
        default_factory=dict,
        description="Attributes that the Attributes document declares.",
        json_schema_extra={"default": {}},
    )
    protocol: Protocol | None = Field(None, description="What the charger speaks.")
    profile: Text | None = Field(None, description="Name of the ChargerProfile of its model.")
    synthetic_ids: list[SyntheticId] = Field(
        default_factory=list,
        description="Tokens that the charger sends by itself while in freevend.",
        json_schema_extra={"default": []},
    )


class InventorySpec(Parts):
    """The chargers of some yard."""

    chargers: list[ChargerParts] = Field(description="The chargers.")


class FreevendParts(Parts):
    """How freevend is switched."""

    key: Text = Field(description="Configuration key, or variable in OCPP 2.x.")
    on: AnyText = Field(description="Value that switches freevend on.")
    off: AnyText = Field(description="Value that switches freevend off.")
    component: Text | None = Field(None, description="Component of the variable in OCPP 2.x.")
    id_tag_key: Text | None = Field(None, description="Configuration key of the token that is sent in freevend.")
    synthetic_id: SyntheticId | None = Field(None, description="Token sent in freevend, where the model fixes it.")
    read_back: Flag = Field(default=True, description="Whether the key can be read back after a change.")
    clear_cache: Flag = Field(default=True, description="Whether to clear the authorization cache after a change.")
    reboot: Flag = Field(default=False, description="Whether a change needs a reboot.")


class DenialParts(Parts):
    """What the charger can show a refused driver."""

    display_text: Flag = Field(default=False, description="Whether it shows text.")
    max_chars: Count | None = Field(None, description="How many characters it shows.")
    formats: list[Text] = Field([], description="Message formats, such as `UTF8`.")
    languages: list[Text] = Field([], description="Languages that it shows.")
    led: Flag = Field(default=False, description="Whether a light says no.")
    buzzer: Flag = Field(default=False, description="Whether a tone says no.")


class LocalListParts(Parts):
    """Limits of the local authorization list."""

    max_entries: Count | None = Field(None, description="Entries that it holds.")
    max_chunk: Count | None = Field(None, description="Entries that one message may carry.")


class ProfileSpec(Parts):
    """What a charger model can do."""

    protocols: list[Protocol] = Field([], description="Protocols that the model speaks.")
    freevend: FreevendParts | None = Field(None, description="How freevend is switched.")
    denial: DenialParts | None = Field(None, description="What it can show a refused driver.")
    local_list: LocalListParts | None = Field(None, description="Limits of its local authorization list.")
    statuses: dict[Reason, WireStatus] = Field({}, description="Reasons that this model is told by another status.")
    source: Prose | None = Field(None, description="Where this is known from.")
    confidence: Text | None = Field(None, description="How sure it is, such as `documented` or `probed`.")


class VehicleParts(Parts):
    """A vehicle of a policy test."""

    vehicle_class: Literal["own", "agreement"] = Field(alias="class", description="`own` or `agreement`.")
    agreement: Text | None = Field(None, description="Id of the agreement that covers its fleet.")
    fleet: Text | None = Field(None, description="Its fleet.")
    attributes: dict[AttributeName, AnyText] = Field(
        {}, description="Attributes that the Attributes document declares."
    )


class ExpectParts(Parts):
    """The answer that the author expects."""

    outcome: Outcome = Field(description="`allowed` or `access_denied`.")
    reason: Reason | None = Field(None, description="Why.")
    mode: AccessMode | None = Field(None, description="The charger's mode at that instant.")
    window: Text | None = Field(
        None,
        description="Name of the window or exception in force; null: none is.",
        json_schema_extra={"nullable": True},
    )


class CaseParts(Parts):
    """One question, at one instant or at several."""

    name: Text = Field(description="What the case shows.")
    charger: ChargerId = Field(description="Id of a charger of the inventory.")
    vehicle: Text = Field(description="Name of a vehicle of this test; `unknown` is anybody.")
    at: Moment | None = Field(
        None, description="The instant, by the governing policy's clock where it has no offset; left out: `now`."
    )
    each: list[Moment] | None = Field(
        None, min_length=1, max_length=1000, description="Several instants, one case each."
    )
    expect: ExpectParts = Field(description="The expected answer.")


class PolicyTestSpec(Parts):
    """Questions and the answers expected."""

    now: Instant | None = Field(None, description="The instant, with its offset, of cases that name none.")
    vehicles: dict[Text, VehicleParts] = Field({}, description="Vehicles that the cases name.")
    cases: list[CaseParts] = Field(description="The questions.")


class InventoryDocument(DocumentParts):
    """A ChargerInventory document."""

    kind: Literal["ChargerInventory"] = Field(description="Which kind of document this is.")
    metadata: Metadata = Field(description="The document's name, title and owner.")
    spec: InventorySpec = Field(description="What the document says.")


class ProfileDocument(DocumentParts):
    """A ChargerProfile document."""

    kind: Literal["ChargerProfile"] = Field(description="Which kind of document this is.")
    metadata: Metadata = Field(description="The document's name, title and owner.")
    spec: ProfileSpec = Field(description="What the document says.")


class PolicyTestDocument(DocumentParts):
    """A PolicyTest document."""

    kind: Literal["PolicyTest"] = Field(description="Which kind of document this is.")
    metadata: Metadata = Field(description="The document's name, title and owner.")
    spec: PolicyTestSpec = Field(description="What the document says.")
