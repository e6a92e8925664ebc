"""The shapes of overrides on the wire."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StrictBool, StringConstraints

from policy_service.domain.access import AccessMode, VehicleClass
from policy_service.domain.made_override import OverrideState
from policy_service.domain.policy import Grant, Grants, Texts
from policy_service.domain.selector import Expression, Selector
from policy_service.entrypoints.http import forms
from policy_service.entrypoints.http.wire import PRINTABLE_PATTERN, Instant, InstantOut, Reply, Request
from policy_service.entrypoints.http.wire_records import GrantReply, Key, ListReply, SelectorBody

Condition = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1000, pattern=PRINTABLE_PATTERN)]
Language = Annotated[str, StringConstraints(strict=True, pattern=forms.TEXT_LANGUAGE)]

Text = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=255, pattern=forms.PROSE)]
"""What people write for people."""

TextsByLanguage = Annotated[
    dict[Language, Text], Field(min_length=1, max_length=40, json_schema_extra={"additionalProperties": False})
]


class OverrideSelectorBody(SelectorBody):
    """Which chargers; every part given must hold, and `exclude` wins."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"anyOf": [{"required": ["ids"]}, {"required": ["labels"]}, {"required": ["when"]}]},
    )

    when: Condition | None = Field(None, description="Condition over `charger.*`, as in policies.")

    def selector(self) -> Selector:
        """Return it as the domain knows it."""
        given = self.model_fields_set
        labels = {name: (found,) if isinstance(found, str) else tuple(found) for name, found in self.labels.items()}
        return Selector(
            ids=tuple(self.ids) if "ids" in given else None,
            labels=tuple(sorted(labels.items())) if "labels" in given else None,
            exclude=tuple(self.exclude),
            when=None if self.when is None else Expression(self.when),
        )


class GrantBody(Request):
    """Vehicles that may charge."""

    vehicle_class: Literal["own", "agreement"] = Field(alias="class")
    agreements: list[Text] | None = Field(None, max_length=1000, description="Globs; left out: any.")
    exclude_agreements: list[Text] = Field(default=[], max_length=1000)
    when: Condition | None = Field(None, description="Condition over `charger.*` and `vehicle.*`, as in policies.")

    def grant(self) -> Grant:
        """Return it as the domain knows it."""
        return Grant(
            VehicleClass(self.vehicle_class),
            None if self.agreements is None else tuple(self.agreements),
            tuple(self.exclude_agreements),
            None if self.when is None else Expression(self.when),
        )


class OverrideBody(Request):
    """A mode for some chargers that ends by itself."""

    chargers: OverrideSelectorBody
    mode: AccessMode
    until: Instant = Field(description="When it ends: in the future, at most 31 days after it begins.")
    start: Instant | None = Field(
        None, alias="from", description="When it begins; left out, or in the past: now. At most 400 days ahead."
    )
    allow: list[GrantBody] | None = Field(
        None, max_length=100, description="Who may charge while managed; left out: as the policy says; []: nobody."
    )
    force: StrictBool = Field(default=False, description="Take chargers of locked policies as well.")
    reason: Text = Field(description="Why, for those who read it later.")
    message: Text | TextsByLanguage | None = Field(
        None, description="What a refused driver is told: one text, or texts by language."
    )

    def grants(self) -> Grants | None:
        """Return who may charge, as the domain knows it."""
        return None if self.allow is None else tuple(grant.grant() for grant in self.allow)

    def texts(self) -> Texts | None:
        """Return the message, as the domain knows it."""
        if self.message is None:
            return None
        return (("", self.message),) if isinstance(self.message, str) else tuple(sorted(self.message.items()))


class OverrideReply(Reply):
    """An override made over HTTP."""

    id: str = Field(description="Decisions under it show this as `window`.")
    state: OverrideState
    selector: dict[str, Any] = Field(description="Which chargers were asked for.")
    mode: AccessMode
    start: InstantOut = Field(alias="from")
    until: InstantOut
    allow: list[GrantReply] | None = Field(description="Null: as the policy says.")
    force: bool
    reason: str
    message: str | dict[Key, str] | None
    created_at: InstantOut
    created_by: str | None = Field(description="Who made it, where keys are in use.")
    ended_at: InstantOut | None = Field(description="When somebody ended it before its time.")
    ended_by: str | None


class OverrideDetail(OverrideReply):
    """An override with the chargers that it picks, as policies and inventory stand."""

    chargers: list[str] = Field(description="The chargers that it takes.")
    left: list[str] = Field(description="Chargers that it leaves alone: their policies are locked.")
    ungoverned: list[str] = Field(description="Chargers under no policy, which it leaves so.")


class OverrideList(ListReply):
    """A page of overrides, the latest made first."""

    overrides: list[OverrideReply]
