"""The written shape of inventories, charger profiles and policy tests."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

from policy_service.domain.access import AccessMode, OnBreach, Outcome, Reason  # noqa: TC001 - pydantic resolves annotations
from policy_service.domain.charger import Protocol  # noqa: TC001 - pydantic resolves annotations
from policy_service.domain.charger_profile import ListSpelling, Reboot
from policy_service.domain.names import MAX_NAME
from policy_service.domain.ocpp_statuses import WireStatus  # noqa: TC001 - pydantic resolves annotations
from policy_service.language import written
from policy_service.language.document_parts import (
    PRINTABLE,
    AttributeName,
    ChargerId,
    Count,
    DocumentParts,
    Flag,
    FreevendTag,
    Given,
    Instant,
    Metadata,
    Moment,
    Parts,
    Pattern,
    Prose,
    RebootWhen,
    SyntheticId,
    Text,
)

AnyText: TypeAlias = Annotated[
    str, StringConstraints(max_length=500), WithJsonSchema({"type": ["string", "number", "boolean"]})
]
"""Text that may be empty."""

VariableName: TypeAlias = Annotated[
    str,
    StringConstraints(min_length=1, max_length=50, pattern=PRINTABLE),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 50}),
]
"""What OCPP has room for as the name of a key, a component or a variable."""


class ChargerParts(Parts):
    """One charger."""

    id: ChargerId = Field(
        description=f"The charger's id, as it reports itself; case-sensitive, at most {MAX_NAME} characters."
    )
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
    protocol: Annotated[Protocol | None, Given()] = Field(None, description="What the charger speaks.")
    profile: Annotated[Text | None, Given()] = Field(None, description="Name of the ChargerProfile of its model.")
    synthetic_ids: list[SyntheticId] = Field(
        default_factory=list,
        description="Tokens that the charger sends by itself while in freevend.",
        json_schema_extra={"default": []},
    )


class InventorySpec(Parts):
    """The chargers of some yard."""

    chargers: list[ChargerParts] = Field(description="The chargers.")


class SettingParts(Parts):
    """A configuration key of OCPP 1.6, or a variable of OCPP 2.x, and its value."""

    key: VariableName = Field(description="Configuration key, or variable in OCPP 2.x.")
    value: AnyText = Field(description="What it is set to.")
    component: VariableName | None = Field(None, description="Component of the variable in OCPP 2.x.")


class FreevendParts(Parts):
    """How freevend is switched."""

    key: VariableName = Field(description="Configuration key, or variable in OCPP 2.x.")
    on: AnyText = Field(description="Value that switches freevend on.")
    off: AnyText = Field(description="Value that switches freevend off.")
    component: VariableName | None = Field(None, description="Component of the variable in OCPP 2.x.")
    id_tag_key: VariableName | None = Field(
        None, description="Configuration key of the token that is sent in freevend."
    )
    id_tag: FreevendTag | None = Field(None, description="Token to write there before freevend is switched on.")
    synthetic_id: SyntheticId | None = Field(None, description="Token sent in freevend, where the model fixes it.")
    read_back: Flag = Field(default=True, description="Whether the key can be read back after a change.")
    clear_cache: Flag = Field(default=True, description="Whether to clear the authorization cache after a change.")
    reboot: RebootWhen = Field(
        Reboot.WHEN_ASKED, description="When a change needs a reboot: `never`, `when_asked` or `always`."
    )
    requires: list[SettingParts] = Field([], max_length=20, description="What must be set before freevend works.")


Freevends: TypeAlias = Annotated[
    list[FreevendParts],
    Field(min_length=1, max_length=2),
    BeforeValidator(written.as_list, json_schema_input_type=FreevendParts | list[FreevendParts]),
]
"""One switch, or one for OCPP 1.6 and one for OCPP 2.x."""


class DenialParts(Parts):
    """What the charger can show a refused driver."""

    display_text: Flag = Field(default=False, description="Whether it shows text.")
    max_chars: Count | None = Field(None, description="How many characters it shows.")
    formats: list[Text] = Field([], description="Message formats, such as `UTF8`.")
    languages: list[Text] = Field([], description="Languages that it shows.")
    led: Flag = Field(default=False, description="Whether a light says no.")
    buzzer: Flag = Field(default=False, description="Whether a tone says no.")
    undocumented: Flag = Field(
        default=False, description="True: nobody says what it shows; statuses are passed on, and may be seen."
    )
    shows: Prose | None = Field(None, description="What a driver sees and hears, in words.")


class IdentifyParts(Parts):
    """How the model is recognised."""

    keys: list[Text] = Field(
        [], max_length=20, description="Keys that it reports, all of them; `Component.Variable` in OCPP 2.x."
    )
    vendor: Pattern | None = Field(None, description="Regular expression for the vendor's whole name on boot.")
    model: Pattern | None = Field(None, description="Regular expression for the model's whole name on boot.")
    otherwise: Flag = Field(default=False, description="True: counts only where no other profile fits.")


class LocalListParts(Parts):
    """Limits of the local authorization list."""

    max_entries: Count | None = Field(None, description="Entries that it holds.")
    max_chunk: Count | None = Field(None, description="Entries that one message may carry.")
    max_bytes: Count | None = Field(None, description="Bytes that one message may have.")
    spelling: ListSpelling = Field(
        ListSpelling.PLAIN,
        description="How the charger spells identifiers: `plain` hexadecimal, as `stored` by their source, MAC "
        "addresses with `vid` before them or in `base32`.",
    )


class ProfileSpec(Parts):
    """What a charger model can do."""

    protocols: list[Protocol] = Field([], description="Protocols that the model speaks.")
    freevend: Freevends | None = Field(
        None, description="How freevend is switched; left out: it cannot be, and the CSMS accepts everybody meanwhile."
    )
    denial: DenialParts | None = Field(None, description="What it can show a refused driver.")
    local_list: LocalListParts | None = Field(None, description="Limits of its local authorization list.")
    statuses: dict[Reason, WireStatus] = Field({}, description="Reasons that this model is told by another status.")
    offline: list[SettingParts] = Field(
        [], max_length=20, description="What keeps it shut to unknown vehicles while offline in managed mode."
    )
    on_breach: OnBreach | None = Field(
        None, description="Whether a session that nobody authorised is recorded or stopped; left out: recorded."
    )
    identify: IdentifyParts | None = Field(None, description="How the model is recognised.")
    notes: list[Prose] = Field([], max_length=20, description="What whoever switches it should know.")
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
