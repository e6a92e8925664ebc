"""Chargers and the profiles of their models, held against each other by the protocols that they speak."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.language.wording import finding, listed, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from policy_service.domain.charger import Charger
    from policy_service.domain.charger_profile import ChargerProfile
    from policy_service.domain.diagnostic import Diagnostic


def other_tongues(chargers: Iterable[Charger], profiles: Mapping[str, ChargerProfile]) -> Iterator[Diagnostic]:
    """Tell of chargers whose protocol their profile does not have, the first of each kind: they cannot be switched."""
    told: set[tuple[str, str]] = set()
    for charger in chargers:
        profile = profiles.get(charger.profile or "")
        if profile is None or charger.protocol is None or not profile.protocols:
            continue
        if charger.protocol not in profile.protocols and (profile.name, charger.protocol) not in told:
            told.add((profile.name, charger.protocol))
            message = f"charger {quoted(charger.id)} speaks `{charger.protocol}`, which its profile does not"
            help_text = f"profile {quoted(profile.name)} is for {listed(profile.protocols, 'and')}"
            yield finding("PS115", charger.place, message, help_text)
