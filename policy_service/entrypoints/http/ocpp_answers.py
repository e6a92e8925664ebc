"""How a verdict reads in OCPP: `idTagInfo` and `idTokenInfo`, and the header that tells what OCPP has no room for."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

from policy_service.application.ocpp.statuses import ACCEPTED, status_1_6, status_2
from policy_service.domain.instant import format_instant

if TYPE_CHECKING:
    from policy_service.application.ocpp.authorise import Verdict
    from policy_service.domain.charger_profile import ChargerProfile

_LONGEST_TAG_1_6 = 20
_LONGEST_LANGUAGE = 8


class Lengths(NamedTuple):
    """What a version of OCPP 2 has room for, in characters."""

    token: int
    message: int


LENGTHS_2_0_1 = Lengths(36, 512)
LENGTHS_2_1 = Lengths(255, 1024)


def id_tag_info(verdict: Verdict) -> dict[str, Any]:
    """Return `idTagInfo` of OCPP 1.6, section 7.27. A fleet whose name does not fit is no parent."""
    info: dict[str, Any] = {"status": status_1_6(verdict.answered.decision, verdict.profile)}
    if verdict.expires is not None:
        info["expiryDate"] = format_instant(verdict.expires)
    fleet = verdict.answered.fleet
    if fleet and len(fleet) <= _LONGEST_TAG_1_6 and info["status"] == ACCEPTED:
        info["parentIdTag"] = fleet
    return info


def id_token_info(verdict: Verdict, token_type: str, lengths: Lengths) -> dict[str, Any]:
    """Return `idTokenInfo` of OCPP 2.0.1 and 2.1, part 2, section 2.29."""
    info: dict[str, Any] = {"status": status_2(verdict.answered.decision, verdict.profile, token_type)}
    if verdict.expires is not None:
        info["cacheExpiryDateTime"] = format_instant(verdict.expires)
    fleet = verdict.answered.fleet
    if fleet and len(fleet) <= lengths.token and info["status"] == ACCEPTED:
        info["groupIdToken"] = {"idToken": fleet, "type": "Central"}
    if verdict.text is not None:
        info["personalMessage"] = _personal_message(verdict.text, verdict.profile, lengths.message)
    return info


def accepted() -> dict[str, Any]:
    """Return the info of what is always accepted, and remembered by nobody for a decision."""
    return {"status": ACCEPTED}


def headers(verdict: Verdict) -> dict[str, str]:
    """Return the header `Policy-Decision`, a dictionary of RFC 8941: what the CSMS may want to know of the answer."""
    decision = verdict.answered.decision
    parts = [
        f'id="{verdict.answered.decision_id}"',
        f"outcome={decision.answer.outcome}",
        f"reason={decision.answer.reason}",
    ]
    if decision.denied:
        parts.append(f"signal={verdict.signal}")
    parts += ["late"] * verdict.moment.late + ["clock-suspect"] * verdict.moment.clock_suspect
    return {"Policy-Decision": ", ".join(parts)}


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
