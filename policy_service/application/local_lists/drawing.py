"""A roll into the list of one charger: its own spelling, within its own limits."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from policy_service.application.local_lists.candidates import MODULUS
from policy_service.domain.charger import OCPP_1_6
from policy_service.domain.charger_profile import LocalListTraits
from policy_service.domain.local_list import Entry, LeftOut, LocalList, spelled, token_type
from policy_service.domain.ocpp_lists import LONGEST_TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from policy_service.application.local_lists.candidates import Group
    from policy_service.application.local_lists.rolls import Rolls
    from policy_service.domain.local_list import Member
    from policy_service.engine.plan import ChargerPlan

FORM = "1"
"""Of what follows: lists of another one are other lists, though they should read the same."""

ASSUMED_MOST = 10_000
"""Entries of a charger whose limit is not known."""


class Reader(NamedTuple):
    """What counts of a charger for how its list reads."""

    protocol: str
    assumed: bool
    """Whether the protocol is a guess."""
    traits: LocalListTraits

    @property
    def most(self) -> int:
        """Return how many entries it takes."""
        return self.traits.max_entries or ASSUMED_MOST


def reader_of(entry: ChargerPlan) -> Reader:
    """Return how a charger reads lists; one that says nothing speaks OCPP 1.6, as nearly all do."""
    spoken = entry.charger.protocol or next(iter(entry.profile.protocols if entry.profile else ()), None)
    traits = entry.profile.local_list if entry.profile else LocalListTraits()
    return Reader(spoken or OCPP_1_6, entry.charger.protocol is None, traits)


def digest_of(rolls: Rolls, entry: ChargerPlan, until: int, name: Callable[[str], str]) -> str:
    """Return the digest of the list that :func:`draw` would draw, at a fraction of its cost; ``name`` is keyed."""
    roll = rolls.roll(entry, until)
    own = sum(group.digest_of(member) for group, member in rolls.own_tokens(entry, roll))
    protocol, _, traits = reader_of(entry)
    parts = (FORM, (roll.digest - own) % MODULUS, protocol, *_limits(traits), traits.spelling)
    return name("local list " + " ".join(str(part) for part in parts))


def draw(rolls: Rolls, entry: ChargerPlan, until: int, name: Callable[[str], str]) -> LocalList:
    """Return the charger's list. One that does not fit is empty: nobody could say who should be on a part of it."""
    roll, reader = rolls.roll(entry, until), reader_of(entry)
    own = {member.form for _, member in rolls.own_tokens(entry, roll)}
    entries, left_out = _entries(roll.groups, own, reader)
    if roll.partly:
        left_out[LeftOut.NOT_THROUGHOUT] = roll.partly
    if len(entries) > reader.most:
        left_out[LeftOut.OVER_CAPACITY] = len(entries)
        entries = {}
    ordered = tuple(entries[token] for token in sorted(entries))
    return LocalList(digest_of(rolls, entry, until, name), until, ordered, left_out)


def _entries(groups: Iterable[Group], own: set[str], reader: Reader) -> tuple[dict[str, Entry], Counter[LeftOut]]:
    found: dict[str, Entry] = {}
    left_out: Counter[LeftOut] = Counter()
    for member, fleet in _members(groups):
        if member.form in own:
            continue
        token = spelled(member, reader.traits.spelling)
        why = _unfit(token, reader.protocol)
        if why is None and token.casefold() in found:
            why = LeftOut.IDENTIFIER_DOUBLED
        if why is None:
            found[token.casefold()] = Entry(token, _token_type(member, reader.protocol), fleet)
        else:
            left_out[why] += 1
    return found, left_out


def _members(groups: Iterable[Group]) -> list[tuple[Member, str | None]]:
    """Return all members with their fleets, in an order of their own: of two that read alike the first is taken."""
    members = [(member, group.sample.profile.fleet) for group in groups for member in group.members]
    return sorted(members, key=lambda each: each[0].form)


def _token_type(member: Member, protocol: str) -> str:
    return "" if protocol == OCPP_1_6 else token_type(member, protocol)


def _unfit(token: str, protocol: str) -> LeftOut | None:
    if not token.isascii():
        return LeftOut.IDENTIFIER_UNWRITABLE
    return LeftOut.IDENTIFIER_TOO_LONG if len(token) > LONGEST_TOKEN[protocol] else None


def _limits(traits: LocalListTraits) -> tuple[int, int, int]:
    return traits.max_entries or 0, traits.max_chunk or 0, traits.max_bytes or 0
