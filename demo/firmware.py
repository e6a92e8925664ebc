# ruff: noqa: INP001 - lies beside scripts, not in a package
"""What a simulated charger holds, whichever version it speaks: configuration, local list, cache, and its bad habits.

It outlives the connection, and what of it outlives a restart is up to its habits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from chargers import ACCEPTED, Token

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models import Model

REJECTED, REBOOT_REQUIRED, UNKNOWN = "Rejected", "RebootRequired", "Unknown"
FAILED, VERSION_MISMATCH = "Failed", "VersionMismatch"
CACHED_FOR_S = 86_400
"""How long a charger remembers a token that came without an expiry."""


class Names(NamedTuple):
    """What one of the versions calls the configuration that every charger has."""

    cache: str
    pre_authorize: str
    offline: str
    offline_unknown: str
    entries: str
    chunk: str


NAMES_16 = Names(
    "AuthorizationCacheEnabled",
    "LocalPreAuthorize",
    "LocalAuthorizeOffline",
    "AllowOfflineTxForUnknownId",
    "LocalAuthListMaxLength",
    "SendLocalListMaxLength",
)
NAMES_2 = Names(
    "AuthCacheCtrlr.Enabled",
    "AuthCtrlr.LocalPreAuthorize",
    "AuthCtrlr.LocalAuthorizeOffline",
    "AuthCtrlr.OfflineTxForUnknownIdEnabled",
    "LocalAuthListCtrlr.Entries",
    "LocalAuthListCtrlr.ItemsPerMessage",
)


@dataclass(frozen=True, slots=True)
class Habits:
    """What a charger does other than it should; any of them go together."""

    lies: bool = False
    """It answers Accepted to a change of its switch, and changes nothing."""
    forgets: bool = False
    """A restart puts its switch back to how it came from the factory."""
    needs_reboot: bool = False
    """It answers RebootRequired to a change of its switch, which takes effect by a restart alone."""
    keeps_cache: bool = False
    """It rejects ClearCache, and goes on remembering."""
    latency_s: float = 0.0
    """How long each message takes to reach it."""


GOOD = Habits()


@dataclass(slots=True)
class Firmware:
    """The state of a charger. It comes from the factory in freevend if ``open``, else in managed mode."""

    model: Model
    serial: str
    habits: Habits = GOOD
    open: bool = False
    settings: dict[str, str] = field(init=False)
    listed: dict[str, str] = field(init=False, default_factory=dict[str, str])
    """The status of each token of the local list."""
    list_version: int = field(init=False, default=0)
    cache: dict[str, float] = field(init=False, default_factory=dict[str, float])
    """Until when each token is remembered, in epoch seconds."""
    _waiting: dict[str, str] = field(init=False, default_factory=dict[str, str])
    """What takes effect by a restart."""

    def __post_init__(self) -> None:
        """Put everything as it comes from the factory."""
        names, model = self.names, self.model
        self.settings = {
            names.cache: "true",
            names.pre_authorize: "false",
            names.offline: "true",
            names.offline_unknown: "true",
            names.entries: str(model.list_entries),
            names.chunk: str(model.list_chunk),
            **({model.id_tag: ""} if model.id_tag else {}),
            **dict.fromkeys(model.needs, "Authorized"),
            **({model.switch: self._factory} if model.switch else {}),
        }
        if self.open:
            self.settings |= model.needs

    @property
    def names(self) -> Names:
        """What its version calls things."""
        return NAMES_16 if self.model.version == "1.6" else NAMES_2

    @property
    def _factory(self) -> str:
        return self.model.on if self.open else self.model.off

    @property
    def freevend(self) -> bool:
        """Whether it lets everybody charge without asking."""
        model = self.model
        if model.switch is None or any(self.settings[name] != value for name, value in model.needs.items()):
            return False
        value = self.settings[model.switch]
        return value != model.off if model.any_is_on else value == model.on

    @property
    def freevend_token(self) -> Token:
        """What it sends in freevend, where drivers present nothing."""
        model = self.model
        if model.version != "1.6" and model.id_tag is None:
            return Token("", "NoAuthorization")
        named = self.settings.get(model.id_tag or "") or (self.settings[model.switch or ""] if model.any_is_on else "")
        return Token(named or model.sends or self.serial, "Central")

    def write(self, name: str, value: str) -> str:
        """Change a setting, and return Accepted, Rejected, RebootRequired or Unknown."""
        if name not in self.settings:
            return UNKNOWN
        if name in {self.names.entries, self.names.chunk}:
            return REJECTED
        if name != self.model.switch:
            self.settings[name] = value
            return ACCEPTED
        return self._turn(name, value)

    def _turn(self, name: str, value: str) -> str:
        """Change the switch, as far as habits let it."""
        spelt = next((own for own in (self.model.on, self.model.off) if own.casefold() == value.casefold()), None)
        if spelt is None and self.model.any_is_on:
            spelt = value
        if spelt is None:
            return REJECTED
        if self.habits.lies:
            return ACCEPTED
        if self.habits.needs_reboot and spelt != self.settings[name]:
            self._waiting[name] = spelt
            return REBOOT_REQUIRED
        self._waiting.pop(name, None)
        self.settings[name] = spelt
        return ACCEPTED

    def restart(self) -> None:
        """Start anew."""
        self.settings |= self._waiting
        self._waiting.clear()
        if self.habits.forgets and self.model.switch is not None:
            self.settings[self.model.switch] = self._factory

    def clear_cache(self) -> str:
        """Forget whom it remembers, unless it does not."""
        if self.habits.keeps_cache:
            return REJECTED
        self.cache.clear()
        return ACCEPTED

    def take_list(self, version: int, kind: str, entries: Iterable[tuple[str, str | None]]) -> str:
        """Take in tokens with their statuses (OCPP 1.6 section 5.15, OCPP 2.0.1 part 2 D01); None strikes one out."""
        wanted = dict(entries)
        if len(wanted) > self.model.list_chunk:
            return FAILED
        if kind == "Differential" and version <= self.list_version:
            return VERSION_MISMATCH
        before = {} if kind == "Full" else self.listed
        after = {token: status for token, status in {**before, **wanted}.items() if status is not None}
        if len(after) > self.model.list_entries:
            return FAILED
        self.listed, self.list_version = after, version
        return ACCEPTED

    def remember(self, token: str, until: float) -> None:
        """Keep a token that was accepted, until an instant."""
        if self._is_set(self.names.cache):
            self.cache[token.casefold()] = until

    def starts_unasked(self, token: str, now: float, *, online: bool) -> bool:
        """Tell whether whoever presents the token may charge without the CSMS being asked."""
        names, key = self.names, token.casefold()
        if self._is_set(names.pre_authorize if online else names.offline):
            if key in self.listed:
                return self.listed[key] == ACCEPTED
            if self._is_set(names.cache) and self.cache.get(key, 0.0) > now:
                return True
        return not online and self._is_set(names.offline_unknown)

    def _is_set(self, name: str) -> bool:
        return self.settings[name].casefold() == "true"
