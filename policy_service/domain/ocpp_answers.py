"""How a decision reads in OCPP: what can be shown of it at a charger, and `idTagInfo` and `idTokenInfo`."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

from policy_service.domain.charger_profile import driver_signal
from policy_service.domain.events import DriverSignal
from policy_service.domain.instant import format_instant
from policy_service.domain.messages import message_of
from policy_service.domain.ocpp_statuses import ACCEPTED, status_1_6, status_2

if TYPE_CHECKING:
    from policy_service.domain.charger_profile import ChargerProfile
    from policy_service.domain.decision import Decision

LONGEST_TAG_1_6 = 20
"""Characters of an idTag, OCPP 1.6 section 7.28."""
_LONGEST_LANGUAGE = 8


class Lengths(NamedTuple):
    """What a version of OCPP 2 has room for, in characters."""

    token: int
    message: int


LENGTHS_2_0_1 = Lengths(36, 512)
LENGTHS_2_1 = Lengths(255, 1024)


class Shown(NamedTuple):
    """A decision, and what its charger can do with it."""

    decision: Decision
    fleet: str | None
    """The vehicle's, where it is known."""
    profile: ChargerProfile | None
    expires: int | None
    """Until when a charger may remember that it was allowed, in epoch seconds; None on a denial."""
    signal: DriverSignal
    text: str | None
    """What a refused driver reads; None where the charger shows no text."""


def shown(
    decision: Decision,
    fleet: str | None,
    profile: ChargerProfile | None,
    protocol: str | None,
    language: str | None,
    forgotten: int,
) -> Shown:
    """Return what a charger of that profile and protocol shows.

    An Accepted is remembered until ``forgotten``, in epoch seconds, or until the decision ends, whichever comes first.
    """
    if not decision.denied:
        expires = forgotten if decision.valid_until is None else min(decision.valid_until, forgotten)
        return Shown(decision, fleet, profile, expires, DriverSignal.NONE, None)
    signal = driver_signal(profile, protocol)
    text = message_of(decision, language) if signal is DriverSignal.TEXT else None
    return Shown(decision, fleet, profile, None, signal, text)


def id_tag_info(told: Shown) -> dict[str, Any]:
    """Return `idTagInfo` of OCPP 1.6, section 7.27. A fleet whose name does not fit is no parent."""
    return _tag_info(status_1_6(told.decision, told.profile), told.expires, told.fleet)


def id_token_info(told: Shown, token_type: str, lengths: Lengths) -> dict[str, Any]:
    """Return `idTokenInfo` of OCPP 2.0.1 and 2.1, part 2, section 2.29."""
    info = _token_info(status_2(told.decision, told.profile, token_type), told.expires, told.fleet, lengths)
    if told.text is not None:
        info["personalMessage"] = _personal_message(told.text, told.profile, lengths.message)
    return info


def accepted() -> dict[str, Any]:
    """Return the info of what is always accepted, and remembered by nobody for a decision."""
    return {"status": ACCEPTED}


def listed_tag_info(fleet: str | None, until: int) -> dict[str, Any]:
    """Return `idTagInfo` of a local list's entry in OCPP 1.6: what Authorize answers, until the list is over."""
    return _tag_info(ACCEPTED, until, fleet)


def listed_token_info(fleet: str | None, until: int, lengths: Lengths) -> dict[str, Any]:
    """Return `idTokenInfo` of the same in OCPP 2."""
    return _token_info(ACCEPTED, until, fleet, lengths)


def _tag_info(status: str, expires: int | None, fleet: str | None) -> dict[str, Any]:
    info: dict[str, Any] = {"status": status}
    if expires is not None:
        info["expiryDate"] = format_instant(expires)
    if fleet and len(fleet) <= LONGEST_TAG_1_6 and status == ACCEPTED:
        info["parentIdTag"] = fleet
    return info


def _token_info(status: str, expires: int | None, fleet: str | None, lengths: Lengths) -> dict[str, Any]:
    info: dict[str, Any] = {"status": status}
    if expires is not None:
        info["cacheExpiryDateTime"] = format_instant(expires)
    if fleet and len(fleet) <= lengths.token and status == ACCEPTED:
        info["groupIdToken"] = {"idToken": fleet, "type": "Central"}
    return info


def _personal_message(text: str, profile: ChargerProfile | None, room: int) -> dict[str, Any]:
    """Return the text as the model can show it: its format, its language, its length."""
    signal = None if profile is None else profile.denial
    formats = () if signal is None else signal.formats
    plain = bool(formats) and "UTF8" not in formats
    content = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode() if plain else text
    shown = room if signal is None or signal.max_chars is None else min(room, signal.max_chars)
    message: dict[str, Any] = {"format": "ASCII" if plain else "UTF8", "content": content[:shown]}
    if signal is not None and signal.languages and len(signal.languages[0]) <= _LONGEST_LANGUAGE:
        message["language"] = signal.languages[0]
    return message
