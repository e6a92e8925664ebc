"""What a refused driver is told: the text for the reason, in a language, with times by the wall clock of the depot."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from policy_service.domain.access import REASONS

if TYPE_CHECKING:
    from policy_service.domain.decision import Decision
    from policy_service.domain.policy import Texts

DEFAULT_LANGUAGE = "en"
NEVER = "-"
"""Stands for an instant that does not come within the horizon, in every language."""


def message_of(decision: Decision, language: str | None) -> str:
    """Return the text for the decision's driver: the rule's, else the policy's, else the default one."""
    answer = decision.answer
    text = choose(answer.texts, language) if answer.texts else REASONS[answer.reason].message
    if "{" not in text:
        return text
    zone = answer.timezone or "UTC"
    return text.replace("{until}", local_time(decision.valid_until, decision.time, zone)).replace(
        "{next_allowed}", local_time(decision.next_allowed_at, decision.time, zone)
    )


def choose(texts: Texts, language: str | None) -> str:
    """Pick the text whose tag fits best: the same tag, the same language, a text for all, English, the first."""
    by_tag = {tag.lower(): text for tag, text in texts}
    wanted = (language or "").lower().replace("_", "-")
    primary = wanted.partition("-")[0]
    for tag in (wanted, primary, "", DEFAULT_LANGUAGE):
        if tag in by_tag:
            return by_tag[tag]
    return texts[0][1]


def local_time(epoch: int | None, seen_from: int, zone: str) -> str:
    """Write an instant as drivers read it: the time alone within the next 24 hours, else with its date."""
    if epoch is None:
        return NEVER
    moment = datetime.fromtimestamp(epoch, UTC).astimezone(ZoneInfo(zone))
    near = 0 <= epoch - seen_from < 86_400  # noqa: PLR2004 - the seconds of a day
    return moment.strftime("%H:%M" if near else "%Y-%m-%d %H:%M")
