"""What a refused driver is told: the text for the reason, in a language, with times by the wall clock of the depot."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from policy_service.domain.access import REASONS
from policy_service.domain.instant import DAY

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


def language_of(decision: Decision, language: str | None) -> str:
    """Return the tag of the language that ``message_of`` answers in; a text for all counts as English."""
    texts = decision.answer.texts
    return (_chosen(texts, language)[0] if texts else "") or DEFAULT_LANGUAGE


def choose(texts: Texts, language: str | None) -> str:
    """Pick the text whose tag fits best: the same tag, the same language, a text for all, English, the first."""
    return _chosen(texts, language)[1]


@lru_cache(maxsize=4096)
def _chosen(texts: Texts, language: str | None) -> tuple[str, str]:
    by_tag = {tag.lower(): text for tag, text in texts}
    wanted = (language or "").lower().replace("_", "-")
    primary = wanted.partition("-")[0]
    for tag in (wanted, primary, "", DEFAULT_LANGUAGE):
        if tag in by_tag:
            return tag, by_tag[tag]
    return texts[0]


def local_time(epoch: int | None, seen_from: int, zone: str) -> str:
    """Write an instant as drivers read it: the time alone within the next 24 hours, else with its date."""
    if epoch is None:
        return NEVER
    near = 0 <= epoch - seen_from < DAY
    return _written(epoch, zone, "%H:%M" if near else "%Y-%m-%d %H:%M")


@lru_cache(maxsize=4096)  # many are refused until the same edge
def _written(epoch: int, zone: str, form: str) -> str:
    return datetime.fromtimestamp(epoch, UTC).astimezone(ZoneInfo(zone)).strftime(form)
