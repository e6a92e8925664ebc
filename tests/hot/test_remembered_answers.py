"""What answers are put together from is remembered, and must be no larger than it looks."""

from __future__ import annotations

import json
import tracemalloc

from policy_service.application.question import Answered
from policy_service.domain.access import AccessMode, Outcome, Reason, VehicleClass
from policy_service.domain.decision import Answer, Decision
from policy_service.entrypoints.http.hot.answer import Answers

_OWN = Answer(Outcome.ALLOWED, Reason.OWN_VEHICLE, AccessMode.MANAGED, VehicleClass.OWN, "yard", None, "UTC", None)
_CHARGERS = 2_000
_MOST_BYTES = 600
"""Of a charger's id as text, as bytes, and its place among what is remembered."""


def _body(answers: Answers, number: int) -> bytes:
    decision = Decision(_OWN, f"remembered-{number}", 0, None, None)
    return answers.body(Answered("id", decision, "sha256:1", None))


def test_a_charger_that_has_asked_takes_little() -> None:
    answers = Answers()
    assert json.loads(_body(answers, 0))["charger"] == "remembered-0"
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(1, _CHARGERS):
            _body(answers, number)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before <= _CHARGERS * _MOST_BYTES
