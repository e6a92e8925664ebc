"""Reads the header ``Policy-Decision``, a dictionary of RFC 8941 §3.2 as the service writes it."""

from __future__ import annotations

import re

from policy_service.client.answers import Told

VALID_UNTIL = "valid-until"
"""Epoch seconds until which the decision stands; left out where it has no end."""

_MEMBER = re.compile(r'([a-z][a-z-]*)(?:=(?:"([^"\\]*)"|([A-Za-z0-9_.:-]+)))?(?:, *|$)')


def members_of(header: str) -> dict[str, str]:
    """Return the dictionary's members; a member without a value, which is a flag, has the value ``?1``."""
    return {name: quoted or bare or "?1" for name, quoted, bare in _MEMBER.findall(header)}


def told_by(members: dict[str, str]) -> Told | None:
    """Return what was decided; None where the members do not say it."""
    try:
        decision_id, outcome, reason = members["id"], members["outcome"], members["reason"]
    except KeyError:
        return None
    return Told(
        decision_id,
        outcome,
        reason,
        members.get("signal"),
        late="late" in members,
        clock_suspect="clock-suspect" in members,
        stop="stop" in members,
    )
