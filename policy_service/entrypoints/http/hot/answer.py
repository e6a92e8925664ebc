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
    from policy_service.application.question import Answered
    from policy_service.domain.decision import Answer

_NOT_GRANTED = Reason.NOT_GRANTED
_REMEMBERED = 4096
_MOST_ANSWERS = 65_536


class _Encoded(msgspec.Struct, frozen=True):
    """The parts of an answer's body that do not depend on the question."""

    before_charger: bytes
    after_times: bytes


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
        return b'{"decision_id":"%b%b%b,"time":%b,"valid_until":%b%b%b}' % (
            answered.decision_id.encode(),
            parts.before_charger,
            _text(decision.charger),
            _instant(decision.time),
            _instant(decision.valid_until),
            parts.after_times,
            _refusal(answered) if decision.denied else b"",
        )

    def _encode(self, answer: Answer) -> _Encoded:
        before = {
            "outcome": answer.outcome,
            "reason": answer.reason,
            "mode": answer.mode,
            "vehicle_class": answer.vehicle_class,
        }
        after = {"policy": answer.policy, "window": answer.window, "revision": self._revision}
        parts = self._encoded[answer] = _Encoded(
            b'",' + orjson.dumps(before)[1:-1] + b',"charger":', b"," + orjson.dumps(after)[1:-1]
        )
        return parts


def _refusal(answered: Answered) -> bytes:
    """Return what a refusal has more: what the driver is told, and when there is access."""
    decision = answered.decision
    message = _text(message_of(decision, answered.language))
    if decision.answer.reason is not _NOT_GRANTED:
        return b',"message":%b' % message
    return b',"message":%b,"next_allowed_at":%b' % (message, _instant(decision.next_allowed_at))


@lru_cache(maxsize=_MOST_ANSWERS)
def _text(text: str) -> bytes:
    return b"%b" % orjson.dumps(text)  # a copy: what orjson returns holds on to 4 kB


@lru_cache(maxsize=_REMEMBERED)
def _instant(epoch: int | None) -> bytes:
    return b"null" if epoch is None else b'"%b"' % format_instant(epoch).encode()
