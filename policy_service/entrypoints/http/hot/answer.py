"""From a decision to the bytes of its answer: what decisions of one rule share is encoded once."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec
import orjson

from policy_service.domain.access import Reason
from policy_service.domain.instant import format_instant
from policy_service.domain.messages import message_of
from policy_service.entrypoints.answers import decision_view

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.application.question import Answered
    from policy_service.domain.decision import Answer

_NOT_GRANTED = Reason.NOT_GRANTED
_REMEMBERED = 4096
_MOST_ANSWERS = 65_536


class _Encoded(msgspec.Struct, frozen=True):
    """The parts of an answer's body that do not depend on the question."""

    before_charger: str
    after_times: str


class Answers:
    """Encodes decisions as :func:`~policy_service.entrypoints.answers.decision_view` tells them.

    What is rare, a softened refusal and a session that has to end, is told by that function itself.
    """

    def __init__(self) -> None:
        """Know no answer yet."""
        self._revision = ""
        self._encoded: dict[Answer, _Encoded] = {}

    def body(self, answered: Answered) -> bytes:
        """Return the body of the answer."""
        decision = answered.decision
        if decision.answer.would_be is not None or answered.stop:
            return orjson.dumps(decision_view(answered))
        if answered.revision != self._revision or len(self._encoded) >= _MOST_ANSWERS:
            self._encoded, self._revision = {}, answered.revision
        parts = self._encoded.get(decision.answer) or self._encode(decision.answer)
        refusal = _refusal(answered) if decision.denied else ""
        return (
            f'{{"decision_id":"{answered.decision_id}{parts.before_charger}{_text(decision.charger)}'
            f',"time":{_instant(decision.time)},"valid_until":{_instant(decision.valid_until)}'
            f"{parts.after_times}{refusal}}}"
        ).encode()

    def _encode(self, answer: Answer) -> _Encoded:
        before = {
            "outcome": answer.outcome,
            "reason": answer.reason,
            "mode": answer.mode,
            "vehicle_class": answer.vehicle_class,
        }
        after = {"policy": answer.policy, "window": answer.window, "revision": self._revision}
        parts = self._encoded[answer] = _Encoded(f'",{_members(before)},"charger":', f",{_members(after)}")
        return parts


def _members(of: Mapping[str, str | None]) -> str:
    return orjson.dumps(of)[1:-1].decode()


def _refusal(answered: Answered) -> str:
    """Return what a refusal has more: what the driver is told, and when there is access."""
    decision = answered.decision
    message = _text(message_of(decision, answered.language))
    if decision.answer.reason is not _NOT_GRANTED:
        return f',"message":{message}'
    return f',"message":{message},"next_allowed_at":{_instant(decision.next_allowed_at)}'


@lru_cache(maxsize=_MOST_ANSWERS)
def _text(text: str) -> str:
    return orjson.dumps(text).decode()


@lru_cache(maxsize=_REMEMBERED)
def _instant(epoch: int | None) -> str:
    return "null" if epoch is None else f'"{format_instant(epoch)}"'
