"""All whom the registry knows, those that fare alike put together: lists of many chargers are drawn from it at once."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from policy_service.domain.identifier import IdentifierType
from policy_service.domain.local_list import Member

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policy_service.domain.registration import Registration, VehicleProfile
    from policy_service.domain.selector import Selector

_DIGEST_BYTES = 32
MODULUS = 1 << (8 * _DIGEST_BYTES)
"""Digests of sets are sums of their members': the same in whatever order, and whichever groups they came in."""


class _Kind(NamedTuple):
    """All that a decision may ask of a registration."""

    profile: VehicleProfile
    vehicle: str | None
    """None where no condition of the plan names vehicles."""
    clear_from: int
    clear_to: int


class Group:
    """Registrations that every charger answers alike."""

    __slots__ = ("digest", "members", "sample")

    def __init__(self, sample: Registration) -> None:
        """Let one of them stand for all."""
        self.sample = sample
        self.members: list[Member] = []
        self.digest = 0

    def add(self, member: Member) -> None:
        """Take one more in."""
        self.members.append(member)
        self.digest = (self.digest + self.digest_of(member)) % MODULUS

    def digest_of(self, member: Member) -> int:
        """Return the part that a member has in digests: all that its entry shows."""
        words = (member.form, member.spelling or "", member.type, self.sample.profile.fleet or "")
        text = "\x1f".join(words).encode("utf-8", "surrogatepass")
        return int.from_bytes(blake2b(text, digest_size=_DIGEST_BYTES).digest())


class Candidates:
    """Whoever may be on a list, as of one version of the registry."""

    def __init__(self, registrations: Iterable[Registration], *, individual: bool) -> None:
        """Group them; ``individual``: conditions name vehicles, so that nobody fares as another one does for sure."""
        self.groups: list[Group] = []
        self.of: dict[str, tuple[Group, Member]] = {}
        """Those that have an identifier of this normal form."""
        kinds: dict[_Kind, Group] = {}
        for registration in registrations:
            record = registration.record
            if record.type is IdentifierType.PIN:
                continue  # it is on no list
            kind = _Kind(
                registration.profile,
                registration.vehicle if individual else None,
                registration.clear_from,
                registration.clear_to,
            )
            group = kinds.get(kind)
            if group is None:
                group = kinds[kind] = Group(registration)
                self.groups.append(group)
            spelling = None if record.spelling == record.key else record.spelling
            member = Member(record.key, spelling, record.type)
            group.add(member)
            self.of[record.key] = group, member
        self.selectors: tuple[Selector, ...] = tuple(dict.fromkeys(_selectors(self.groups)))
        """Every selection of chargers that identifiers or agreements hold at."""


def _selectors(groups: Iterable[Group]) -> Iterable[Selector]:
    for group in groups:
        profile = group.sample.profile
        yield from (each for each in (profile.chargers, profile.agreement_chargers) if each is not None)
