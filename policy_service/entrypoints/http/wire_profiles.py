"""The shapes of charger profiles and of commands to chargers."""

from typing import Any, Literal

from pydantic import Field

from policy_service.domain.access import AccessMode, OnBreach
from policy_service.domain.charger import Protocol
from policy_service.domain.charger_profile import Fallback, ListSpelling, Reboot
from policy_service.entrypoints.http.wire import Reply
from policy_service.entrypoints.http.wire_records import ListReply
from policy_service.entrypoints.http.wire_schedules import RunningSessionsReply


class SettingReply(Reply):
    """A configuration key of OCPP 1.6, or a variable of OCPP 2.x, and its value."""

    component: str | None = Field(description="Component of the variable; null for a key of OCPP 1.6.")
    key: str
    value: str


class SwitchReply(Reply):
    """How freevend is switched in one family of protocols."""

    component: str | None = Field(description="Component of the variable; null for a key of OCPP 1.6.")
    key: str
    on: str = Field(description="Value in freevend.")
    off: str = Field(description="Value in managed mode.")
    id_tag_key: str | None = Field(description="Key of the token that it sends in freevend.")
    id_tag: str | None = Field(description="Token that is written there, unless the charger's record lists one.")
    synthetic_id: str | None = Field(description="Token that the model sends, in normal form, where it fixes it.")
    requires: list[SettingReply] = Field(description="What must be set before freevend works.")
    read_back: bool
    clear_cache: bool
    reboot: Reboot


class DenialReply(Reply):
    """What the model can show a refused driver."""

    display_text: bool
    max_chars: int | None
    formats: list[str]
    languages: list[str]
    led: bool
    buzzer: bool
    undocumented: bool = Field(description="Nobody says what it shows: a status is passed on, and may be seen.")
    shows: str | None = Field(description="What a driver sees and hears, in words.")


class LocalListReply(Reply):
    """Limits of the local authorization list; null where they are not known."""

    max_entries: int | None
    max_chunk: int | None
    max_bytes: int | None
    spelling: ListSpelling = Field(description="How the charger spells identifiers.")


class IdentifyReply(Reply):
    """How the model is recognised."""

    keys: list[str]
    vendor: str | None = Field(description="Regular expression for the vendor's whole name on boot.")
    model: str | None
    otherwise: bool = Field(description="Counts only where no other profile fits.")


class ProfileReply(Reply):
    """What a charger model can do."""

    name: str
    title: str | None
    origin: Literal["built_in", "own"] = Field(description="`own`: from the policy files.")
    file: str | None = Field(description="The policy file that holds it; null for a built-in one.")
    protocols: list[Protocol] = Field(description="Empty: not known; any.")
    switches: list[SwitchReply]
    fallback: Fallback | None = Field(description="What stands in where the model cannot be switched.")
    synthetic_ids: list[str] = Field(description="Normal forms of the tokens that it sends in freevend.")
    denial: DenialReply
    local_list: LocalListReply
    offline: list[SettingReply] = Field(description="What keeps it shut while offline in managed mode.")
    statuses: dict[str, str]
    on_breach: OnBreach
    identify: IdentifyReply
    notes: list[str]
    source: str | None
    confidence: str | None
    verified: Literal["simulators"] = Field(description="What it was tried on.")
    chargers: int = Field(description="How many chargers are of it.")


class ProfileList(ListReply):
    """A page of charger profiles."""

    charger_profiles: list[ProfileReply]


class ExpectReply(Reply):
    """What an answer has to say for the command to count."""

    variables: dict[str, str] = Field(
        description="By `Key` in OCPP 1.6 and `Component.Variable` in 2.x; truth values whatever their case."
    )


class CommandReply(Reply):
    """A request of OCPP, as it goes over the wire."""

    action: str
    payload: dict[str, Any]
    expect: ExpectReply | None = Field(None, description="Left out where any answer will do.")


class CommandsReply(Reply):
    """How a charger gets into the mode of its schedule."""

    charger: str
    protocol: Protocol
    profile: str
    mode: AccessMode | None = Field(description="The wanted one; null where no policy governs the charger.")
    reported: AccessMode | None = Field(description="Where the commands start from; null: not known.")
    supported: bool = Field(description="Whether it can be switched.")
    fallback: Fallback | None = Field(description="What stands in where it cannot.")
    reboot: Reboot = Field(description="When it has to start anew for a change to take effect.")
    reset: CommandReply | None = Field(
        description="What makes it start anew, to be sent when it answers RebootRequired; null: never needed."
    )
    running_sessions: RunningSessionsReply
    synthetic_ids: list[str] = Field(description="Normal forms of the tokens that it sends in freevend.")
    commands: list[CommandReply] = Field(
        description="To be sent in this order; each after the answer to the one before."
    )
    notes: list[str]
