"""The zones by which chargers of a running service keep time, for texts without an offset and for answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from policy_service.domain.charger import Charger
from policy_service.domain.instant import InstantError, format_instant, parse_instant
from policy_service.engine.zone import Zone, zone_names
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.instants import local_text, read_instant
from policy_service.entrypoints.cli.likely_chargers import misnamed
from policy_service.entrypoints.cli.service_calls import FORBIDDEN, ProblemAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from policy_service.domain.selector import Selector
    from policy_service.entrypoints.cli.service_calls import ServiceCalls

_SHOWN = 3
_UTC = "UTC"
_WITH_OFFSET = "write it with an offset, such as 2026-11-24T06:00+11:00 or 2026-11-23T19:00Z"


def zones_by_policy(calls: ServiceCalls) -> Mapping[str, Zone]:
    """Return the zone of each policy in force.

    None where the key may not see policies: what it may do is told in UTC then.
    """
    try:
        named: dict[str, str] = {policy["name"]: policy["timezone"] for policy in calls.each("policies")}
    except ProblemAnswerError as error:
        if error.status == FORBIDDEN:
            return {}
        raise
    return {policy: Zone.of(name) for policy, name in named.items() if name in zone_names()}


def zone_of_charger(calls: ServiceCalls, charger: str, at: int) -> Zone:
    """Return the zone of the policy that governs a charger at an instant; UTC where there is none.

    Any key that may ask about the charger gets to know it.
    """
    span = {"from": format_instant(at), "to": format_instant(at + 1)}
    try:
        name = calls.get(f"/v1/chargers/{quote(charger, safe='')}/schedule", **span)["timezone"]
    except CommandError:
        name = None
    return Zone.of(name if name in zone_names() else _UTC)


def shared_zone(zones: Iterable[Zone]) -> Zone:
    """Return the zone that all of them are; UTC where they differ, or there is none."""
    names = {zone.name for zone in zones}
    return Zone.of(names.pop() if len(names) == 1 else _UTC)


class Clocks:
    """Tells by which clocks chargers go; asks the service once, however often it is asked."""

    def __init__(self, calls: ServiceCalls) -> None:
        """Ask this service. Raises CommandError."""
        self._calls = calls
        self._by_policy = zones_by_policy(calls)
        self._inventory: list[dict[str, Any]] | None = None
        self._by_charger: Mapping[str, Zone] | None = None

    def of(self, chargers: Selector | None) -> Sequence[Zone]:
        """Return the zones of the policies that govern the chargers, None: all chargers.

        Too many where ``when`` narrows them.
        """
        zones = {zone.name: zone for zone in self._by_policy.values()}
        if len(zones) > 1 and chargers is not None:
            governing = self._governing(chargers)
            zones = {zone.name: zone for policy, zone in self._by_policy.items() if policy in governing}
        return [zone for _, zone in sorted(zones.items())]

    def by(self, policy: str | None, charger: str) -> Zone:
        """Return the zone of a policy; where none is named, or it is not in force, that of the charger."""
        found = None if policy is None else self._by_policy.get(policy)
        return found or self.at(charger)

    def at(self, charger: str) -> Zone:
        """Return the zone of the policy that governs a charger; of another the one that all share, or UTC."""
        shared = shared_zone(self._by_policy.values())
        if shared.name != _UTC or not self._by_policy:
            return shared
        if self._by_charger is None:
            governed = ((each["id"], each["policy"]) for each in self._chargers())
            self._by_charger = {id_: self._by_policy[name] for id_, name in governed if name in self._by_policy}
        return self._by_charger.get(charger, shared)

    def _governing(self, chargers: Selector) -> set[str]:
        return {each["policy"] for each in self._chargers() if chargers.matches(Charger(each["id"], each["labels"]))}

    def _chargers(self) -> Sequence[Mapping[str, Any]]:
        if self._inventory is None:
            self._inventory = list(self._calls.each("chargers"))
        return self._inventory


def zones_of(calls: ServiceCalls, chargers: Selector | None = None) -> Sequence[Zone]:
    """Return the zones of the policies that govern the chargers, or of all."""
    return Clocks(calls).of(chargers)


def zones_to_read_by(calls: ServiceCalls, chargers: Selector | None = None) -> Sequence[Zone]:
    """Return the zones by which a text without an offset is meant at the chargers, or at all.

    Raises CommandError, where there is none as no charger has an id that is named, or as the key may not see policies:
    that says more than which policy governs it.
    """
    zones = zones_of(calls, chargers)
    if not zones and chargers is not None and (wrong := misnamed(calls, chargers.ids or ())):
        raise CommandError(" - ".join(wrong), "correct the id, or write the time with an offset")
    if not zones and not _sees_policies(calls):
        message = "by which clock a time without an offset is meant, this key may not see"
        raise CommandError(message, _WITH_OFFSET)
    return zones


def _sees_policies(calls: ServiceCalls) -> bool:
    try:
        calls.get("/v1/policies", limit=1)
    except ProblemAnswerError as error:
        if error.status == FORBIDDEN:
            return False
        raise
    return True


def instant_by(text: str, zones: Callable[[], Sequence[Zone]], remarks: list[str]) -> int:
    """Return the instant that a text means, in epoch seconds; note what is odd about it. Raises CommandError.

    ``zones`` tells whose wall clock is meant by a text without an offset; it is asked only where there is one.
    """
    try:
        return parse_instant(text.strip())
    except InstantError:
        read_instant(text, Zone.of(_UTC))  # what is a time by no clock at all is told so, before whose is meant
        found = zones()
    if len(found) != 1:
        why = f"their policies keep {', '.join(zone.name for zone in found)}" if found else "no policy governs them"
        message = f"`{text}`: by which clock is that at these chargers? {why}"
        raise CommandError(message, _WITH_OFFSET)
    asked = read_instant(text, found[0])
    remarks += [asked.remark] if asked.remark else []
    return asked.at


def told_at(at: int, zones: Sequence[Zone]) -> str:
    """Write an instant by the zones' clocks where they are few, and in UTC."""
    local = [f"{local_text(at, zone)} {zone.name}" for zone in zones if zone.name != _UTC]
    return ", ".join([*(local if len(local) <= _SHOWN else ()), format_instant(at)])
